"""The embedded engine as we use it: opening a file, its tables and its errors.

Its errors have no types, only a text that begins with a kind. A plan that is run again with other parameters may keep
the first ones (0.22.0: a filtered match of two hops answered 353 rows for 253, with one thread or more), and
`Connection.execute(text, parameters)` keeps its plans. So every query is planned anew here, and a connection has one
thread. While a text with parameters is prepared the engine holds Python's lock; one without is run without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ladybug

from summit_graph import schema, settings
from summit_graph.errors import QueryRefused, QueryTimeout, StoreUnavailable, SummitError
from summit_graph.store.caller import TIMED_OUT

_TYPES = {"text": "STRING", "integer": "INT64", "number": "DOUBLE", "truth": "BOOL", "integers": "INT64[]"}
_MEBIBYTE = 1 << 20


def open_database(path: Path, *, read_only: bool) -> ladybug.Database:
    """Opens a file; raises StoreUnavailable where it is no database of the engine, or somebody writes into it."""
    if read_only and path.is_file() and path.stat().st_size == 0:
        raise StoreUnavailable(f"{path} is an empty file, not a graph store: remove it or give another --db")
    try:
        return ladybug.Database(
            path, buffer_pool_size=settings.number("buffer_pool_mb") * _MEBIBYTE, max_num_threads=1, read_only=read_only
        )
    except RuntimeError as error:
        line = first_line(error)
        if "lock" in line.lower():
            raise StoreUnavailable(f"{path} is open for writing in another program: close it there") from None
        if "different version" in line:
            raise StoreUnavailable(
                f"{path} was written by another version of the embedded engine (its format is {_versions(line)}): "
                f"remove it and load its runs again (summit-graph load RUN --db {path})"
            ) from None
        raise StoreUnavailable(f"{path} is not a graph store: {line}") from None
    except MemoryError:
        # It took some bytes for a size.
        raise StoreUnavailable(
            f"{path} is damaged, or was written by another version of the embedded engine: remove it and load its runs "
            f"again (summit-graph load RUN --db {path})"
        ) from None


def _versions(line: str) -> str:
    """`30, this one's 49`, out of what the engine says of a file's format."""
    return ", this one's ".join(re.findall(r"version: (\d+)", line))


@contextmanager
def connected(path: Path, *, read_only: bool) -> Iterator[ladybug.Connection]:
    """A connection of its own to a file, closed with the block."""
    database = open_database(path, read_only=read_only)
    try:
        connection = ladybug.Connection(database, num_threads=1)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        database.close()


def create_tables(connection: ladybug.Connection) -> None:
    """Makes the tables of the schema in an empty database."""
    for label in schema.LABELS:
        columns = ", ".join(_column(entry) for entry in label.properties)
        execute(connection, f"CREATE NODE TABLE `{label.name}`({columns}, PRIMARY KEY (`id`))")
    for kind in schema.RELATIONSHIPS:
        columns = "".join(f", {_column(entry)}" for entry in kind.properties)
        execute(connection, f"CREATE REL TABLE `{kind.name}`(FROM `{kind.source}` TO `{kind.target}`{columns})")


def _column(entry: schema.Property) -> str:
    return f"`{entry.name}` {_TYPES[entry.kind]}"


def check_tables(connection: ladybug.Connection, path: Path) -> None:
    """Raises StoreUnavailable unless a database has the tables of the schema."""
    names = {row[0] for row in fetch(connection, "CALL show_tables() RETURN name")}
    missing = sorted(set(schema.TABLES) - names)
    if missing:
        raise StoreUnavailable(
            f"{path} is a database without our tables ({missing[0]} and {len(missing) - 1} more are missing): "
            f"give another --db"
        )


def execute(connection: ladybug.Connection, text: str, parameters: dict[str, Any] | None = None) -> ladybug.QueryResult:
    """Runs one statement; the engine's errors become ours, with its first line."""
    sent = parameters or {}
    try:
        result = connection.execute(ladybug.PreparedStatement(connection, text, sent) if sent else text, sent)
    except RuntimeError as error:
        raise _as_ours(error) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise SummitError(f"a value cannot be sent to the embedded store: {first_line(error)}") from None
    if isinstance(result, list):
        raise SummitError("there are several statements: send one at a time")
    return result


def fetch(connection: ladybug.Connection, text: str, parameters: dict[str, Any] | None = None) -> list[list[Any]]:
    """Every row of a statement's answer."""
    with execute(connection, text, parameters) as result:
        return [list(row) for row in result.get_all()]


def _as_ours(error: RuntimeError) -> SummitError:
    line = first_line(error)
    if line.startswith("Interrupted"):
        return QueryTimeout(TIMED_OUT)
    if line.startswith("Buffer manager exception"):
        return SummitError(f"the query needs more memory than SUMMIT_BUFFER_POOL_MB gives: {line}")
    if line.startswith(("IO exception", "Connection exception: Connection is closed")):
        return StoreUnavailable(f"the embedded store cannot be read: {line}")
    return QueryRefused(f"the embedded store refused the query: {line}")


def first_line(error: Exception) -> str:
    """The first line of an error's text, without what pybind11 adds for its developers."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].split("(#define")[0].strip()
