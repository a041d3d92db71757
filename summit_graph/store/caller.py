"""For whom a store is asked: until when an answer is of use, under which id, and how to stop what runs for it.

A query in a program of one's own has no caller and only its own time limit. The service makes one for each request;
the stores' reads look it up, so that nothing between has to hand it on:

    caller = Caller("7f3a…", timeout_ms=10_000)
    with asking(caller):
        store.read(…)            a read may take what is left of the 10 s; several share them
    caller.stop()                from another thread: interrupts what runs, and refuses further reads
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from summit_graph.errors import QueryTimeout

TIMED_OUT = "the query was stopped at its time limit: ask for less, or raise SUMMIT_QUERY_TIMEOUT_MS"


class Caller:
    """Who waits for one or several reads; `timeout_ms` 0 waits for ever."""

    def __init__(self, request_id: str = "", timeout_ms: int = 0) -> None:
        self.request_id = request_id
        self._ends_s = time.monotonic() + timeout_ms / 1000 if timeout_ms else None
        self._lock = threading.Lock()
        self._stopped = False
        self._interrupts: list[Callable[[], None]] = []

    def time_left_ms(self, limit_ms: int) -> int:
        """How long a read whose own limit is `limit_ms` (0: none) may take; raises QueryTimeout where that is over."""
        if self._stopped:
            raise QueryTimeout(TIMED_OUT)
        if self._ends_s is None:
            return limit_ms
        left_ms = int((self._ends_s - time.monotonic()) * 1000)
        if left_ms <= 0:
            raise QueryTimeout(TIMED_OUT)
        return min(left_ms, limit_ms) if limit_ms else left_ms

    @contextmanager
    def interruptible(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """A read that `interrupt`, called from another thread, ends early."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            # Under the lock: an interrupt that came later would hit the next query of the same connection.
            with self._lock:
                self._interrupts.remove(interrupt)

    def stop(self) -> None:
        """Interrupts what runs now and refuses what would come. A read that is just about to begin may miss it once."""
        self._stopped = True
        with self._lock:
            for interrupt in self._interrupts:
                interrupt()


_NOBODY = Caller()
_current: ContextVar[Caller] = ContextVar("caller", default=_NOBODY)


def current_caller() -> Caller:
    """Whose reads these are; one that waits for ever where nobody said so."""
    return _current.get()


@contextmanager
def asking(caller: Caller) -> Iterator[None]:
    """The block's reads are this caller's."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)
