"""Ends queries of the embedded engine at their time limits.

The engine's own time limit makes it run a query in another thread than the one that asks, which wakes two threads for
each query: half a millisecond, a tenth of what most take (ladybug 0.22.0). One thread here looks at all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_EVERY_S = 0.02
"""How late a query may be ended."""
LOOK_ON_FOR_S = 1.0
"""How long the thread goes on looking when nothing runs: to wake it for the next query would cost that one time."""


class Alarm:
    """Interrupts what runs longer than it may, again and again until it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[object, tuple[float, Callable[[], None]]] = {}
        self._is_looking = False

    @contextmanager
    def after(self, limit_ms: int, interrupt: Callable[[], None]) -> Iterator[None]:
        """Calls `interrupt` from another thread where the block lasts longer than `limit_ms` (0: as long as it may)."""
        if not limit_ms:
            yield
            return
        key = object()
        with self._lock:
            self._due[key] = (time.monotonic() + limit_ms / 1000, interrupt)
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="summit-graph alarm", daemon=True).start()
        try:
            yield
        finally:
            # Under the lock: an interrupt that came later would hit the next query of the same connection.
            with self._lock:
                del self._due[key]

    def _look(self) -> None:
        seen_s = time.monotonic()
        while True:
            time.sleep(LOOK_EVERY_S)
            now_s = time.monotonic()
            with self._lock:
                if self._due:
                    seen_s = now_s
                elif now_s > seen_s + LOOK_ON_FOR_S:
                    self._is_looking = False
                    return
                for due_s, interrupt in self._due.values():
                    if now_s >= due_s:
                        interrupt()
