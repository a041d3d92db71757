"""One writer at a time for a run directory: a lock of the operating system, which ends with whoever holds it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import weakref
from pathlib import Path

from summit_graph.errors import SummitError

FILE_NAME = ".lock"
"""Lies in the run directory while it is written. One that a killed process left is held by nobody, and taken over."""


class RunLock:
    """The right to write a run directory; given back by `release`, or by the system when the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._close = weakref.finalize(self, os.close, descriptor)

    @classmethod
    def take(cls, directory: Path) -> RunLock:
        """Takes the lock; raises SummitError where another process has it, and OSError where none can be written."""
        path = directory / FILE_NAME
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 500)
                os.close(descriptor)
                raise SummitError(
                    f"{directory} is being written by {_named(holder)}: let it end, or stop it, or give another --out"
                ) from None
            except OSError:
                # A file system without locks (some network ones): then it is up to the user to start one at a time.
                return cls(path, descriptor)
            if _is_still(path, descriptor):
                break
            # Its last holder removed the file between our opening and locking it.
            os.close(descriptor)
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps({"process": os.getpid(), "host": socket.gethostname()}).encode())
        return cls(path, descriptor)

    def release(self) -> None:
        """Gives the lock back and removes its file; a second time does nothing."""
        if self._close.alive:
            self._path.unlink(missing_ok=True)
            self._close()


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _named(holder: bytes) -> str:
    try:
        entry = json.loads(holder)
        return f"process {entry['process']} on {entry['host']}"
    except (ValueError, LookupError, TypeError):
        return "another process"
