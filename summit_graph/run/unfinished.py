"""What a run whose ingest has not ended holds already: its finished classes, and the tables that follow from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from summit_graph.errors import SummitError
from summit_graph.run import tables
from summit_graph.run.checkpoint import finished_classes, read_checkpoint, read_names
from summit_graph.run.manifest import PARTIAL, Manifest
from summit_graph.run.whole import ClassRow, class_table, neuron_table


def unfinished(directory: Path, manifest: Manifest) -> tuple[Manifest, Mapping[str, pa.Table]]:
    """The manifest that the run would have with its finished classes alone, and its tables that no file holds.

    Raises SummitError where no class is finished, or its predictions are unknown.
    """
    numbers = sorted(finished_classes(directory))
    if not numbers:
        raise SummitError(f"{directory} has no finished class yet: run the same ingest command again")
    checkpoints = {number: read_checkpoint(directory, number) for number in numbers}
    digests = {path: digest for checkpoint in checkpoints.values() for path, digest in checkpoint.tables.items()}
    rows = [_row(directory, number, digests) for number in numbers]
    made = {
        tables.whole_path("classes"): class_table(rows, read_names(directory)),
        tables.whole_path("neurons"): neuron_table(layer.channels for layer in manifest.layers),
    }
    partial = replace(
        manifest,
        state=PARTIAL,
        images=sum(row.images for row in rows),
        skipped=tuple(entry for checkpoint in checkpoints.values() for entry in checkpoint.skipped),
        totals={str(number): checkpoint.totals for number, checkpoint in checkpoints.items()},
        tables=digests | {path: _digest(table) for path, table in made.items()},
    )
    return partial, made


def _row(directory: Path, number: int, digests: Mapping[str, str]) -> ClassRow:
    path = tables.class_path("predictions", number)
    if path not in digests:
        raise SummitError(f"{directory} has no predictions, so it can only be loaded when it is complete")
    try:
        return ClassRow.of(number, pq.read_table(directory / path, partitioning=None))
    except (OSError, pa.ArrowException) as error:
        raise SummitError(f"{directory / path} cannot be read: {str(error).splitlines()[0]}") from None


def _digest(table: pa.Table) -> str:
    """SHA-256 of a table that lies in no file: of its rows as text."""
    return hashlib.sha256(repr(table.to_pydict()).encode()).hexdigest()
