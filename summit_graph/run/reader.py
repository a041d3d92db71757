"""Reading a run directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from summit_graph.errors import SummitError
from summit_graph.run import atomic, tables
from summit_graph.run.manifest import COMPLETE, Manifest, read_manifest
from summit_graph.run.unfinished import unfinished


class Run:
    """A run directory: its manifest and its tables, read when asked for."""

    def __init__(self, directory: Path, manifest: Manifest, made: Mapping[str, pa.Table] | None = None) -> None:
        """`made` are tables of the whole run that no file holds yet, by path."""
        self.directory = directory
        self.manifest = manifest
        self._made = made or {}

    @classmethod
    def open(cls, directory: str | Path, *, partial: bool = False) -> Run:
        """Opens a run; raises SummitError where there is none or its ingest has not ended.

        With `partial`, one whose ingest has not ended is opened too, as far as its finished classes go: its state is
        `partial`, it has no embedding and no examples over all classes, and its digest is that of what is there.
        """
        directory = Path(directory)
        manifest = read_manifest(directory)
        if manifest.state != COMPLETE and partial:
            return cls(directory, *unfinished(directory, manifest))
        if manifest.state != COMPLETE:
            raise SummitError(
                f"{directory} is not complete: run the same ingest command again, it goes on where it stopped"
            )
        return cls(directory, manifest)

    @property
    def class_numbers(self) -> list[int]:
        """Numbers of the classes that have tables of their own, ascending."""
        prefix = "activations/"
        return sorted(
            int(path[len(prefix) : -len(".parquet")]) for path in self.manifest.tables if path.startswith(prefix)
        )

    def has(self, table: str, number: int | None = None) -> bool:
        """Whether the run has a table (of a class, where `number` is given)."""
        return self._path(table, number) in self.manifest.tables

    def table(self, name: str, number: int | None = None) -> pa.Table:
        """A table by its name in `tables.WHOLE`, or in `tables.PER_CLASS` with the class's number.

        Raises SummitError where the run has no such table or its file is damaged.
        """
        path = self._path(name, number)
        schema = tables.schema_at(path)
        if path not in self.manifest.tables or schema is None:
            raise SummitError(f"the run {self.manifest.run} has no {path}")
        if path in self._made:
            return self._made[path]
        try:
            # A run has thousands of small files: read whole and with one thread, they take half as long.
            content = pa.py_buffer((self.directory / path).read_bytes())
            table = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise SummitError(f"{self.directory / path} cannot be read: {str(error).splitlines()[0]}") from None
        if table.schema.names != schema.names or table.schema.types != schema.types:
            raise SummitError(f"{self.directory / path} has other columns than a run's {name} table")
        for field in schema:
            if not field.nullable and table[field.name].null_count:
                raise SummitError(f"{self.directory / path} has a row with nothing in the column {field.name}")
        return table

    def check_digests(self) -> None:
        """Raises SummitError unless every table's file is there with the digest that the manifest records."""
        for path, digest in self.manifest.tables.items():
            if tables.schema_at(path) is None:
                raise SummitError(f"the manifest names {path}, which is no table of a run")
            if path in self._made:
                continue
            file = self.directory / path
            if not file.is_file():
                raise SummitError(f"{file} is missing: the run is damaged, copy it again")
            if atomic.file_sha256(file) != digest:
                raise SummitError(f"{file} is not the file the manifest records: the run is damaged, copy it again")

    @staticmethod
    def _path(table: str, number: int | None) -> str:
        return tables.whole_path(table) if number is None else tables.class_path(table, number)
