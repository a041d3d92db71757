"""The neurons of each layer in the attribution graph: the fewest that hold the attribution mass of its importance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.attribution.edges import Edges

STEP_THOUSANDTHS = 5
WHOLE_THOUSANDTHS = 1000


@dataclass(frozen=True)
class Selection:
    """The neurons and edges kept, and the mass that each layer ended with."""

    neurons: NDArray[np.bool_]
    """(neurons,)"""
    edges: NDArray[np.bool_]
    """(edges,): both ends are selected."""
    mass_thousandths: list[int]


def select(importance: NDArray[np.float64], edges: Edges, mass_thousandths: int) -> Selection:
    """Keep per layer the smallest set of top neurons whose importance reaches the mass (ties: lower channel; never 0).

    While a layer that has downward edges between neurons of importance above 0 keeps none of them, its mass and that of
    the layers they come from are raised by 5 thousandths, each layer once a round, up to the whole.
    `importance`: (neurons,), at least 0.
    """
    layers = [_Ranked(part) for part in np.split(importance, edges.first_neuron[1:-1])]
    rank = np.concatenate([layer.rank for layer in layers])  # (neurons,), from 1
    mass = [mass_thousandths] * len(layers)
    held = _held(layers, mass)
    bare = _bare_layers(importance, rank, held, edges)
    while bare:
        for layer in {layer for links in bare for layer in (links.target, *links.sources)}:
            mass[layer] = min(mass[layer] + STEP_THOUSANDTHS, WHOLE_THOUSANDTHS)
        held = _held(layers, mass)
        bare = [links for links in bare if not links.any_kept(held)]
    neurons = _top(rank, held, edges)
    return Selection(neurons, neurons[edges.source] & neurons[edges.target], mass)


class _Ranked:
    """One layer's neurons by falling importance."""

    def __init__(self, importance: NDArray[np.float64]) -> None:
        order = np.argsort(-importance, kind="stable")  # (channels,), ties: lower channel first
        self.rank = np.empty(len(order), np.int64)
        self.rank[order] = np.arange(1, len(order) + 1)
        self.above_zero = int(np.count_nonzero(importance > 0))
        self.cumulative = np.cumsum(importance[order])  # (channels,)

    def holding(self, thousandths: int) -> int:
        """How many of the top neurons it takes to hold this share of the layer's importance."""
        if thousandths >= WHOLE_THOUSANDTHS or not self.above_zero:
            return self.above_zero
        reached = self.cumulative * WHOLE_THOUSANDTHS >= thousandths * self.cumulative[-1]  # (channels,)
        return min(int(np.argmax(reached)) + 1, self.above_zero)


def _held(layers: list[_Ranked], mass: list[int]) -> NDArray[np.int64]:
    """How many neurons each layer keeps. (layers,)"""
    return np.array([layer.holding(thousandths) for layer, thousandths in zip(layers, mass, strict=True)], np.int64)


@dataclass(frozen=True)
class _DownwardLinks:
    """A layer's edges to lower layers, those between neurons of importance above 0."""

    target: int
    target_rank: NDArray[np.int64]
    source_layer: NDArray[np.int16]
    source_rank: NDArray[np.int64]
    sources: tuple[int, ...]

    def any_kept(self, held: NDArray[np.int64]) -> bool:
        """Whether one of them at least has both ends among the top neurons held. (layers,)"""
        return bool(np.any((self.target_rank <= held[self.target]) & (self.source_rank <= held[self.source_layer])))


def _top(rank: NDArray[np.int64], held: NDArray[np.int64], edges: Edges) -> NDArray[np.bool_]:
    """Which neurons are among the top ones that their layer keeps. (neurons,), (layers,) -> (neurons,)"""
    return rank <= np.repeat(held, np.diff(edges.first_neuron))


def _bare_layers(
    importance: NDArray[np.float64], rank: NDArray[np.int64], held: NDArray[np.int64], edges: Edges
) -> list[_DownwardLinks]:
    """The layers that have downward edges between neurons of importance above 0, but keep none."""
    top, live = _top(rank, held, edges), importance > 0  # (neurons,)
    target_layer = edges.target_layer  # (edges,)
    kept = np.bincount(target_layer[top[edges.source] & top[edges.target]], minlength=len(held))  # (layers,)
    bare = []
    for layer in np.flatnonzero(kept == 0).tolist():
        here = np.flatnonzero((target_layer == layer) & live[edges.source] & live[edges.target])
        source, target = edges.source[here], edges.target[here]
        source_layer = edges.layer_of(source)
        if len(here):
            sources = tuple(np.unique(source_layer).tolist())
            bare.append(_DownwardLinks(layer, rank[target], source_layer, rank[source], sources))
    return bare
