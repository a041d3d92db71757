"""The edges of one class's graph: exclusions, and the cap on incoming edges of channels that are not direct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.attribution.chains import Weights, chain_weights
from ingest.structure import HopCounts, Layer, Structure


@dataclass(frozen=True)
class Edges:
    """Edges between neurons, one entry each, sorted by source and then target.

    A neuron's number is its place when the channels of all layers are counted through in layer order (as in
    neurons.parquet); `first_neuron` holds each layer's first number.
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    count: NDArray[np.int32]
    first_neuron: NDArray[np.int32]
    """(layers + 1,): the last entry is the number of neurons."""

    def __len__(self) -> int:
        return len(self.count)

    @property
    def source_layer(self) -> NDArray[np.int16]:
        """(edges,): index of the layer, from 0."""
        return self.layer_of(self.source)

    @property
    def source_channel(self) -> NDArray[np.int32]:
        return self.source - self.first_neuron[self.source_layer]

    @property
    def target_layer(self) -> NDArray[np.int16]:
        """(edges,): index of the layer, from 0."""
        return self.layer_of(self.target)

    @property
    def target_channel(self) -> NDArray[np.int32]:
        return self.target - self.first_neuron[self.target_layer]

    def layer_of(self, neuron: NDArray[np.int32]) -> NDArray[np.int16]:
        """Index of the layer each neuron lies in. (n,) -> (n,)"""
        layer_of_neuron = np.repeat(np.arange(len(self.first_neuron) - 1, dtype=np.int16), np.diff(self.first_neuron))
        return layer_of_neuron[neuron]


def first_neurons(structure: Structure) -> NDArray[np.int32]:
    """The number of each layer's first neuron, and the number of neurons last. (layers + 1,)"""
    return np.cumsum([0, *(layer.channels for layer in structure.layers)], dtype=np.int32)


def class_edges(
    hops: Sequence[HopCounts], structure: Structure, excluded: Mapping[str, NDArray[np.bool_]], max_in_degree: int
) -> tuple[Edges, dict[str, int]]:
    """The edges that stay, and the cap m of each layer that hops lead into.

    `excluded`: per layer, (channels,). An edge of weight 0 does not exist. Direct channels keep every edge.
    """
    first_neuron = first_neurons(structure)
    weights = chain_weights(hops, structure)
    caps: dict[str, int] = {}
    parts: list[NDArray[np.int32]] = []
    for layer in structure.layers:
        if layer.name not in weights:
            continue
        sources, table = _incoming(weights[layer.name], layer, structure, excluded)
        direct, in_degree = structure.direct[layer.name], np.count_nonzero(table, axis=1)  # (channels,)
        caps[layer.name] = _cap(in_degree, direct, max_in_degree)
        capped = ~direct & (in_degree > caps[layer.name])
        table[capped] = strongest(table[capped], caps[layer.name])
        entry = np.flatnonzero(table != 0)
        target, column = np.divmod(entry, max(len(sources), 1))
        parts.append(np.stack([sources[column], first_neuron[layer.index] + target, table.ravel()[entry]]))
    source, target, count = np.concatenate([np.zeros((3, 0), np.int32), *parts], axis=1, dtype=np.int32)
    # Targets are in order already; NumPy sorts small integers much faster than int32.
    by_source = np.argsort(source.astype(np.min_scalar_type(first_neuron[-1])), kind="stable")
    return Edges(source[by_source], target[by_source], count[by_source], first_neuron), caps


def _incoming(
    weights: Mapping[str, Weights], target: Layer, structure: Structure, excluded: Mapping[str, NDArray[np.bool_]]
) -> tuple[NDArray[np.int32], Weights]:
    """All edges into a layer but those of excluded neurons: source neurons (columns,), weights (channels, columns)."""
    first_neuron = first_neurons(structure)
    neurons = [np.zeros(0, np.int32)]
    tables: list[Weights] = [np.zeros((target.channels, 0), np.uint8)]
    left_out = [np.zeros(0, np.bool_)]
    for layer in structure.layers:
        if layer.name in weights:
            neurons.append(np.arange(first_neuron[layer.index], first_neuron[layer.index + 1], dtype=np.int32))
            tables.append(weights[layer.name])
            left_out.append(excluded[layer.name])
    table = np.concatenate(tables, axis=1)
    table[:, np.concatenate(left_out)] = 0
    table[excluded[target.name]] = 0
    return np.concatenate(neurons), table


def _cap(in_degree: NDArray[Any], direct: NDArray[np.bool_], max_in_degree: int) -> int:
    """m: the mean in-degree of the direct channels, rounded down, at least 1; `max_in_degree` where none is direct."""
    if not direct.any():
        return max_in_degree
    return max(1, int(in_degree[direct].sum()) // int(direct.sum()))


def strongest(table: Weights, limit: int) -> Weights:
    """Keep each row's `limit` largest entries, the leftmost of equal ones, and put 0 elsewhere. (rows, columns)"""
    columns = table.shape[1]
    if columns <= limit:
        return table
    number = np.min_scalar_type(-(int(table.max(initial=0)) + 2) * columns)  # a signed one that holds every place
    place = np.multiply(table, columns, dtype=number) + np.arange(columns, dtype=number)[::-1]  # without ties
    last_kept = np.partition(place, columns - limit, axis=1)[:, columns - limit]  # (rows,)
    kept: Weights = table * (place >= last_kept[:, None])
    return kept
