"""Writing a run directory class by class, so that a killed process loses at most the class it was at."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.run import atomic, lock, tables
from summit_graph.run.checkpoint import CHECKPOINTS, Checkpoint, finished_classes, read_checkpoint, write_names
from summit_graph.run.lock import RunLock
from summit_graph.run.manifest import COMPLETE, FILE_NAME, Manifest, read_manifest, write_manifest


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
    """Writes one run directory; made by `start`, filled by `write_class`, ended by `finish`.

    A context manager that gives the directory free for other writers when it is left.
    """

    def __init__(self, directory: Path, manifest: Manifest, held: RunLock | None = None) -> None:
        self.directory = directory
        self.manifest = manifest
        self._lock = held

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def start(cls, directory: Path, manifest: Manifest, names: Mapping[int, str] | None = None) -> RunWriter:
        """Begins a run, or goes on with the one that lies there; no other process can, until it is closed.

        `names` are the classes', which a load of the unfinished run shows.
        Raises SummitError where the directory holds something else, or a run with other inputs or parameters, or
        another process is writing it.
        """
        _refuse_something_else(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            held = RunLock.take(directory)
        except OSError as error:
            raise SummitError(f"cannot write {directory}: {error.strerror or error}") from None
        try:
            return cls(directory, _begun(directory, manifest, names or {}), held)
        except BaseException:
            held.release()
            raise

    @staticmethod
    def check(directory: Path, manifest: Manifest | None = None) -> Manifest | None:
        """The manifest of the run that lies there, None where none does; nothing is written, and nothing held.

        Raises SummitError where the directory holds something else, or a run that `manifest` cannot go on with.
        """
        _refuse_something_else(directory)
        if manifest is None or not (directory / FILE_NAME).exists():
            return None
        return _matching(directory, manifest)

    @classmethod
    def join(cls, directory: Path, manifest: Manifest) -> RunWriter:
        """Writes classes of a run that another process has begun and will finish.

        Raises SummitError where the run that lies there is of other inputs or parameters.
        """
        return cls(directory, _matching(directory, manifest))

    def close(self) -> None:
        """Lets other processes write the directory."""
        if self._lock is not None:
            self._lock.release()

    @property
    def complete(self) -> bool:
        """Whether the run that lies there is already complete."""
        return self.manifest.state == COMPLETE

    def finished_classes(self) -> set[int]:
        """Numbers of the classes whose tables are all written."""
        return finished_classes(self.directory)

    def skipped(self) -> list[Mapping[str, str]]:
        """Images that the finished classes could not read, by class: `image` and `reason`."""
        return [entry for number in sorted(self.finished_classes()) for entry in self._checkpoint(number).skipped]

    def write_class(self, result: ClassResult) -> None:
        """Writes a class's tables, then its checkpoint."""
        digests = {}
        for name in tables.PER_CLASS:
            table: pa.Table | None = getattr(result, name)
            if table is not None:
                path = tables.class_path(name, result.number)
                digests[path] = self._write(path, table)
        Checkpoint(digests, result.totals, result.skipped).write(self.directory, result.number)

    def finish(
        self,
        *,
        classes: pa.Table,
        neurons: pa.Table,
        embedding: pa.Table | None = None,
        examples: pa.Table | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Writes the tables of the whole run and the complete manifest, which it returns, and closes the writer."""
        digests: dict[str, str] = {}
        totals: dict[str, Mapping[str, Mapping[str, float]]] = {}
        skipped: list[Mapping[str, str]] = []
        for number in sorted(self.finished_classes()):
            checkpoint = self._checkpoint(number)
            digests |= checkpoint.tables
            skipped += checkpoint.skipped
            totals[str(number)] = checkpoint.totals
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
        self.close()
        return self.manifest

    def _checkpoint(self, number: int) -> Checkpoint:
        return read_checkpoint(self.directory, number)

    def _write(self, path: str, table: pa.Table) -> str:
        schema = tables.schema_at(path)
        assert schema is not None, path
        atomic.write_parquet(self.directory / path, tables.conform(table, schema))
        return atomic.file_sha256(self.directory / path)


def _refuse_something_else(directory: Path) -> None:
    """Raises SummitError where files lie in the directory that are no run's."""
    if (directory / FILE_NAME).exists() or not directory.exists():
        return
    # A process that was killed while it began a run leaves these two.
    if not directory.is_dir() or any(
        entry.name != lock.FILE_NAME and not entry.name.endswith(atomic.TEMPORARY_SUFFIX)
        for entry in directory.iterdir()
    ):
        raise SummitError(f"{directory} exists and is no run directory: give another --out")


def _begun(directory: Path, manifest: Manifest, names: Mapping[int, str]) -> Manifest:
    """The manifest of the run that lies in a locked directory; `manifest` itself, written, where none does."""
    _refuse_something_else(directory)
    if (directory / FILE_NAME).exists():
        there = _matching(directory, manifest)
        atomic.remove_leftovers(directory)
        if there.state == COMPLETE:
            # Left where its ingest was killed after the manifest.
            shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
            return there
    try:
        if not (directory / FILE_NAME).exists():
            atomic.remove_leftovers(directory)
            write_manifest(directory, manifest)
        write_names(directory, names)
    except OSError as error:
        raise SummitError(f"cannot write {directory}: {error.strerror or error}") from None
    return read_manifest(directory)


def _matching(directory: Path, manifest: Manifest) -> Manifest:
    there = read_manifest(directory)
    differing = manifest.differences(there)
    if differing:
        raise SummitError(
            f"{directory} holds a run with other {', '.join(differing)}: give another --out or remove that folder"
        )
    return there
