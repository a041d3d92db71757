"""The Neo4j store: reads in READ mode, loads in bounded transactions that become visible last."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import neo4j

from summit_graph import settings
from summit_graph.errors import QueryRefused, StoreChanged
from summit_graph.pinned import CHANGED
from summit_graph.rows import Scope
from summit_graph.run import Run
from summit_graph.store.base import Answer, Dialect, LoadReport, Progress, Store, Stream
from summit_graph.store.caller import current_caller
from summit_graph.store.neo4j import loading
from summit_graph.store.neo4j.server import Server, plain_row
from summit_graph.store.neo4j.version import (
    LOADING,
    SWITCHING,
    VERSION,
    Version,
    can_be_held,
    doing,
    held_to,
    served,
    version_of,
)
from summit_graph.store.values import checked_parameters

LOOK_AGAIN_S = 0.02
"""How often a server is asked whether one run is in another's place by now."""
LOAD_S = 0.1
"""The shortest time from when a load takes the lease until it puts one run in another's place: it writes it then."""


class Neo4jStore(Store):
    """A graph store on a Neo4j server; user, password and database come from the settings."""

    dialect: Dialect = "neo4j"

    def __init__(self, url: str) -> None:
        self._server = Server(url)
        self._last_version: Version | None = None

    def version(self) -> Version:
        """See Reader.version: the list of runs, as the server has it now, or when a load has put one in its place."""
        while True:
            runs = self._server.read(VERSION, {}, lambda result: result.single(strict=True)[0], label="version")
            version = version_of(runs)
            if doing(version) != SWITCHING:
                self._last_version = version
                return version
            current_caller().time_left_ms(0)
            time.sleep(LOOK_AGAIN_S)

    def last_version(self) -> Version:
        """See Reader.last_version."""
        return self.version() if self._last_version is None else self._last_version

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
        sent = checked_parameters(text, parameters)
        limit_ms = settings.number("query_timeout_ms") if timeout_ms is None else timeout_ms

        def answer(result: neo4j.Result) -> Answer:
            columns = tuple(result.keys())
            records = list(result) if row_limit is None else result.fetch(row_limit + 1)
            kept = records[:row_limit]
            rows = [plain_row(record) for record in kept]
            result.consume()
            return Answer(columns, rows, len(records) > len(kept))

        def ask(said: str, values: Mapping[str, Any]) -> Answer:
            caller = current_caller()
            with caller.interruptible(partial(self._server.terminate, caller.request_id)):
                return self._server.read(said, values, answer, label=label, timeout_ms=caller.time_left_ms(limit_ms))

        return ask(text, sent) if version is None else self._at(version, text, sent, ask)

    def _at(
        self,
        version: Hashable,
        text: str,
        sent: Mapping[str, Any],
        ask: Callable[[str, Mapping[str, Any]], Answer],
    ) -> Answer:
        """The answer at that version; raises StoreChanged where the server has another one before or after it."""
        assert isinstance(version, tuple)
        if not can_be_held(text) and self.version() != version:
            raise StoreChanged(CHANGED)
        begin_s = time.monotonic()
        try:
            found = ask(*(held_to(version, text, sent) if can_be_held(text) else (text, sent)))
        except QueryRefused:
            if self.version() != version:
                raise StoreChanged(CHANGED) from None
            raise
        # One run may have been put in another's place while the rows were read; no load does so at once.
        may_have_changed = doing(version) == LOADING or time.monotonic() > begin_s + LOAD_S
        if may_have_changed and self.version() != version:
            raise StoreChanged(CHANGED)
        return found

    @contextmanager
    def stream(
        self, text: str, parameters: Mapping[str, Any], *, timeout_ms: int | None = None, label: str = "ad hoc"
    ) -> Iterator[Stream]:
        """See Reader.stream."""
        sent = checked_parameters(text, parameters)
        limit_ms = settings.number("query_timeout_ms") if timeout_ms is None else timeout_ms
        caller = current_caller()
        with caller.interruptible(partial(self._server.terminate, caller.request_id)):
            left_ms = caller.time_left_ms(limit_ms)
            version = self.version()
            with self._server.reading(text, sent, label=label, timeout_ms=left_ms) as (columns, batches):
                yield Stream(columns, self._whole(version, batches))

    def _whole(self, version: Version, batches: Iterator[list[neo4j.Record]]) -> Iterator[list[tuple[Any, ...]]]:
        """Rows; raises StoreChanged after the last where a run was replaced or deleted while they were read."""
        for batch in batches:
            yield [plain_row(record) for record in batch]
        if served(version) - served(self.version()):
            raise StoreChanged(CHANGED)

    def read_untrusted(self, text: str, parameters: Mapping[str, Any], *, row_limit: int, label: str) -> Answer:
        """See Store.read_untrusted. The server refuses writes; what else it would do, the text's judge keeps out."""
        return self.read(text, parameters, row_limit=row_limit, label=label)

    def load(
        self, run: Run, *, scope: Scope = "selected", replace: bool = False, progress: Progress | None = None
    ) -> LoadReport:
        """See Store.load."""
        return loading.load(self._server, run, scope, replace=replace, progress=progress or (lambda line: None))

    def delete_run(self, run: str) -> None:
        """See Store.delete_run."""
        loading.delete(self._server, run)

    def close(self) -> None:
        """See Store.close."""
        self._server.close()
