"""Loading into and deleting from a Neo4j server.

1. The run is read, checked and staged; the server is asked whether our labels are ours there.
2. Uniqueness constraints on ids and indexes on runs are made, and the lease is taken: one loader writes at a time.
3. The Run node is written in the state `loading`, which no query sees; then nodes, then relationships, in transactions
   of 10,000 rows. A load that was killed leaves that state behind: the next load of the same run goes on after the rows
   that are there, any other deletes them first.
4. Every table is read back and its content compared with what was staged; a difference deletes the run.
5. The state becomes `ready`, or `partial` where the run's ingest had not ended, if the lease is still ours.

Where another run of the name is served, that goes on: the rows of 3. and 4. lie aside, under labels that no query
names (`area`). Instead of 5., one transaction takes the schema's labels from the old nodes and gives them to the new
ones; then the old ones are deleted. What a killed load has left aside is deleted, or gone on with, by the next one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from summit_graph import __version__, schema
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.rows import GraphRows, Scope, graph_state
from summit_graph.run import Run
from summit_graph.store.base import LoadReport, Progress
from summit_graph.store.digest import check_content
from summit_graph.store.loaded import Loaded, no_run
from summit_graph.store.neo4j import content
from summit_graph.store.neo4j.ahead import one_ahead
from summit_graph.store.neo4j.area import Area, create_schema, drop_schema, switch
from summit_graph.store.neo4j.lease import GUARD, Lease
from summit_graph.store.neo4j.server import Server
from summit_graph.store.pace import Pace
from summit_graph.store.staging import Staged, stage


def load(server: Server, run: Run, scope: Scope, *, replace: bool, progress: Progress) -> LoadReport:
    """See Store.load."""
    name = run.manifest.run
    content.check_ownership(server)
    is_tidy = not any(name in content.run_ids(server, area) for area in (Area.NEW, Area.OLD))
    if _is_there(server, run, scope, replace=replace) and content.has_constraints(server) and is_tidy:
        return LoadReport(name, content.counts(server, name), already_loaded=True)
    with tempfile.TemporaryDirectory(prefix="summit-graph-") as folder:
        progress(f"reading {run.directory}")
        staged = stage(GraphRows(run, scope), Path(folder))
        create_schema(server)
        with Lease(server, name, progress) as lease:
            _delete_old(server, lease, progress)
            # Another loader may have been here meanwhile; or an import has, after which nobody has read it back.
            already_loaded = _is_there(server, run, scope, replace=replace)
            served = content.loaded(server, name)
            replaces = not already_loaded and served is not None and served.is_whole()
            area = Area.NEW if replaces else Area.SERVED
            if not replaces:
                _clear(server, Area.NEW, name, lease)
            try:
                if not already_loaded:
                    _bring(server, staged, run.manifest.digest, f"{scope} {__version__}", area, lease, progress)
                _read_back(server, staged, graph_state(run), area, lease, progress)
            except StoreUnavailable:
                # Nobody answers who could delete it: it stays unseen, and the next load goes on or clears it.
                raise
            except SummitError:
                _clear(server, area, name, lease)
                raise
            progress(f"making {name} visible")
            if replaces:
                switch(server, name, graph_state(run), lease)
                _delete_old(server, lease, progress)
            else:
                _set_state(server, name, graph_state(run), lease)
        return LoadReport(name, staged.counts, already_loaded=already_loaded)


def delete(server: Server, run: str) -> None:
    """See Store.delete_run."""
    runs = content.run_ids(server)
    if run not in runs:
        raise no_run(str(server.url), run, runs)
    with Lease(server, run) as lease:
        _delete_old(server, lease, lambda line: None)
        _clear(server, Area.NEW, run, lease)
        _clear(server, Area.SERVED, run, lease)


def _is_there(server: Server, run: Run, scope: Scope, *, replace: bool) -> bool:
    there = content.loaded(server, run.manifest.run)
    return there is not None and not replace and there.is_the_same(run, scope, graph_state(run))


def _bring(
    server: Server, staged: Staged, digest: str, mark: str, area: Area, lease: Lease, progress: Progress
) -> None:
    """Writes what is not there yet, after what an interrupted load of the same rows has left, else from the start."""
    if area is Area.NEW:
        progress(f"{staged.run} is served as it is until the new one is whole")
        create_schema(server, area)
    there = content.loaded(server, staged.run, area)
    written = _written(server, staged, there, digest, mark, area)
    if there is not None and not written:
        progress(f"deleting what an interrupted load of {staged.run} has left")
        _delete(server, staged.run, lease, area)
    _write(server, staged, written, mark, area, lease, progress)


def _written(
    server: Server, staged: Staged, there: Loaded | None, digest: str, mark: str, area: Area
) -> Mapping[str, int]:
    """Rows of each table that an interrupted load of the same rows has left; empty where none can be gone on with."""
    if there is None or (there.state, there.digest, there.loading) != (schema.LOADING, digest, mark):
        return {}
    found = content.counts(server, staged.run, area)
    expected = staged.counts
    # Transactions were committed in this order, so one table at most is there in part.
    begun = [table for table in schema.TABLES if found[table] < expected[table]]
    after_it = begun[1:]
    in_order = all(found[table] <= expected[table] for table in found) and not any(found[table] for table in after_it)
    return found if in_order else {}


def _write(
    server: Server, staged: Staged, written: Mapping[str, int], mark: str, area: Area, lease: Lease, progress: Progress
) -> None:
    pace = Pace(staged.run, sum(staged.counts.values()), progress)
    for table, entry in schema.TABLES.items():
        rows = staged.counts[table]
        if not rows:
            continue
        pace.begin(table, rows, written.get(table, 0))
        text = _node_text(entry, area) if isinstance(entry, schema.Label) else _relationship_text(entry, area)
        for sent_rows in one_ahead(_plain_batches(staged, table, written.get(table, 0))):
            lease.check()
            sent = {"rows": sent_rows, "loading": mark, **lease.values}
            counters = server.write(GUARD + text, sent, label=f"load {table}").counters
            made = counters.nodes_created + counters.relationships_created
            if not made:
                raise lease.lost()
            if made != len(sent_rows):
                raise SummitError(f"the Neo4j server wrote {made} rows of {len(sent_rows)} of {table}: load again")
            pace.add(made)


def _plain_batches(staged: Staged, table: str, skipped: int) -> Iterator[list[list[object]]]:
    """A table's rows without its first `skipped`, a transaction's at a time, as the driver takes them."""
    for batch in _rest(staged, table, skipped):
        yield _plain_rows(table, batch)


def _rest(staged: Staged, table: str, skipped: int) -> Iterator[pa.RecordBatch]:
    """A table's batches without its first `skipped` rows."""
    for batch in staged.batches(table, content.ROWS_PER_BATCH):
        left = batch.slice(min(skipped, batch.num_rows))
        skipped -= batch.num_rows - left.num_rows
        if left.num_rows:
            yield left


