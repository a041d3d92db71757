"""The per-class tables of a run, read a group of classes at a time into whole columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, Self

import numpy as np
import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.run import Run, tables

Scope = Literal["selected", "all"]
"""Which vertices and FEEDS: those of the selected neurons and edges, or those of every row of influences."""

CLASS_ROWS_PER_GROUP = 250_000
"""A group of classes ends once it holds this many rows."""


@dataclass(frozen=True)
class _Columns:
    """Columns of one length; `number` is each row's class."""

    number: np.ndarray  # (rows,) int64

    def where(self, mask: np.ndarray) -> Self:
        """The rows for which `mask` is true."""
        return type(self)(*(getattr(self, entry.name)[mask] for entry in fields(self)))

    @classmethod
    def read(cls, parts: list[pa.Table]) -> Self:
        """The rows of several tables of one kind, one after the other."""
        columns = pa.concat_tables(parts)
        return cls(*(_numpy(columns[source]) for source in columns.column_names))


@dataclass(frozen=True)
class Activations(_Columns):
    """Rows of activations/, in the order of the classes given and of neurons."""

    neuron: np.ndarray  # (rows,) int64
    count: np.ndarray  # (rows,) int64
    importance: np.ndarray  # (rows,) float64
    selected: np.ndarray  # (rows,) bool


@dataclass(frozen=True)
class Influences(_Columns):
    """Rows of influences/: edges from `source` to `target`, neurons of an earlier and a later layer."""

    source: np.ndarray  # (rows,) int64
    target: np.ndarray  # (rows,) int64
    count: np.ndarray  # (rows,) int64
    selected: np.ndarray  # (rows,) bool

    def selected_only(self) -> Influences:
        """The selected edges."""
        return self.where(self.selected)


def read_groups(run: Run, rows_per_group: int) -> Iterator[tuple[Activations, Influences]]:
    """Activations and influences of some classes at a time, ascending; at least one class a group."""
    activations: list[pa.Table] = []
    influences: list[pa.Table] = []
    rows = 0
    for number in run.class_numbers:
        activations.append(class_table(run, "activations", number))
        influences.append(class_table(run, "influences", number))
        rows += activations[-1].num_rows + influences[-1].num_rows
        if rows >= rows_per_group:
            yield _group(activations, influences)
            activations, influences, rows = [], [], 0
    if activations:
        yield _group(activations, influences)


def class_table(run: Run, name: str, number: int) -> pa.Table:
    """A class's table; raises SummitError where it holds rows of another class."""
    table = run.table(name, number)
    if not (table["class"].to_numpy() == number).all():
        raise SummitError(f"{run.directory / tables.class_path(name, number)}: it holds rows of another class")
    return table


def _group(activations: list[pa.Table], influences: list[pa.Table]) -> tuple[Activations, Influences]:
    return Activations.read(activations), Influences.read(influences)


def _numpy(column: pa.ChunkedArray) -> np.ndarray:
    values: np.ndarray = column.to_numpy()
    return values.astype(np.int64) if values.dtype.kind == "i" else values
