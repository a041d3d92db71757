"""The yardsticks of a load: the same rows into the same engine, and nothing else: no checks, no reading back.

The rows lie ready: in Parquet files, one a table, for COPY; as the driver's lists for UNWIND, converted off the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import ladybug
import neo4j

from summit_graph import schema
from summit_graph.store.ladybug.engine import create_tables
from summit_graph.store.neo4j.content import ROWS_PER_BATCH
from summit_graph.store.staging import Staged


def copy_ms(staged: Staged, path: Path, buffer_pool_mb: int) -> float:
    """Fills a new file of the embedded engine by one COPY a table, checkpoints and closes it."""
    path.unlink(missing_ok=True)
    begin = time.perf_counter()
    database = ladybug.Database(str(path), buffer_pool_size=buffer_pool_mb << 20, max_num_threads=1)
    connection = ladybug.Connection(database, num_threads=1)
    connection.execute("BEGIN TRANSACTION")
    create_tables(connection)
    for table, rows in staged.counts.items():
        if rows:
            connection.execute(f"COPY `{table}` FROM '{staged.path(table)}'")
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT")
    connection.close()
    database.close()
    return (time.perf_counter() - begin) * 1000


def unwind_ms(staged: Staged, driver: neo4j.Driver, database: str, batches: int | None = None) -> float:
    """Writes into a Neo4j that has the constraints: UNWIND and CREATE, a transaction a batch.

    `batches` is of how many batches of each table; None all of them.
    """
    taken_ms = 0.0
    for text, rows in _batches(staged, batches):
        begin = time.perf_counter()
        driver.execute_query(text, {"rows": rows}, database_=database)
        taken_ms += (time.perf_counter() - begin) * 1000
    return taken_ms


def _batches(staged: Staged, most: int | None) -> Iterator[tuple[str, list[list[object]]]]:
    for name, entry in schema.TABLES.items():
        is_label = isinstance(entry, schema.Label)
        first = 0 if is_label else 2
        values = ", ".join(f"`{column.name}`: row[{place}]" for place, column in enumerate(entry.properties, first))
        if isinstance(entry, schema.Label):
            text = f"UNWIND $rows AS row CREATE (:{name} {{{values}}})"
        else:
            text = (
                f"UNWIND $rows AS row MATCH (a:{entry.source} {{id: row[0]}}) MATCH (b:{entry.target} {{id: row[1]}}) "
                f"CREATE (a)-[:{name} {{{values}}}]->(b)"
            )
        for place, batch in enumerate(staged.batches(name, ROWS_PER_BATCH)):
            if place == most:
                break
            if batch.num_rows:
                columns = [column.to_pylist() for column in batch.columns]
                yield text, [list(row) for row in zip(*columns, strict=True)]
