"""The log of requests: a line of JSON each, written by a thread, so that no full disk or slow reader stops anybody."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import threading
from datetime import UTC, datetime
from typing import Any, TextIO

HELD_LINES = 10_000
"""Lines that wait to be written; beyond it they are dropped, for the service goes before its log."""
logger = logging.getLogger("summit_graph.requests")


def write_line(**values: Any) -> None:
    """One request, where the log is on."""
    if logger.isEnabledFor(logging.INFO):
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **values}
        logger.info(json.dumps(line, ensure_ascii=True))


class Journal(logging.Handler):
    """Writes lines to a stream from a thread of its own."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(HELD_LINES)
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a line; drops it where too many wait."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(self.format(record))

    def close(self) -> None:
        """Writes what waits, for a second at most."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=1)
            self._thread.join(1)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            # A full disk, a closed pipe: the next line may go through.
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(line + "\n")
                self._stream.flush()


def start_journal(stream: TextIO) -> Journal:
    """Sends the lines of requests, and the service's own errors, to a stream."""
    journal = Journal(stream)
    for name, level in (("summit_graph.requests", logging.INFO), ("summit_graph.api", logging.WARNING)):
        named = logging.getLogger(name)
        named.addHandler(journal)
        named.setLevel(level)
        named.propagate = False
    return journal
