"""The store interface: a graph that runs are loaded into and queries are read from. Two engines implement it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from summit_graph.rows import Scope
from summit_graph.run import Run

Dialect = Literal["neo4j", "ladybug"]
Progress = Callable[[str], None]
"""Called with one line at a time: what a load is doing."""


@dataclass(frozen=True)
class Answer:
    """What a query returned, in the engine's order: None, bool, int, float, str, or lists and dicts of these."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool
    """Whether rows beyond `row_limit` were left out."""

    def by_name(self) -> list[dict[str, Any]]:
        """Each row as a dictionary of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Stream:
    """What a query returns while it is read: batches of rows, in the engine's order, of values as in an Answer."""

    columns: tuple[str, ...]
    batches: Iterator[list[tuple[Any, ...]]]


BATCH_ROWS = 10_000
"""Rows of a stream that are held at a time."""


@dataclass(frozen=True)
class LoadReport:
    """What a load did: rows per label and relationship type, or that the same run was there already."""

    run: str
    counts: Mapping[str, int]
    already_loaded: bool


class Reader(Protocol):
    """What queries are read from. Reads are read-only whatever the text says, and may come from several threads."""

    dialect: Dialect

    def version(self) -> Hashable | None:
        """What stands for the runs that are there now: while it is the same, so are they, and what they are called.

        None where that cannot be told. Raises StoreUnavailable where the store is away.
        """
        ...

    def last_version(self) -> Hashable | None:
        """The version that was seen last, which need not be asked for again: for a read that is given it.

        None where a read cannot be held to a version.
        """
        ...

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
        """Runs one reading query.

        `row_limit` None answers every row; `timeout_ms` None is the setting `query_timeout_ms`, 0 no limit; `label`
        names the query in the server's own list of transactions; `version`, where it is given, is the one that is
        read, and StoreChanged is raised where the store has another by now. Raises QueryTimeout past the time limit,
        StoreUnavailable where the engine does not answer, InvalidParameter where a parameter of the text is missing or
        cannot be sent, and SummitError where the text does not only read or the engine refuses it (its first line).
        """
        ...

    def stream(
        self, text: str, parameters: Mapping[str, Any], *, timeout_ms: int | None = None, label: str = "ad hoc"
    ) -> AbstractContextManager[Stream]:
        """Runs one reading query whose rows are taken while the block lasts, BATCH_ROWS at a time; else as `read`.

        The time limit holds for the query; in Neo4j its rows are read within it.
        """
        ...


class Store(Reader, Protocol):
    """One graph database, which runs are loaded into."""

    def read_untrusted(self, text: str, parameters: Mapping[str, Any], *, row_limit: int, label: str) -> Answer:
        """Runs a reading query of somebody else's, as `read` does, in the time of the setting `query_timeout_ms`.

        The embedded engine runs it in a process of its own that has no right to write anywhere, since its read-only
        mode is no wall; raises SummitError where this machine cannot do that.
        """
        ...

    def load(
        self, run: Run, *, scope: Scope = "selected", replace: bool = False, progress: Progress | None = None
    ) -> LoadReport:
        """Loads a run, verifies what was written, and makes it visible last; a second time it changes nothing.

        Raises SummitError where the run is damaged, where another run of its name is there and `replace` is False, and
        where what was read back differs from the run; then nothing of it stays.
        """
        ...

    def delete_run(self, run: str) -> None:
        """Removes a run and all that belongs to it; raises NotFound where there is none of that id."""
        ...

    def close(self) -> None:
        """Lets go of connections and files."""
        ...
