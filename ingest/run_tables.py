"""The counts and the graph of a class as the run directory's tables (docs/run-directory.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.attribution import ClassGraph
from ingest.structure import ClassCounts, Structure
from summit_graph.run import tables


def activation_table(number: int, counts: ClassCounts, graph: ClassGraph, structure: Structure) -> pa.Table:
    """A class's activations: every neuron with a count or an importance above 0."""
    names = [layer.name for layer in structure.layers]
    count = np.concatenate([counts.activations[name] for name in names])  # (neurons,)
    importance = np.concatenate([graph.importance[name] for name in names])
    selected = np.concatenate([graph.selected[name] for name in names])
    neuron = np.flatnonzero((count > 0) | (importance > 0))
    columns = {
        "class": np.full(len(neuron), number, np.int32),
        "neuron": neuron.astype(np.int32),
        "count": count[neuron].astype(np.int32),
        "importance": importance[neuron],
        "selected": selected[neuron],
    }
    return pa.table(columns, schema=tables.ACTIVATIONS)


def influence_table(number: int, graph: ClassGraph) -> pa.Table:
    """A class's influences: the edges after the cap."""
    columns = {
        "class": np.full(len(graph.edges), number, np.int32),
        "source": graph.edges.source,
        "target": graph.edges.target,
        "count": graph.edges.count,
        "selected": graph.edge_selected,
    }
    return pa.table(columns, schema=tables.INFLUENCES)


def hop_table(number: int, counts: ClassCounts) -> pa.Table:
    """A class's hops, before the cap."""
    return pa.concat_tables(
        [
            tables.HOPS.empty_table(),
            *(
                pa.table(
                    {
                        "class": np.full(len(hop.count), number, np.int32),
                        "target_tensor": _repeated(hop.target_tensor, len(hop.count)),
                        "target_channel": hop.target_channel,
                        "source_tensor": _repeated(hop.source_tensor, len(hop.count)),
                        "source_channel": hop.source_channel,
                        "count": hop.count,
                    },
                    schema=tables.HOPS,
                )
                for hop in counts.hops
            ),
        ]
    )


def layer_counts(
    activations: Callable[[int], pa.Table], numbers: Sequence[int], structure: Structure
) -> Iterator[NDArray[np.int32]]:
    """Layer by layer, the activation counts of these classes.  (classes, channels)

    `activations` gives a class's table, and is asked anew for each layer: memory holds one layer of all classes.
    """
    start = 0
    for layer in structure.layers:
        matrix = np.zeros((len(numbers), layer.channels), np.int32)
        for row, number in zip(matrix, numbers, strict=True):
            table = activations(number)
            first, end = np.searchsorted(table.column("neuron").to_numpy(), (start, start + layer.channels))
            rows = table.slice(first, end - first)
            row[rows.column("neuron").to_numpy() - start] = rows.column("count").to_numpy()
        yield matrix
        start += layer.channels


def embedding_table(numbers: Sequence[int], places: Sequence[NDArray[np.float64]]) -> pa.Table:
    """embedding.parquet of the places (classes, 2) per layer, the classes in the order of `numbers`."""
    layers = len(places)
    columns = {
        "class": np.tile(np.array(numbers, np.int32), layers),
        "layer_index": np.repeat(np.arange(layers, dtype=np.int16), len(numbers)),
        "x": np.concatenate([place[:, 0] for place in places]),
        "y": np.concatenate([place[:, 1] for place in places]),
    }
    return pa.table(columns, schema=tables.EMBEDDING)


def _repeated(text: str, length: int) -> pa.Array:
    return pa.array([text], pa.string()).take(pa.array(np.zeros(length, np.int8)))
