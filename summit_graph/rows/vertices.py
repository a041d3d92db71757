"""The vertices of the classes' attribution graphs: a neuron in a class, with what it has there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from summit_graph.rows import whole
from summit_graph.rows.classes import ClassList
from summit_graph.rows.groups import Activations, Influences, Scope
from summit_graph.rows.identity import Identity


@dataclass(frozen=True)
class Vertices:
    """Rows in ascending order of class and neuron, each pair once."""

    rows: Activations

    @classmethod
    def of(cls, activations: Activations, influences: Influences, scope: Scope, neurons: int) -> Vertices:
        """The selected neurons; in scope `all` also both ends of every edge.

        An end that has no row among the activations has count and importance 0 and is not selected.
        """
        chosen = activations.where(activations.selected)
        if scope == "selected":
            return cls(chosen)
        keys = np.unique(
            np.concatenate(
                [
                    _keys(chosen.number, chosen.neuron, neurons),
                    _keys(influences.number, influences.source, neurons),
                    _keys(influences.number, influences.target, neurons),
                ]
            )
        )  # (vertices,)
        known = _keys(activations.number, activations.neuron, neurons)  # ascending, as the rows are
        place, there = _find(known, keys)
        count, importance, selected = (
            np.where(there, column[place], np.zeros((), column.dtype))
            if len(column)
            else np.zeros(len(keys), column.dtype)
            for column in (activations.count, activations.importance, activations.selected)
        )
        return cls(Activations(keys // neurons, keys % neurons, count, importance, selected))

    def holds_selected(self, numbers: np.ndarray, neurons: np.ndarray, neuron_count: int) -> np.ndarray:
        """For each pair of class and neuron, whether it is a selected vertex."""
        chosen = self.rows.where(self.rows.selected)
        _, there = _find(_keys(chosen.number, chosen.neuron, neuron_count), _keys(numbers, neurons, neuron_count))
        return there

    def parts(self, identity: Identity, classes: ClassList) -> Iterator[tuple[str, pa.Table]]:
        """Vertex, HAS_VERTEX and OF."""
        rows = self.rows
        neurons = pa.array(rows.neuron)
        ids = identity.vertex_ids(rows.number, rows.neuron)
        class_ids = identity.class_ids(rows.number)
        neuron_ids = identity.neuron_ids.take(neurons)
        columns = [
            ids,
            class_ids,
            neuron_ids,
            pa.repeat(pa.scalar(identity.run), len(ids)),
            identity.layer.take(neurons),
            pa.array(identity.layer_index[rows.neuron]),
            pa.array(identity.channel[rows.neuron]),
            pa.array(rows.count),
            classes.shares(rows.number, rows.count),
            pa.array(rows.importance),
            pa.array(rows.selected),
        ]
        yield "Vertex", whole.table("Vertex", columns)
        yield "HAS_VERTEX", whole.table("HAS_VERTEX", [class_ids, ids])
        yield "OF", whole.table("OF", [ids, neuron_ids])


def _keys(numbers: np.ndarray, neurons: np.ndarray, neuron_count: int) -> np.ndarray:
    """One number for each pair of class and neuron, ordered as the pairs are."""
    keys: np.ndarray = numbers * neuron_count + neurons
    return keys


def _find(ascending: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each wanted value its place among the ascending ones, and whether it is there (if not, the place is any)."""
    if len(ascending) == 0:
        nowhere = np.zeros(len(wanted), dtype=np.int64)
        return nowhere, nowhere.astype(bool)
    place = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    there: np.ndarray = ascending[place] == wanted
    return place, there
