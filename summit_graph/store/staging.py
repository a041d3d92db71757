"""A run's graph rows staged as Parquet files, one a table: engines fill from them in their own order.

Staging reads and checks the whole run before a store is touched, and knows each table's digest, against which a store
compares what it reads back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from summit_graph import schema
from summit_graph.rows import GraphRows
from summit_graph.store.digest import ContentDigest

ROWS_PER_WRITE = 65_536
"""Rows of a table that are gathered before they are written."""


class Staged:
    """The staged tables of one run."""

    def __init__(self, folder: Path, run: str, digests: Mapping[str, ContentDigest]) -> None:
        self.folder = folder
        self.run = run
        self.digests = digests

    @property
    def counts(self) -> dict[str, int]:
        """Rows per label and relationship type, in the order of the schema."""
        return {name: self.digests[name].rows for name in schema.TABLES}

    @property
    def size_bytes(self) -> int:
        """What the files take on disk."""
        return sum(file.stat().st_size for file in self.folder.glob("*.parquet"))

    def path(self, table: str) -> Path:
        """The file of a label or relationship type; tables without rows have one too."""
        return self.folder / f"{table}.parquet"

    def batches(self, table: str, rows: int) -> Iterator[pa.RecordBatch]:
        """A table's rows, at most so many at a time."""
        with pq.ParquetFile(self.path(table)) as file:
            yield from file.iter_batches(batch_size=rows)


class StageWriter:
    """Writes staged tables part by part; parts of different tables may come mixed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in schema.TABLES}
        self._digests = {name: ContentDigest() for name in schema.TABLES}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, table: str, part: pa.Table) -> None:
        """Takes some rows of a table, in its columns."""
        self._waiting[table].append(part)
        if sum(waiting.num_rows for waiting in self._waiting[table]) >= ROWS_PER_WRITE:
            self._write(table)

    def finish(self, run: str) -> Staged:
        """Writes what still waits and closes the files."""
        for table in schema.TABLES:
            self._write(table)
        self.close()
        return Staged(self._folder, run, self._digests)

    def close(self) -> None:
        """Closes the files; a second time it does nothing."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(self, table: str) -> None:
        arrow = schema.TABLES[table].arrow
        rows = pa.concat_tables([arrow.empty_table(), *self._waiting[table]]).combine_chunks()
        self._waiting[table] = []
        if table not in self._writers:
            # Read once and deleted: light compression, and ids that repeat are stored once.
            self._writers[table] = pq.ParquetWriter(self._folder / f"{table}.parquet", arrow, compression="lz4")
        self._digests[table] = self._digests[table].including(rows)
        self._writers[table].write_table(rows)


def stage(rows: GraphRows, folder: Path) -> Staged:
    """Reads, checks and stages a run's rows into an empty folder; raises SummitError where the run is damaged."""
    rows.run.check_digests()
    writer = StageWriter(folder)
    try:
        for table, part in rows.parts():
            writer.add(table, part)
        return writer.finish(rows.run.manifest.run)
    finally:
        writer.close()
