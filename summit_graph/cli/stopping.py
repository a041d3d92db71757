"""How a long command ends when it is stopped: by Ctrl-C, or by SIGTERM from a scheduler."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer


class _Terminated(KeyboardInterrupt):
    """SIGTERM: whatever Ctrl-C would end, ends."""


@contextmanager
def stopping_politely(out: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Says on Ctrl-C or SIGTERM that the same command goes on; exits 130 or 143, as shells count signals."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except KeyboardInterrupt as stopped:
        say(f"stopped: what is finished lies in {out}, and the same command goes on from there")
        number = signal.SIGTERM if isinstance(stopped, _Terminated) else signal.SIGINT
        raise typer.Exit(128 + number) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    # A second one must not break into what the first has ended.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Terminated
