"""How far a load is, and how long it will still take at the pace it has had."""

from __future__ import annotations

import time

from summit_graph.store.base import Progress

EVERY_S = 2.0


class Pace:
    """Counts rows; says a line when a table begins, and now and then within a large one."""

    def __init__(self, run: str, rows: int, progress: Progress, *, reading_back: bool = False) -> None:
        """`reading_back`: the rows are read back, so that their tables' names have been said already."""
        self._run = f"{run}, read back" if reading_back else run
        self._names_tables = not reading_back
        self._left = rows
        self._done = 0
        self._progress = progress
        self._started_s = self._said_s = time.monotonic()
        self._table, self._table_rows, self._table_done = "", 0, 0

    def begin(self, table: str, rows: int, done: int = 0) -> None:
        """A table's rows come now; `done` of them were there already, and are not part of the pace."""
        self._table, self._table_rows, self._table_done = table, rows, done
        self._left -= done
        if self._names_tables:
            self._progress(f"{self._run}: {table}, {rows:,} rows" + (f", {done:,} of them there" if done else ""))

    def add(self, rows: int) -> None:
        """Some rows of the table are done."""
        self._left -= rows
        self._done += rows
        self._table_done += rows
        now_s = time.monotonic()
        if now_s - self._said_s >= EVERY_S and self._left > 0:
            self._said_s = now_s
            left_s = (now_s - self._started_s) / self._done * self._left
            self._progress(
                f"{self._run}: {self._table}, {self._table_done:,} of {self._table_rows:,} rows, "
                f"about {_duration(left_s)} left"
            )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
