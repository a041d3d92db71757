"""What must hold within a run's tables before any row of them is written into a store; each fault is one line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.rows.groups import Activations, Influences
from summit_graph.rows.identity import Identity
from summit_graph.run import Run, tables


def place(run: Run, table: str, number: int) -> str:
    """The path of a class's table, for a message."""
    return str(run.directory / tables.class_path(table, number))


def check_activations(rows: Activations, identity: Identity, run: Run) -> None:
    """Raises SummitError unless neurons exist and come once and in order, with counts and importances of 0 or more."""
    keys = rows.number * identity.count + rows.neuron
    faults = {
        "a neuron is not in neurons.parquet": _outside(rows.neuron, identity.count),
        "a count is below 0": rows.count < 0,
        "an importance is below 0 or no number": ~(np.isfinite(rows.importance) & (rows.importance >= 0)),
        "a neuron comes twice or out of order": _not_ascending(keys),
        "a neuron is selected without importance": rows.selected & (rows.importance == 0),
    }
    _refuse(faults, rows.number, "activations", run)


def check_influences(rows: Influences, identity: Identity, run: Run) -> None:
    """Raises SummitError unless edges go from an earlier layer's neuron to a later one's, once, with counts above 0."""
    outside = _outside(rows.source, identity.count) | _outside(rows.target, identity.count)
    _refuse({"a neuron is not in neurons.parquet": outside}, rows.number, "influences", run)
    keys = (rows.number * identity.count + rows.source) * identity.count + rows.target
    faults = {
        "an edge does not go from an earlier layer to a later one": (
            identity.layer_index[rows.source] >= identity.layer_index[rows.target]
        ),
        "a count is below 1": rows.count < 1,
        "an edge comes twice or out of order": _not_ascending(keys),
    }
    _refuse(faults, rows.number, "influences", run)


def check_examples(rows: pa.Table, neurons: np.ndarray, count: int, run: Run) -> None:
    """Raises SummitError unless examples are of existing neurons, with ranks that come once and finite activations."""
    rank = rows["rank"].to_numpy().astype(np.int64)
    activation = rows["activation"].to_numpy()
    faults = {
        "a neuron is not in neurons.parquet": _outside(neurons, count),
        "an activation is not above 0": ~(np.isfinite(activation) & (activation > 0)),
        "a rank comes twice, out of order or below 0": _not_ascending(neurons * (1 + rank.max(initial=0)) + rank)
        | (rank < 0),
    }
    for fault, rows_at_fault in faults.items():
        if rows_at_fault.any():
            raise SummitError(f"{run.directory / tables.whole_path('examples')}: {fault}")


def check_places(
    places: Mapping[tuple[int, int], Sequence[float | None]], numbers: Collection[int], layers: int, run: Run
) -> None:
    """Raises SummitError unless places and totals are of existing classes and layers and are finite numbers."""
    for (number, layer_index), values in places.items():
        if number not in numbers or not 0 <= layer_index < layers:
            raise SummitError(
                f"{run.directory}: the totals or the embedding name class {number} and layer {layer_index}, "
                f"which the run does not have"
            )
        if not all(value is None or np.isfinite(value) for value in values):
            raise SummitError(f"{run.directory}: the totals or the embedding of class {number} hold what is no number")


def _outside(neurons: np.ndarray, count: int) -> np.ndarray:
    return (neurons < 0) | (neurons >= count)


def _not_ascending(keys: np.ndarray) -> np.ndarray:
    """Where a key is not above the one before it: (rows,), the first row never."""
    return np.concatenate([[False], np.diff(keys) <= 0]) if len(keys) else np.zeros(0, dtype=bool)


def _refuse(faults: Mapping[str, np.ndarray], numbers: np.ndarray, table: str, run: Run) -> None:
    for fault, rows in faults.items():
        if rows.any():
            raise SummitError(f"{place(run, table, int(numbers[int(np.argmax(rows))]))}: {fault}")