def _plain_rows(table: str, batch: pa.RecordBatch) -> list[list[object]]:
    columns = [column.to_pylist() for column in batch.columns]
    if table == "Run":
        columns[batch.schema.get_field_index("state")] = [schema.LOADING]
    return [list(row) for row in zip(*columns, strict=True)]


def _node_text(label: schema.Label, area: Area) -> str:
    # What is being loaded stands on the Run until it is visible.
    loading = ", loading: $loading" if label.name == "Run" else ""
    return f"UNWIND $rows AS row CREATE (:{area.label(label.name)} {{{_assigned(label.properties, 0)}{loading}}})"


def _relationship_text(kind: schema.Relationship, area: Area) -> str:
    source, target = area.label(kind.source), area.label(kind.target)
    return (
        f"UNWIND $rows AS row MATCH (a:{source} {{id: row[0]}}) MATCH (b:{target} {{id: row[1]}}) "
        f"CREATE (a)-[:{kind.name} {{{_assigned(kind.properties, 2)}}}]->(b)"
    )


def _assigned(properties: tuple[schema.Property, ...], start: int) -> str:
    return ", ".join(f"`{entry.name}`: row[{place}]" for place, entry in enumerate(properties, start))


def _read_back(server: Server, staged: Staged, state: str, area: Area, lease: Lease, progress: Progress) -> None:
    """Compares every table with what was staged; raises SummitError at the first that differs."""
    progress("reading back what was written")
    pace = Pace(staged.run, sum(staged.counts.values()), progress, reading_back=True)
    for table in schema.TABLES:
        found = content.content_digest(server, table, staged.run, staged.counts, state, pace, area)
        check_content(table, found, staged.digests[table])
        lease.check()


