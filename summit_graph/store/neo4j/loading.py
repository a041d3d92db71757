"""Loading into and deleting from a Neo4j server.

1. The run is read, checked and staged; the server is asked whether our labels are ours there.
2. Uniqueness constraints on ids and indexes on runs are made; what is left of a run of that name is deleted.
3. The Run node is written in the state `loading`, which no query sees; then nodes, then relationships, in transactions
   of 10,000 rows. A killed load leaves that state behind, and the next load clears it.
4. Every table is read back and its content compared with what was staged; a difference deletes the run.
5. The state becomes `ready`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa

from summit_graph import schema
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.rows import GraphRows, Scope
from summit_graph.run import Run
from summit_graph.store.base import LoadReport, Progress
from summit_graph.store.digest import check_content
from summit_graph.store.loaded import no_run
from summit_graph.store.neo4j import content
from summit_graph.store.neo4j.server import Server
from summit_graph.store.staging import Staged, stage


def load(server: Server, run: Run, scope: Scope, *, replace: bool, progress: Progress) -> LoadReport:
    """See Store.load."""
    name = run.manifest.run
    content.check_ownership(server)
    there = content.loaded(server, name)
    whole = there is not None and there.state in {schema.READY, schema.PARTIAL}
    if there is not None and whole and not replace and there.is_the_same(run, scope):
        counts = {table: content.count(server, table, name) for table in schema.TABLES}
        return LoadReport(name, counts, already_loaded=True)
    with tempfile.TemporaryDirectory(prefix="summit-graph-") as folder:
        progress(f"reading {run.directory}")
        staged = stage(GraphRows(run, scope), Path(folder))
        create_schema(server)
        if there is not None:
            progress(f"deleting what is there of {name}")
            _delete(server, name)
        try:
            _write(server, staged, progress)
            progress("reading back what was written")
            for table in schema.TABLES:
                check_content(table, content.content_digest(server, table, name), staged.digests[table])
        except StoreUnavailable:
            # Nobody answers who could delete it: it stays invisible, and the next load clears it.
            raise
        except SummitError:
            _delete(server, name)
            raise
        _set_state(server, name, schema.READY)
        return LoadReport(name, staged.counts, already_loaded=False)


def delete(server: Server, run: str) -> None:
    """See Store.delete_run."""
    runs = content.run_ids(server)
    if run not in runs:
        raise no_run(str(server.url), run, runs)
    _delete(server, run)


def create_schema(server: Server) -> None:
    """Makes the constraints on ids and the indexes on runs that are not there yet, and waits until they can be used."""
    for label in schema.LABELS:
        name = label.name.lower()
        constraint = f"CREATE CONSTRAINT summit_{name}_id IF NOT EXISTS FOR (n:{label.name}) REQUIRE n.id IS UNIQUE"
        server.write_in_batches(constraint, {}, label="schema")
        if label.run_property != "id":
            index = f"CREATE INDEX summit_{name}_run IF NOT EXISTS FOR (n:{label.name}) ON (n.run)"
            server.write_in_batches(index, {}, label="schema")
    server.write_in_batches("CALL db.awaitIndexes(600)", {}, label="schema")


def _write(server: Server, staged: Staged, progress: Progress) -> None:
    for table, entry in schema.TABLES.items():
        rows = staged.counts[table]
        if not rows:
            continue
        progress(f"{staged.run}: {table}, {rows:,} rows")
        text = _node_text(entry) if isinstance(entry, schema.Label) else _relationship_text(entry)
        for batch in staged.batches(table, content.ROWS_PER_BATCH):
            counters = server.write(text, {"rows": _plain_rows(table, batch)}, label=f"load {table}").counters
            written = counters.nodes_created + counters.relationships_created
            if written != batch.num_rows:
                raise SummitError(f"the Neo4j server wrote {written} rows of {batch.num_rows} of {table}: load again")


def _plain_rows(table: str, batch: pa.RecordBatch) -> list[list[object]]:
    columns = [column.to_pylist() for column in batch.columns]
    if table == "Run":
        columns[batch.schema.get_field_index("state")] = [schema.LOADING]
    return [list(row) for row in zip(*columns, strict=True)]


def _node_text(label: schema.Label) -> str:
    return f"UNWIND $rows AS row CREATE (:{label.name} {{{_assigned(label.properties, 0)}}})"


def _relationship_text(kind: schema.Relationship) -> str:
    return (
        f"UNWIND $rows AS row MATCH (a:{kind.source} {{id: row[0]}}) MATCH (b:{kind.target} {{id: row[1]}}) "
        f"CREATE (a)-[:{kind.name} {{{_assigned(kind.properties, 2)}}}]->(b)"
    )


def _assigned(properties: tuple[schema.Property, ...], start: int) -> str:
    return ", ".join(f"`{entry.name}`: row[{place}]" for place, entry in enumerate(properties, start))


def _set_state(server: Server, run: str, state: str) -> None:
    text = "MATCH (r:Run {id: $run}) SET r.state = $state"
    server.write(text, {"run": run, "state": state}, label=f"state {state}")


def _delete(server: Server, run: str) -> None:
    """Deletes a run in transactions of bounded size: relationships first, its Run node last; unseen from the start."""
    _set_state(server, run, schema.DELETING)
    for kind in schema.RELATIONSHIPS:
        pattern, _ = content.pattern_and_columns(kind.name)
        _delete_matches(server, f"MATCH {pattern}", "r", run)
    for label in reversed(schema.LABELS):
        pattern, _ = content.pattern_and_columns(label.name)
        _delete_matches(server, f"MATCH {pattern}", "a", run)


def _delete_matches(server: Server, match: str, variable: str, run: str) -> None:
    detach = "DETACH " if variable == "a" else ""
    text = f"{match} CALL ({variable}) {{ {detach}DELETE {variable} }} IN TRANSACTIONS OF {content.ROWS_PER_BATCH} ROWS"
    server.write_in_batches(text, {"run": run}, label="delete run")
