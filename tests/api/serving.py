"""The real command `summit-graph serve` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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


def command_line(*arguments: str) -> list[str]:
    """The command as it is installed, with these arguments."""
    return [sys.executable, "-m", "summit_graph", *arguments]


@contextmanager
def serving(*options: str, environment: dict[str, str] | None = None) -> Iterator[Serving]:
    """Serves on a free port until the block ends; fails where the command stops by itself or does not end in order."""
    started = time.monotonic()
    process = subprocess.Popen(
        command_line("serve", "--port", "0", *options),
        cwd=PROJECT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(START_TIMEOUT_S, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        start_s = time.monotonic() - started
        timer.cancel()
        if not address:
            raise AssertionError(f"serve did not start: {process.communicate()[1]}")
        yield Serving(address, start_s, process)
    finally:
        timer.cancel()
        process.send_signal(signal.SIGTERM)
        _, messages = process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode == 0, messages
    assert "Traceback" not in messages
