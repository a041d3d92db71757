"""What the file system refuses, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from summit_graph.errors import SummitError


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turns what the file system refuses into one line; the classes that are written stay finished."""
    try:
        yield
    except OSError as error:
        raise SummitError(
            f"cannot write {out}: {error.strerror or error}; make room or allow it, then give the same command again"
        ) from error
