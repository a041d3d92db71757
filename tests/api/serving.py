"""The real command `summit-graph serve` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


@dataclass(frozen=True)
class Serving:
    """A running service."""

    address: str
    """Where the page is, as the command printed it; ends with /."""
    start_s: float
    """Seconds from starting the command until it printed its address, from when on it answers."""
    process: subprocess.Popen[str]
    _messages: IO[str]

    def messages(self) -> str:
        """What it has written to standard error so far: lines of requests, errors."""
        self._messages.seek(0)
        return self._messages.read()


def command_line(*arguments: str) -> list[str]:
    """The command as it is installed, with these arguments."""
    return [sys.executable, "-m", "summit_graph", *arguments]


@contextmanager
def serving(
    *options: str,
    environment: dict[str, str] | None = None,
    folder: Path = PROJECT,
    command: Sequence[str] | None = None,
) -> Iterator[Serving]:
    """Serves on a free port until the block ends, from a folder; fails where it stops by itself or not in order.

    `command` is another program that prints its address, answers, and ends in order on SIGTERM.
    """
    started = time.monotonic()
    # A file: a pipe that nobody reads would fill up with the lines of requests.
    # It is only added to, so that reading it, which moves the place that both share, makes nothing be written over.
    with tempfile.TemporaryFile("a+", encoding="utf-8") as messages:
        process = subprocess.Popen(
            command or command_line("serve", "--port", "0", *options),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
        timer = threading.Timer(START_TIMEOUT_S, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            start_s = time.monotonic() - started
            timer.cancel()
            served = Serving(address, start_s, process, messages)
            if not address:
                raise AssertionError(f"serve did not start: {served.messages()}")
            yield served
        finally:
            timer.cancel()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOP_TIMEOUT_S)
        assert process.returncode == 0, served.messages()
        assert "Traceback" not in served.messages()