def _set_state(server: Server, run: str, state: str, lease: Lease, area: Area = Area.SERVED) -> None:
    """Sets a run's state, in the same transaction that finds the lease to be ours."""
    text = f"{GUARD} MATCH (r:{area.label('Run')} {{id: $run}}) SET r.state = $state REMOVE r.loading"
    values = {"run": run, "state": state, **lease.values}
    # The lease's own property is set where it is ours.
    if not server.write(text, values, label=f"state {state}").counters.properties_set:
        raise lease.lost()


def _delete_old(server: Server, lease: Lease, progress: Progress) -> None:
    """Deletes all that new runs have taken the place of."""
    for run in content.run_ids(server, Area.OLD):
        progress(f"deleting the rows of {run} that were replaced")
        _clear(server, Area.OLD, run, lease)


def _clear(server: Server, area: Area, run: str, lease: Lease) -> None:
    """Deletes a run's rows in an area, where it has any, and the constraints of one that is not the served one."""
    if run in content.run_ids(server, area):
        # Rows are deleted along the indexes of constraints, which Neo4j's own import, for one, has not made.
        create_schema(server, area)
        _delete(server, run, lease, area)
    if area is not Area.SERVED:
        drop_schema(server, area)


def _delete(server: Server, run: str, lease: Lease, area: Area = Area.SERVED) -> None:
    """Deletes a run in transactions of bounded size: relationships first, its Run node last; unseen from the start."""
    _set_state(server, run, schema.DELETING, lease, area)
    for kind in schema.RELATIONSHIPS:
        delete_rows(server, kind, run, lease, area)
    for label in reversed(schema.LABELS):
        delete_rows(server, label, run, lease, area)


def delete_rows(
    server: Server, entry: schema.Label | schema.Relationship, run: str, lease: Lease, area: Area = Area.SERVED
) -> None:
    """Deletes a run's rows of a table, in the order of ids (a relationship's: its source's).

    Each transaction begins where the last one ended, so neither side holds more than its rows. (CALL … IN TRANSACTIONS
    would gather all of them first: the server reads to the end before it deletes.)
    """
    text = GUARD + _deletion_text(entry, area)
    values = {"run": run, "end": run + content.AFTER_SLASH, "most": content.ROWS_PER_BATCH, **lease.values}
    reached: str | None = run + "/"
    while reached is not None:
        row = server.write_and_answer(text, {**values, "reached": reached}, label=f"delete {entry.name}")
        if row is None:
            raise lease.lost()
        reached = row["reached"]


def _deletion_text(entry: schema.Label | schema.Relationship, area: Area) -> str:
    if isinstance(entry, schema.Label):
        node, pattern, row, delete = area.label(entry.name), "(a:{})", "a", "DETACH DELETE a"
        belongs_by_id = entry.name == "Run"
    else:
        node, pattern, row, delete = area.label(entry.source), f"(a:{{}})-[r:{entry.name}]->()", "r", "DELETE r"
        belongs_by_id = entry.source == "Run"
    belongs = "a.id = $run" if belongs_by_id else "a.id >= $reached AND a.id < $end"
    return (
        f"CALL {{ MATCH {pattern.format(node)} USING INDEX a:{node}(id) WHERE {belongs} "
        f"WITH {row}, a.id AS id ORDER BY id LIMIT $most {delete} "
        f"RETURN max(id) AS reached, count(*) AS rows }} RETURN reached, rows"
    )
