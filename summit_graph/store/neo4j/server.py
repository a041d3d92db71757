"""A Neo4j server as we use it: one driver, managed transactions that say who asks, its errors and its values as ours.

Reads run in transactions of access mode READ, which the server holds to; the mode is an argument here and cannot be
forgotten. Every text is sent as Cypher 5, so that newer servers read it alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import neo4j
from neo4j import exceptions, graph

from summit_graph import __version__, settings
from summit_graph.errors import QueryRefused, QueryTimeout, StoreUnavailable, SummitError
from summit_graph.store.base import BATCH_ROWS
from summit_graph.store.caller import TIMED_OUT, current_caller
from summit_graph.store.values import are_plain

APPLICATION = f"summit-graph/{__version__}"
_PREFIX = "CYPHER 5 "
_TERMINATE = (
    "CYPHER 5 SHOW TRANSACTIONS YIELD transactionId AS one, metaData WHERE metaData.request_id = $request_id "
    "TERMINATE TRANSACTIONS one YIELD message RETURN message"
)
_TERMINATE_TIMEOUT_S = 2
FETCH_ROWS = 10_000
"""Rows that the server sends before it waits to be asked for more."""
_READ_ONLY = ("WriteOnReadOnlyAccessDatabase", "ForbiddenOnReadOnlyDatabase")
_Result = TypeVar("_Result")


class OutOfMemory(QueryRefused):
    """A transaction was larger than the server's memory for it."""


