"""The attribution graph of one class: its edges, the importance of its neurons, and what is selected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.attribution.edges import Edges, class_edges
from ingest.attribution.exclusion import excluded_channels
from ingest.attribution.pagerank import pagerank
from ingest.attribution.selection import select
from ingest.structure import ClassCounts, Structure
from summit_graph.run.parameters import Parameters


class LayerTotals(NamedTuple):
    """A layer's sums over the whole graph of the class, before selection."""

    importance: float
    influence: int
    """Counts of the edges into the layer from earlier ones, after the cap."""


@dataclass(frozen=True)
class ClassGraph:
    """The attribution graph of one class."""

    importance: Mapping[str, NDArray[np.float64]]
    """Per layer, (channels,): 0 outside the graph and in components without personalization."""
    selected: Mapping[str, NDArray[np.bool_]]
    """Per layer, (channels,)."""
    edges: Edges
    """All edges after the cap."""
    edge_selected: NDArray[np.bool_]
    """(edges,): both ends are selected."""
    caps: Mapping[str, int]
    """m of each layer that hops lead into."""
    mass_thousandths: Mapping[str, int]
    """Per layer: the attribution mass in the end."""
    totals: Mapping[str, LayerTotals]


def class_graph(counts: ClassCounts, structure: Structure, parameters: Parameters) -> ClassGraph:
    """The attribution graph of a class out of its counts (Hohman et al., "Summit", TVCG 2020, section 6.3, made exact).

    Excluded neurons are in no graph, whether or not they were excluded when activations were counted.
    Raises NotFound for an excluded neuron that does not exist.
    """
    excluded = excluded_channels(parameters.exclude, structure)
    edges, caps = class_edges(counts.hops, structure, excluded, parameters.max_in_degree)
    importance = pagerank(
        edges.source,
        edges.target,
        edges.count,
        _personalization(counts, structure, excluded),
        damping=parameters.damping,
        networkx_stop=parameters.networkx_stop,
    )
    selection = select(importance, edges, parameters.attribution_thousandths)
    names = [layer.name for layer in structure.layers]
    splits = edges.first_neuron[1:-1]
    influence = np.bincount(edges.target_layer, weights=edges.count, minlength=len(names))  # (layers,)
    by_layer = dict(zip(names, np.split(importance, splits), strict=True))
    return ClassGraph(
        importance=by_layer,
        selected=dict(zip(names, np.split(selection.neurons, splits), strict=True)),
        edges=edges,
        edge_selected=selection.edges,
        caps=caps,
        mass_thousandths=dict(zip(names, selection.mass_thousandths, strict=True)),
        totals={
            name: LayerTotals(float(by_layer[name].sum()), int(influence[index])) for index, name in enumerate(names)
        },
    )


def _personalization(
    counts: ClassCounts, structure: Structure, excluded: Mapping[str, NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Each neuron's activation count relative to the largest of its layer, 0 where that is 0. (neurons,)"""
    parts = []
    for layer in structure.layers:
        activations = np.where(excluded[layer.name], 0, counts.activations[layer.name])  # (channels,)
        parts.append(activations / max(int(activations.max()), 1))
    return np.concatenate(parts).astype(np.float64)
