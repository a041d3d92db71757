"""What a server holds of our labels: whose they are, which runs, and a run's rows read back page by page.

A page is one record, a list of rows: a driver that decodes each row by itself takes ten times as long. Pages follow the
index on ids, so that neither side holds more than two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import neo4j
import pyarrow as pa

from summit_graph import schema
from summit_graph.errors import StoreUnavailable
from summit_graph.store.digest import ContentDigest
from summit_graph.store.loaded import Loaded
from summit_graph.store.neo4j.ahead import one_ahead
from summit_graph.store.neo4j.area import Area
from summit_graph.store.neo4j.server import Server
from summit_graph.store.pace import Pace

ROWS_PER_BATCH = 10_000
"""Rows of one transaction, and about how many of one page that is read back: 2,000 to 30,000 load equally fast."""

AFTER_SLASH = "0"
"""The character that follows `/`: ids of a run's nodes lie between `run/` and `run0`."""


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


def loaded(server: Server, run: str, area: Area = Area.SERVED) -> Loaded | None:
    """What is loaded of a run; None where there is no run of that id."""
    text = f"MATCH (r:{area.label('Run')} {{id: $run}}) RETURN r.digest, r.state, r.format, r.loading"
    row = server.read(text, {"run": run}, lambda result: result.single(), label="load: what is there")
    if row is None:
        return None

    def has_unselected() -> bool:
        edge = "MATCH (v:Vertex {run: $run})-[f:FEEDS]->(:Vertex) WHERE NOT f.selected RETURN 1 LIMIT 1"
        return server.read(edge, {"run": run}, lambda result: result.peek() is not None, label="load: which scope")

    digest, state, store_format, loading = row.values()
    return Loaded(digest, state, store_format, has_unselected, loading)


def has_constraints(server: Server) -> bool:
    """Whether ids are constrained to be unique: a load makes that so, Neo4j's own import does not."""
    text = "SHOW CONSTRAINTS YIELD labelsOrTypes AS labels, properties RETURN labels, properties"
    found = server.read(text, {}, lambda result: result.values(), label="constraints")
    return all([[label.name], ["id"]] in found for label in schema.LABELS)


def run_ids(server: Server, area: Area = Area.SERVED) -> list[str]:
    """Ids of all runs of an area, whatever their state."""
    text = f"MATCH (r:{area.label('Run')}) RETURN r.id ORDER BY r.id"
    return server.read(text, {}, lambda result: result.value(), label="runs")


def counts(server: Server, run: str, area: Area = Area.SERVED) -> dict[str, int]:
    """Rows of every label and relationship type that belong to a run."""
    found = {}
    for table in schema.TABLES:
        text = f"MATCH {_pattern_of(table, area)} RETURN count(*)"
        count = server.read(text, {"run": run}, lambda result: result.single(strict=True)[0], label=f"count {table}")
        found[table] = int(count)
    return found


def content_digest(
    server: Server, table: str, run: str, expected: Mapping[str, int], state: str, pace: Pace, area: Area
) -> ContentDigest:
    """The digest of what the server holds of a run in a table.

    `expected` rows of each table say how many nodes a page of relationships may begin at; `state` is what the Run's
    own state counts as, which is set only once everything was read back.
    """
    digest = ContentDigest()
    pace.begin(table, expected[table])
    # The server looks for the next page while this one is hashed.
    for rows in one_ahead(_pages(server, table, run, expected, state, area)):
        digest = digest.including(_as_table(table, rows))
        pace.add(len(rows))
    return digest


def _pages(
    server: Server, table: str, run: str, expected: Mapping[str, int], state: str, area: Area
) -> Iterator[Sequence[Sequence[Any]]]:
    entry = schema.TABLES[table]
    label = entry.name if isinstance(entry, schema.Label) else entry.source
    nodes = ROWS_PER_BATCH
    if isinstance(entry, schema.Relationship) and expected[table] > expected[label]:
        nodes = max(1, ROWS_PER_BATCH * expected[label] // expected[table])
    values: dict[str, Any] = {"run": run, "end": run + AFTER_SLASH, "nodes": nodes, "state": state}
    text = _page_text(entry, label, area)

    def page(after: str) -> tuple[str | None, Sequence[Sequence[Any]]]:
        sent = {**values, "after": after}
        found: neo4j.Record = server.read(text, sent, lambda result: result.single(strict=True), label=f"read {table}")
        last, rows = found.values()
        return last, rows

    last, rows = page("" if label == "Run" else run + "/")
    while last is not None:
        if rows:
            yield rows
        last, rows = page(last)


def _page_text(entry: schema.Label | schema.Relationship, label: str, area: Area) -> str:
    belongs = "a.id = $run" if label == "Run" else "a.id < $end"
    nodes = (
        f"MATCH (a:{area.label(label)}) USING INDEX a:{area.label(label)}(id) WHERE a.id > $after AND {belongs} "
        f"WITH a ORDER BY a.id LIMIT $nodes"
    )
    if isinstance(entry, schema.Label):
        columns = [
            "$state" if (label, column.name) == ("Run", "state") else f"a.`{column.name}`"
            for column in entry.properties
        ]
        return f"{nodes} RETURN max(a.id), collect([{', '.join(columns)}])"
    columns = ["a.id", "b.id", *(f"r.`{column.name}`" for column in entry.properties)]
    # A node without such a relationship gives null, which collect leaves out.
    return (
        f"{nodes} OPTIONAL MATCH (a)-[r:{entry.name}]->(b:{area.label(entry.target)}) "
        f"RETURN max(a.id), collect(CASE WHEN r IS NOT NULL THEN [{', '.join(columns)}] END)"
    )


def _as_table(table: str, rows: Sequence[Sequence[Any]]) -> pa.Table:
    arrow = schema.TABLES[table].arrow
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, arrow.types, strict=True)], schema=arrow)


def _pattern_of(table: str, area: Area) -> str:
    """The pattern of a run's rows of a table, with the parameter $run: a node `a`, or `r` from `a` to `b`."""
    entry = schema.TABLES[table]
    if isinstance(entry, schema.Label):
        return f"(a:{area.label(table)} {{{entry.run_property}: $run}})"
    source = schema.TABLES[entry.source]
    assert isinstance(source, schema.Label)
    ends = area.label(entry.source), area.label(entry.target)
    return f"(a:{ends[0]} {{{source.run_property}: $run}})-[r:{table}]->(b:{ends[1]})"
