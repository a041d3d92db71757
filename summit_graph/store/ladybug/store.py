"""The embedded store: reads through a pool of connections, loads into a new file that takes the old one's place."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ladybug

from summit_graph import settings
from summit_graph.errors import StoreChanged, StoreUnavailable
from summit_graph.pinned import CHANGED
from summit_graph.rows import Scope
from summit_graph.run import Run
from summit_graph.store.base import BATCH_ROWS, Answer, Dialect, LoadReport, Progress, Store, Stream
from summit_graph.store.caller import current_caller
from summit_graph.store.ladybug import building
from summit_graph.store.ladybug.alarm import Alarm
from summit_graph.store.ladybug.cells import Cells
from summit_graph.store.ladybug.engine import execute
from summit_graph.store.ladybug.literals import planned, spelled
from summit_graph.store.ladybug.plain import plain_row
from summit_graph.store.ladybug.plans import check_plan
from summit_graph.store.ladybug.pool import ConnectionPool, FileKey, file_key
from summit_graph.store.ladybug.rows import first_rows
from summit_graph.store.values import checked_parameters

JUDGED_TEXTS = 1_000
"""Of how many texts it is remembered that the engine answers them right."""


class LadybugStore(Store):
    """A graph store in one file. The file need not exist for a load; a read opens it."""

    dialect: Dialect = "ladybug"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opening = threading.Lock()
        self._closed = False
        self._cells: Cells | None = None
        self._alarm = Alarm()
        self._judged: set[tuple[FileKey, str]] = set()
        self._pool = ConnectionPool(path) if path.exists() else None

    def version(self) -> Hashable:
        """See Reader.version: a file is never written to, only replaced."""
        self._opened()
        return file_key(self.path)

    def last_version(self) -> Hashable:
        """See Reader.last_version; to look at the file costs nothing."""
        return self.version()

    def read(
        self,
        text: str,
        parameters: Mapping[str, Any],
        *,
        row_limit: int | None = None,
        timeout_ms: int | None = None,
        label: str = "ad hoc",
        version: Hashable | None = None,
    ) -> Answer:
        """See Reader.read."""
        with self._answering(text, parameters, timeout_ms, version) as result:
            rows = first_rows(result, None if row_limit is None else row_limit + 1)
            columns = tuple(result.get_column_names())
        return Answer(columns, rows[:row_limit], row_limit is not None and len(rows) > row_limit)

    @contextmanager
    def stream(
        self, text: str, parameters: Mapping[str, Any], *, timeout_ms: int | None = None, label: str = "ad hoc"
    ) -> Iterator[Stream]:
        """See Reader.stream."""
        with self._answering(text, parameters, timeout_ms) as result:
            # An empty batch ends the rows.
            batches = iter(lambda: [plain_row(row) for row in result.get_n(BATCH_ROWS)], [])
            yield Stream(tuple(result.get_column_names()), batches)

    @contextmanager
    def _answering(
        self, text: str, parameters: Mapping[str, Any], timeout_ms: int | None, version: Hashable | None = None
    ) -> Iterator[ladybug.QueryResult]:
        """The engine's answer to a query, for whoever asks, within its time; given back with the block."""
        text, sent = planned(text, checked_parameters(text, parameters))
        limit_ms = settings.number("query_timeout_ms") if timeout_ms is None else timeout_ms
        caller = current_caller()
        with self._opened().connection() as (connection, file), caller.interruptible(connection.interrupt):
            if version not in {None, file}:
                raise StoreChanged(CHANGED)
            with self._alarm.after(caller.time_left_ms(limit_ms), connection.interrupt):
                self._check_plan(connection, file, text, sent)
                result = execute(connection, *spelled(text, sent))
            with result:
                yield result

    def read_untrusted(self, text: str, parameters: Mapping[str, Any], *, row_limit: int, label: str) -> Answer:
        """See Store.read_untrusted."""
        text, sent = planned(text, checked_parameters(text, parameters))
        return self._opened_cells().read(text, sent, row_limit, settings.number("query_timeout_ms"))

    def load(
        self, run: Run, *, scope: Scope = "selected", replace: bool = False, progress: Progress | None = None
    ) -> LoadReport:
        """See Store.load. The store's file is replaced at the end; who reads from it goes on reading the old one."""
        return building.load(self.path, run, scope, replace=replace, progress=progress or (lambda line: None))

    def delete_run(self, run: str) -> None:
        """See Store.delete_run."""
        building.delete(self.path, run)

    def _check_plan(self, connection: ladybug.Connection, file: FileKey, text: str, sent: dict[str, Any]) -> None:
        """Refuses what the engine would answer wrong; a text is judged once for each file that it is asked of."""
        key = (file, text)
        if key not in self._judged:
            check_plan(connection, text, sent)
            if len(self._judged) >= JUDGED_TEXTS:
                self._judged.clear()
            self._judged.add(key)

    def _opened(self) -> ConnectionPool:
        """The pool; of a file that was not there yet when the store was made, from now on."""
        with self._opening:
            if self._closed:
                raise StoreUnavailable("the store was closed")
            if self._pool is None:
                self._pool = ConnectionPool(self.path)
            return self._pool

    def _opened_cells(self) -> Cells:
        """Where others' queries run; the first one waits until such a process is ready."""
        with self._opening:
            if self._closed:
                raise StoreUnavailable("the store was closed")
            if self._cells is None:
                cells = Cells(self.path)
                cells.start()
                self._cells = cells
            return self._cells

    def close(self) -> None:
        """See Store.close."""
        with self._opening:
            self._closed = True
            if self._cells is not None:
                self._cells.close()
            if self._pool is not None:
                self._pool.close()
