"""A store over somebody's `py2neo.Graph`: reading only, in transactions that the server holds to that."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol

from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.store.base import BATCH_ROWS, Answer, Dialect, LoadReport, Stream
from summit_graph.store.values import checked_parameters

PREFIX = "CYPHER 5 "
"""Newer servers then read the text as 5.26 does."""


class Py2neoGraph(Protocol):
    """What is used of a `py2neo.Graph`."""

    def query(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Runs one query in a reading transaction and returns a cursor."""
        ...


class Py2neoStore:
    """Reads what was loaded into the Neo4j server behind a `py2neo.Graph`."""

    dialect: Dialect = "neo4j"

    def __init__(self, graph: Py2neoGraph) -> None:
        self._graph = graph

    def version(self) -> None:
        """As `Reader.version`: a server's content changes without a sign."""

    def last_version(self) -> None:
        """As `Reader.last_version`: a read cannot be held to a version."""

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
        """Runs one reading query, as `Reader.read` does; py2neo has no time limit that the server keeps."""
        from py2neo.client import ConnectionUnavailable
        from py2neo.errors import Neo4jError, ServiceUnavailable

        try:
            cursor = self._graph.query(PREFIX + text, checked_parameters(text, parameters))
            columns = tuple(cursor.keys())
            # One row more than asked for says whether there are others.
            fetched = cursor if row_limit is None else islice(cursor, row_limit + 1)
            rows = [tuple(record.values()) for record in fetched]
        except Neo4jError as error:
            raise SummitError(str(error.message).splitlines()[0]) from None
        except (ConnectionUnavailable, ServiceUnavailable, OSError) as error:
            raise StoreUnavailable(f"the Neo4j server does not answer: {error}") from None
        truncated = row_limit is not None and len(rows) > row_limit
        return Answer(columns, rows[:row_limit], truncated)

    @contextmanager
    def stream(
        self, text: str, parameters: Mapping[str, Any], *, timeout_ms: int | None = None, label: str = "ad hoc"
    ) -> Iterator[Stream]:
        """Runs one reading query, as `Reader.stream` does; py2neo itself holds the whole answer."""
        answer = self.read(text, parameters)
        starts = range(0, len(answer.rows), BATCH_ROWS)
        yield Stream(answer.columns, (answer.rows[start : start + BATCH_ROWS] for start in starts))

    def read_untrusted(self, text: str, parameters: Mapping[str, Any], *, row_limit: int, label: str) -> Answer:
        """Runs one reading query, as `Store.read_untrusted` does."""
        return self.read(text, parameters, row_limit=row_limit, label=label)

    def load(self, *_: Any, **__: Any) -> LoadReport:
        """Refused: runs are loaded by `summit-graph load`."""
        raise SummitError("a py2neo graph is only read: load runs with `summit-graph load RUN --db URL`")

    def delete_run(self, run: str) -> None:
        """Refused: runs are removed by `summit-graph delete-run`."""
        raise SummitError("a py2neo graph is only read: remove runs with `summit-graph delete-run ID --db URL`")

    def close(self) -> None:
        """Does nothing: the graph is somebody else's."""
