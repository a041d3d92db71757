"""What a server holds of our labels: whose they are, which runs, and a run's rows read back in a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import neo4j
import pyarrow as pa

from summit_graph import schema
from summit_graph.errors import StoreUnavailable
from summit_graph.store.digest import ContentDigest
from summit_graph.store.loaded import Loaded
from summit_graph.store.neo4j.server import Server

ROWS_PER_BATCH = 10_000
"""Rows of one transaction, and of one part that is read back."""


def check_ownership(server: Server) -> None:
    """Raises StoreUnavailable where other people's nodes have one of our labels: no Run of ours says whose they are."""
    for label in schema.LABELS:
        if label.name == "Run":
            foreign = "MATCH (n:Run) WHERE n.id IS NULL OR n.digest IS NULL OR n.state IS NULL RETURN count(n)"
        else:
            foreign = (
                f"MATCH (n:{label.name}) WITH n.run AS run, count(*) AS nodes "
                f"WHERE run IS NULL OR NOT EXISTS {{ (:Run {{id: run}}) }} RETURN coalesce(sum(nodes), 0)"
            )
        count = server.read(foreign, {}, lambda result: result.single(strict=True)[0], label="load: whose nodes")
        if count:
            raise StoreUnavailable(
                f"{server.url} holds {count} nodes labelled {label.name} that are not of summit-graph: give a database "
                f"of its own (NEO4J_DATABASE, or another server)"
            )


def loaded(server: Server, run: str) -> Loaded | None:
    """What is loaded of a run; None where there is no run of that id."""
    text = (
        "MATCH (r:Run {id: $run}) RETURN r.digest, r.state, "
        "EXISTS { (v:Vertex {run: $run})-[f:FEEDS]->(:Vertex) WHERE NOT f.selected }"
    )
    row = server.read(text, {"run": run}, lambda result: result.single(), label="load: what is there")
    return None if row is None else Loaded(*row.values())


def run_ids(server: Server) -> list[str]:
    """Ids of all runs, whatever their state."""
    return server.read("MATCH (r:Run) RETURN r.id ORDER BY r.id", {}, lambda result: result.value(), label="runs")


def count(server: Server, table: str, run: str) -> int:
    """Rows of a table that belong to a run."""
    pattern, _ = pattern_and_columns(table)
    text = f"MATCH {pattern} RETURN count(*)"
    return int(server.read(text, {"run": run}, lambda result: result.single(strict=True)[0], label=f"count {table}"))


def content_digest(server: Server, table: str, run: str) -> ContentDigest:
    """The digest of what the server holds of a run in a table; the state of a Run counts as ready."""
    pattern, columns = pattern_and_columns(table)

    def digest(result: neo4j.Result) -> ContentDigest:
        found = ContentDigest()
        for part in _parts(result):
            found = found.including(_as_table(table, part))
        return found

    text = f"MATCH {pattern} RETURN {', '.join(columns)}"
    return server.read(text, {"run": run}, digest, label=f"read back {table}")


def _parts(rows: Iterable[neo4j.Record]) -> Iterator[list[neo4j.Record]]:
    part: list[neo4j.Record] = []
    for row in rows:
        part.append(row)
        if len(part) == ROWS_PER_BATCH:
            yield part
            part = []
    if part:
        yield part


def _as_table(table: str, rows: list[neo4j.Record]) -> pa.Table:
    arrow = schema.TABLES[table].arrow
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, arrow.types, strict=True)], schema=arrow)


def pattern_and_columns(table: str) -> tuple[str, list[str]]:
    """The pattern of a run's rows of a table, with the parameter $run, and the columns of the schema."""
    entry = schema.TABLES[table]
    if isinstance(entry, schema.Label):
        columns = [f"a.`{column.name}`" for column in entry.properties]
        if table == "Run":
            # Ready is what a run becomes once everything was read back.
            columns = [f"'{schema.READY}'" if column == "a.`state`" else column for column in columns]
        return f"(a:{table} {{{entry.run_property}: $run}})", columns
    source = schema.TABLES[entry.source]
    assert isinstance(source, schema.Label)
    pattern = f"(a:{entry.source} {{{source.run_property}: $run}})-[r:{table}]->(b:{entry.target})"
    return pattern, ["a.id", "b.id", *(f"r.`{column.name}`" for column in entry.properties)]
