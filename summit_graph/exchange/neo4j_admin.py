"""A run as Parquet files for `neo4j-admin database import full`: the fast way into a Neo4j database of one's own.

One file a label or relationship type. Column names are the tool's headers (`id:ID(Neuron)`, `:START_ID(Vertex)`,
`count:long`); labels and types stand in the command. The import overwrites the database and needs it stopped. It makes
no constraints: `summit-graph load` of the same run makes them, and reads back what the import wrote.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from summit_graph import schema
from summit_graph.errors import SummitError
from summit_graph.rows import GraphRows, Scope
from summit_graph.run import Run
from summit_graph.run.atomic import replacing
from summit_graph.store.base import Progress
from summit_graph.store.staging import Staged, stage

DATABASE = "neo4j"
ROWS_PER_WRITE = 65_536
_TYPES: Mapping[schema.Kind, str] = {
    "text": "string",
    "integer": "long",
    "number": "double",
    "truth": "boolean",
    "integers": "long[]",
}


@dataclass(frozen=True)
class AdminExport:
    """What was written: files by label and relationship type, rows of each, and the command that imports them."""

    counts: Mapping[str, int]
    files: Mapping[str, Path]
    command: str


def export_neo4j_admin(
    run: Run, out: Path, *, scope: Scope = "selected", database: str = DATABASE, progress: Progress
) -> AdminExport:
    """Writes a run's rows into a folder that is empty or new.

    Raises SummitError where the run is damaged or the folder holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SummitError(f"{out} is there already: give a folder that is empty or new")
    with tempfile.TemporaryDirectory(prefix="summit-graph-") as folder:
        progress(f"reading {run.directory}")
        staged = stage(GraphRows(run, scope), Path(folder))
        files = {}
        for table, rows in staged.counts.items():
            if rows:
                progress(f"{table}, {rows:,} rows")
                files[table] = out.resolve() / f"{table}.parquet"
                _write(staged, table, files[table])
    return AdminExport(staged.counts, files, import_command(files, database))


def import_command(files: Mapping[str, Path], database: str) -> str:
    """The command that imports the files, as a shell takes it."""
    # The database's name before the options: the tool takes it for a file otherwise.
    words = ["neo4j-admin", "database", "import", "full", database, "--overwrite-destination=true"]
    words += ["--input-type=parquet"]
    for table, file in files.items():
        kind = "nodes" if isinstance(schema.TABLES[table], schema.Label) else "relationships"
        words.append(f"--{kind}={table}={file}")
    return shlex.join(words)


def header(table: str) -> list[str]:
    """The columns' names with the types that the tool knows, in the order of the schema."""
    entry = schema.TABLES[table]
    if isinstance(entry, schema.Label):
        return [f"id:ID({table})", *(_typed(column) for column in entry.properties[1:])]
    return [f":START_ID({entry.source})", f":END_ID({entry.target})", *(_typed(column) for column in entry.properties)]


def _typed(column: schema.Property) -> str:
    return f"{column.name}:{_TYPES[column.kind]}"


def _write(staged: Staged, table: str, file: Path) -> None:
    arrow = schema.TABLES[table].arrow
    named = pa.schema([field.with_name(name) for field, name in zip(arrow, header(table), strict=True)])
    with replacing(file) as temporary, pq.ParquetWriter(temporary, named, compression="snappy") as writer:
        for batch in staged.batches(table, ROWS_PER_WRITE):
            writer.write_batch(batch.rename_columns(named.names))
