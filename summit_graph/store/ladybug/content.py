"""What a file of the embedded store holds of a run: read back as Arrow, in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator

import ladybug
import pyarrow as pa

from summit_graph import schema
from summit_graph.store.digest import ContentDigest
from summit_graph.store.ladybug.engine import execute, fetch
from summit_graph.store.loaded import Loaded
from summit_graph.store.pace import Pace

ROWS_PER_PART = 500_000
"""About how many rows a query answers: the engine holds an answer whole."""

_SPLIT_BY = {"Class": "number", "Layer": "layer_index", "Neuron": "channel", "Vertex": "channel"}
"""The integer property by whose remainder a label's nodes, and relationships by their source, are split into parts."""


def loaded(connection: ladybug.Connection, run: str) -> Loaded | None:
    """What is loaded of a run; None where there is no run of that id. Ask it while the connection is open."""
    rows = fetch(connection, "MATCH (r:Run) WHERE r.id = $run RETURN r.digest, r.state, r.format", {"run": run})
    if not rows:
        return None

    def has_unselected() -> bool:
        text = "MATCH (v:Vertex)-[f:FEEDS]->(:Vertex) WHERE v.run = $run AND NOT f.selected RETURN f.count LIMIT 1"
        return bool(fetch(connection, text, {"run": run}))

    digest, state, store_format = rows[0]
    return Loaded(digest, state, store_format, has_unselected)


def runs_of_another_format(connection: ladybug.Connection) -> list[tuple[str, int]]:
    """Ids and formats of the runs that were written in another format than this version's."""
    text = "MATCH (r:Run) WHERE r.format <> $format RETURN r.id, r.format ORDER BY r.id"
    return [(run, store_format) for run, store_format in fetch(connection, text, {"format": schema.FORMAT})]


def run_ids(connection: ladybug.Connection) -> list[str]:
    """Ids of all runs, whatever their state."""
    return [row[0] for row in fetch(connection, "MATCH (r:Run) RETURN r.id ORDER BY r.id")]


def counts(connection: ladybug.Connection) -> dict[str, int]:
    """Rows of every label and relationship type, of all runs."""
    found = {}
    for table in schema.TABLES:
        pattern, _ = _pattern(table)
        found[table] = int(fetch(connection, f"MATCH {pattern} RETURN count(*)")[0][0])
    return found


def count(connection: ladybug.Connection, table: str, run: str) -> int:
    """Rows of a table that belong to a run."""
    pattern, owner = _pattern(table)
    text = f"MATCH {pattern} WHERE a.{owner} = $run RETURN count(*)"
    return int(fetch(connection, text, {"run": run})[0][0])


def read_back(connection: ladybug.Connection, table: str, run: str) -> Iterator[pa.Table]:
    """A run's rows of a table, in no order; columns as in the schema."""
    entry = schema.TABLES[table]
    pattern, owner = _pattern(table)
    if isinstance(entry, schema.Label):
        label, columns = entry.name, [f"a.`{column.name}`" for column in entry.properties]
    else:
        label, columns = entry.source, ["a.id", "b.id", *(f"r.`{column.name}`" for column in entry.properties)]
    parts = 1 + count(connection, table, run) // ROWS_PER_PART if label in _SPLIT_BY else 1
    for part in range(parts):
        split = f" AND a.{_SPLIT_BY[label]} % {parts} = {part}" if parts > 1 else ""
        text = f"MATCH {pattern} WHERE a.{owner} = $run{split} RETURN {', '.join(columns)}"
        with execute(connection, text, {"run": run}) as result:
            found = result.get_as_arrow(ROWS_PER_PART)
        yield found.rename_columns(entry.arrow.names).cast(entry.arrow)


def content_digest(connection: ladybug.Connection, table: str, run: str, expected: int, pace: Pace) -> ContentDigest:
    """The digest of what the store holds of a run in a table; so many rows are `expected` there."""
    digest = ContentDigest()
    pace.begin(table, expected)
    for part in read_back(connection, table, run):
        digest = digest.including(part)
        pace.add(part.num_rows)
    return digest


def _pattern(table: str) -> tuple[str, str]:
    """The pattern of a table's rows, and the property of its first node `a` that says which run a row belongs to."""
    entry = schema.TABLES[table]
    if isinstance(entry, schema.Label):
        return f"(a:{table})", entry.run_property
    source = schema.TABLES[entry.source]
    assert isinstance(source, schema.Label)
    return f"(a:{entry.source})-[r:{table}]->(b:{entry.target})", source.run_property
