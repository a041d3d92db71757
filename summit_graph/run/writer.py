"""Writing a run directory class by class, so that a killed process loses at most the class it was at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.run import atomic, tables
from summit_graph.run.manifest import COMPLETE, FILE_NAME, Manifest, read_manifest, write_manifest

CHECKPOINTS = "checkpoints"
"""Folder of the finished classes' checkpoints; gone once the run is complete."""


@dataclass(frozen=True)
class ClassResult:
    """Everything a run holds of one class. Tables need not be sorted; those left None are not written."""

    number: int
    activations: pa.Table
    influences: pa.Table
    hops: pa.Table | None = None
    predictions: pa.Table | None = None
    examples: pa.Table | None = None
    totals: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per layer: `importance` and `influence` before selection."""
    skipped: Sequence[Mapping[str, str]] = ()
    """Images of the class that could not be read: `image` and `reason`."""


class RunWriter:
    """Writes one run directory; made by `start`, filled by `write_class`, ended by `finish`."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest

    @classmethod
    def start(cls, directory: Path, manifest: Manifest) -> RunWriter:
        """Begins a run, or goes on with the one that lies there.

        Raises SummitError where the directory holds something else, or a run with other inputs or parameters.
        """
        if (directory / FILE_NAME).exists():
            there = read_manifest(directory)
            differing = manifest.differences(there)
            if differing:
                raise SummitError(
                    f"{directory} holds a run with other {', '.join(differing)}: "
                    "give another --out or remove that folder"
                )
            atomic.remove_leftovers(directory)
            return cls(directory, there)
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise SummitError(f"{directory} exists and is no run directory: give another --out")
        try:
            directory.mkdir(parents=True, exist_ok=True)
            write_manifest(directory, manifest)
        except OSError as error:
            raise SummitError(f"cannot write {directory}: {error.strerror or error}") from None
        return cls(directory, manifest)

    @property
    def complete(self) -> bool:
        """Whether the run that lies there is already complete."""
        return self.manifest.state == COMPLETE

    def finished_classes(self) -> set[int]:
        """Numbers of the classes whose tables are all written."""
        return {int(path.stem) for path in (self.directory / CHECKPOINTS).glob("*.json")}

    def skipped(self) -> list[Mapping[str, str]]:
        """Images that the finished classes could not read, by class: `image` and `reason`."""
        return [entry for number in sorted(self.finished_classes()) for entry in self._checkpoint(number)["skipped"]]

    def write_class(self, result: ClassResult) -> None:
        """Writes a class's tables, then its checkpoint."""
        digests = {}
        for name in tables.PER_CLASS:
            table: pa.Table | None = getattr(result, name)
            if table is not None:
                path = tables.class_path(name, result.number)
                digests[path] = self._write(path, table)
        checkpoint = {
            "tables": digests,
            "totals": {layer: dict(sums) for layer, sums in result.totals.items()},
            "skipped": [dict(entry) for entry in result.skipped],
        }
        atomic.write_json(self.directory / CHECKPOINTS / f"{result.number:05d}.json", checkpoint)

    def finish(
        self,
        *,
        classes: pa.Table,
        neurons: pa.Table,
        embedding: pa.Table | None = None,
        examples: pa.Table | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Writes the tables of the whole run and the complete manifest; returns it."""
        digests: dict[str, str] = {}
        totals: dict[str, Mapping[str, Mapping[str, float]]] = {}
        skipped = self.skipped()
        for number in sorted(self.finished_classes()):
            checkpoint = self._checkpoint(number)
            digests |= checkpoint["tables"]
            totals[str(number)] = checkpoint["totals"]
        whole = {"classes": classes, "neurons": neurons, "embedding": embedding, "examples": examples}
        for name, table in whole.items():
            if table is not None:
                digests[tables.whole_path(name)] = self._write(tables.whole_path(name), table)
        counts = classes.column("images").to_pylist()
        self.manifest = self.manifest.finished(
            images=None if None in counts else sum(counts),
            skipped=tuple(skipped),
            totals=totals,
            tables=digests,
            notes={**self.manifest.notes, **(notes or {})},
        )
        write_manifest(self.directory, self.manifest)
        shutil.rmtree(self.directory / CHECKPOINTS, ignore_errors=True)
        return self.manifest

    def _checkpoint(self, number: int) -> dict[str, Any]:
        path = self.directory / CHECKPOINTS / f"{number:05d}.json"
        checkpoint: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return checkpoint

    def _write(self, path: str, table: pa.Table) -> str:
        schema = tables.schema_at(path)
        assert schema is not None, path
        atomic.write_parquet(self.directory / path, tables.conform(table, schema))
        return atomic.file_sha256(self.directory / path)