class Server:
    """One driver for a process; it may be used from several threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = settings.text("neo4j_database")
        self.user = settings.text("neo4j_username")
        timeout_s = settings.number("neo4j_connect_timeout_ms") / 1000
        with self._our_errors():
            self._driver = neo4j.GraphDatabase.driver(
                url,
                auth=(self.user, settings.text("neo4j_password")),
                user_agent=APPLICATION,
                connection_timeout=timeout_s,
                # The driver would go on trying for half a minute where a server is gone.
                connection_acquisition_timeout=2 * timeout_s,
                max_transaction_retry_time=2 * timeout_s,
                telemetry_disabled=True,
                notifications_min_severity="OFF",
                fetch_size=FETCH_ROWS,
            )
        try:
            with self._our_errors():
                self._driver.verify_connectivity()
            self.read("RETURN 1", {}, lambda result: result.consume(), label="connect")
        except BaseException:
            self._driver.close()
            raise

    def read(
        self, text: str, parameters: Mapping[str, Any], use: Callable[[neo4j.Result], _Result], **tags: Any
    ) -> _Result:
        """Runs a query in READ mode and hands its result to `use`, which may be called again where the server asks to.

        `tags`: `label`, the query's name in the server's list of transactions; `timeout_ms`, 0 for no limit.
        """
        query = _query(text, **tags)
        with self._our_errors():
            try:
                # Without a transaction of its own a read is one round trip; with it, beginning and end make two.
                with self._session(neo4j.READ_ACCESS) as session:
                    return use(session.run(query, dict(parameters)))
            except (exceptions.DriverError, exceptions.Neo4jError) as error:
                if not error.is_retryable():
                    raise
        return self._in_transaction(neo4j.RoutingControl.READ, query, parameters, use)

    @contextmanager
    def reading(
        self, text: str, parameters: Mapping[str, Any], *, label: str, timeout_ms: int
    ) -> Iterator[tuple[tuple[str, ...], Iterator[list[neo4j.Record]]]]:
        """A query's columns and its rows in batches, in READ mode, while the block lasts.

        It is not repeated where the server asks to: rows may have been used already. What goes wrong in the block
        itself is none of the server's errors.
        """
        session = self._session(neo4j.READ_ACCESS)
        try:
            with self._our_errors():
                transaction = session.begin_transaction(metadata=_metadata(label), timeout=timeout_ms / 1000)
                result = transaction.run(cast(Any, _PREFIX + text), dict(parameters))
                columns = tuple(result.keys())
            yield columns, self._batches(result)
        finally:
            session.close()

    def _batches(self, result: neo4j.Result) -> Iterator[list[neo4j.Record]]:
        while True:
            with self._our_errors():
                records = result.fetch(BATCH_ROWS)
            if not records:
                return
            yield records

    def write(self, text: str, parameters: Mapping[str, Any], *, label: str) -> neo4j.ResultSummary:
        """Runs a writing query in a transaction of its own; repeated where the server asks to."""
        write, query = neo4j.RoutingControl.WRITE, _query(text, label=label)
        return self._in_transaction(write, query, parameters, lambda result: result.consume())

    def write_and_answer(self, text: str, parameters: Mapping[str, Any], *, label: str) -> neo4j.Record | None:
        """Runs a writing query in a transaction of its own and gives the row that it answers, None where none."""

        def single(result: neo4j.Result) -> neo4j.Record | None:
            return result.single()

        return self._in_transaction(neo4j.RoutingControl.WRITE, _query(text, label=label), parameters, single)

    def write_together(self, texts: Iterable[str], parameters: Mapping[str, Any], *, label: str) -> bool:
        """Runs writing queries in one transaction, which is kept only where the last of them sets a property.

        It is not repeated. Raises OutOfMemory where the server cannot hold it; then nothing has changed.
        """
        with self._our_errors(), self._session(neo4j.WRITE_ACCESS) as session:
            with session.begin_transaction(metadata=_metadata(label), timeout=0) as transaction:
                is_kept = False
                for text in texts:
                    counters = transaction.run(cast(Any, _PREFIX + text), dict(parameters)).consume().counters
                    is_kept = bool(counters.properties_set)
                if is_kept:
                    transaction.commit()
                else:
                    transaction.rollback()
        return is_kept

    def change_schema(self, text: str, parameters: Mapping[str, Any], *, label: str) -> None:
        """Runs a query that changes the server's schema, which no other transaction may hold."""
        with self._our_errors(), self._session(neo4j.WRITE_ACCESS) as session:
            session.run(_query(text, label=label), dict(parameters)).consume()

    def terminate(self, request_id: str) -> None:
        """Ends what the server runs for this request; what is over already is none of it."""
        query = neo4j.Query(_TERMINATE, metadata=_metadata("terminate"), timeout=_TERMINATE_TIMEOUT_S)
        with self._our_errors(), self._session(neo4j.READ_ACCESS) as session:
            session.run(query, {"request_id": request_id}).consume()

    def close(self) -> None:
        """Lets go of the connections."""
        self._driver.close()

    def _in_transaction(
        self,
        routing: neo4j.RoutingControl,
        query: neo4j.Query,
        parameters: Mapping[str, Any],
        use: Callable[[neo4j.Result], _Result],
    ) -> _Result:
        """In a transaction that is repeated, with pauses, where the server asks to."""
        with self._our_errors():
            # A round trip less than a session's own transaction functions: it begins and asks at once.
            return self._driver.execute_query(
                query,
                dict(parameters),
                routing_=routing,
                database_=self.database,
                bookmark_manager_=None,
                result_transformer_=use,
            )

    def _session(self, mode: str) -> neo4j.Session:
        return self._driver.session(database=self.database, default_access_mode=mode)

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except SummitError:
            raise
        except exceptions.Neo4jError as error:
            raise self._as_ours(error) from None
        except (exceptions.DriverError, OSError) as error:
            raise StoreUnavailable(
                f"the Neo4j server at {self.url} does not answer: start it, or give another --db ({_first_line(error)})"
            ) from None
        except (ValueError, TypeError, OverflowError) as error:
            raise SummitError(f"{self.url}: {_first_line(error)}") from None

    def _as_ours(self, error: exceptions.Neo4jError) -> SummitError:
        code = error.code or ""
        line = _first_line(error.message or code)
        if isinstance(error, exceptions.AuthError) or code.startswith("Neo.ClientError.Security.Auth"):
            return StoreUnavailable(
                f"the Neo4j server at {self.url} refuses the user {self.user!r}: set NEO4J_USERNAME and NEO4J_PASSWORD "
                f"({line})"
            )
        if "TransactionTimedOut" in code or code.endswith("Transaction.Terminated"):
            return QueryTimeout(TIMED_OUT)
        if "OutOfMemory" in code:
            return OutOfMemory(
                f"the memory of the Neo4j server at {self.url} does not suffice: give it more "
                f"(server.memory.heap.max_size; "
                f"db.memory.transaction.max and dbms.memory.transaction.total.max where they are set)"
            )
        if code == "Neo.ClientError.Security.Forbidden":
            return StoreUnavailable(
                f"the Neo4j user {self.user!r} lacks a right on {self.url}: give it that right, or another user in "
                f"NEO4J_USERNAME ({line})"
            )
        if code in {f"Neo.ClientError.General.{kind}" for kind in _READ_ONLY}:
            return StoreUnavailable(
                f"the database {self.database!r} on {self.url} may only be read: take it out of "
                f"server.databases.read_only there, or set NEO4J_DATABASE ({line})"
            )
        if "DatabaseNotFound" in code:
            return StoreUnavailable(
                f"the Neo4j server at {self.url} has no database {self.database!r}: set NEO4J_DATABASE"
            )
        if isinstance(error, exceptions.DatabaseUnavailable | exceptions.NotALeader):
            return StoreUnavailable(f"the Neo4j server at {self.url} cannot be used now: {line}")
        return QueryRefused(f"the Neo4j server refused the query: {line}")


def _query(text: str, *, label: str, timeout_ms: int = 0) -> neo4j.Query:
    return neo4j.Query(cast(Any, _PREFIX + text), metadata=_metadata(label), timeout=timeout_ms / 1000)


def _metadata(label: str) -> dict[str, str]:
    """What SHOW TRANSACTIONS says of a transaction; `request_id` is empty where it belongs to no request."""
    return {"app": APPLICATION, "query": label, "request_id": current_caller().request_id}


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    # The driver's own first line may end in a colon, with the reason in the next.
    return " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]


def plain_row(record: neo4j.Record) -> tuple[Any, ...]:
    """A record as a row of plain values; most hold nothing else, which is told at once."""
    values = record.values()
    return tuple(values) if are_plain(values) else tuple(map(plain, values))


def plain(value: Any) -> Any:
    """A driver's value as None, bool, int, float, str, or lists and dicts of these; nodes are their properties."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, graph.Path):
        return {"nodes": plain(value.nodes), "relationships": plain(value.relationships)}
    if isinstance(value, graph.Entity):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return list(value) if are_plain(value) else [plain(entry) for entry in value]
    return str(value)
