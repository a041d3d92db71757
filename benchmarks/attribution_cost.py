"""What a class's attribution graph costs at GoogLeNet's size, beside networkx's PageRank on the same edges.

The class is generated: GoogLeNet's own hops, and for every target channel the five largest terms of 1,300 images drawn
from a skewed distribution over the sources that it reads, which gives some 190,000 edges.
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
import torch
import torchvision
from numpy.typing import NDArray

from benchmarks.ratio import Ratio, milliseconds
from ingest.attribution import ClassGraph, class_graph
from ingest.layers import choose_layers
from ingest.structure import ClassCounts, HopCounts, Structure
from ingest.trace import Trace, trace
from ingest.trace.targets import Block
from summit_graph.run import Parameters

IMAGES = 1300
INFLUENCE_TOP = 5
SKEW = 6.1
"""Standard deviation of the logarithm of the sources' chances."""
ROUNDS = 5
NETWORKX_TOLERANCE = 2e-17
"""networkx stops at a change below nodes * tolerance: here some 1e-13."""


def ratios() -> Iterator[Ratio]:
    """A whole graph (edges, cap, PageRank, selection) on one core, against networkx's PageRank alone."""
    model = torchvision.models.googlenet(weights=None, init_weights=False).eval()
    example = torch.zeros(2, 3, 224, 224)
    traced = trace(model, example, choose_layers(model, example), influence_top=INFLUENCE_TOP)
    counts, structure, parameters = generated_class(traced), traced.structure, Parameters(model="googlenet")
    graph = class_graph(counts, structure, parameters)
    ours = min(milliseconds(lambda: class_graph(counts, structure, parameters)) for _ in range(ROUNDS))
    network, personalization = as_networkx(graph, counts, structure)
    theirs: dict[str, dict[int, float]] = {}

    def published() -> None:
        theirs["published"] = nx.pagerank(network, alpha=parameters.damping, personalization=personalization)

    def exact() -> None:
        theirs["exact"] = nx.pagerank(
            network, parameters.damping, personalization, max_iter=1000, tol=NETWORKX_TOLERANCE
        )

    published_ms, exact_ms = milliseconds(published), milliseconds(exact)
    importance = np.concatenate(list(graph.importance.values()))
    apart = sum(abs(importance[node] - value) for node, value in theirs["exact"].items())
    edges = f"{len(graph.edges):,} edges"
    yield Ratio(
        f"attribution graph of a class, {edges}, whole", "networkx's pagerank alone, tol 1e-6", ours, published_ms
    )
    yield Ratio(
        f"the same; {apart:.1e} from networkx's values in the L1 norm",
        f"networkx's pagerank alone, tol {NETWORKX_TOLERANCE:g}",
        ours,
        exact_ms,
    )


def generated_class(traced: Trace) -> ClassCounts:
    """Counts of a class of IMAGES images, the same each time."""
    random = np.random.default_rng(0)
    hops: dict[tuple[str, str], list[NDArray[np.int32]]] = {hop: [] for hop in traced.hops}
    for target in traced.targets:
        for block in target.blocks:
            counts = _drawn(random, block)  # (R, K)
            row, column = counts.nonzero()
            found = np.stack([block.rows.numpy()[row], block.source_channel[column], counts[row, column]], 1)
            origin = block.source_origin[column]
            for number in np.unique(origin):
                pair = traced.names[target.origin.number], traced.names[int(number)]
                hops[pair].append(found[origin == number].astype(np.int32))
    activations = {
        layer.name: random.multinomial(IMAGES * 4, random.dirichlet(np.full(layer.channels, 0.1))).astype(np.int32)
        for layer in traced.structure.layers
    }
    return ClassCounts(activations, tuple(_hop(*pair, parts) for pair, parts in hops.items()))


def _drawn(random: np.random.Generator, block: Block) -> NDArray[np.int64]:
    """How often each source is among the largest of each row, at most once an image.  (R, K)"""
    present = block.patterns.toarray()[block.pattern_of_row] > 0  # (R, K)
    chance = np.where(present, np.exp(random.normal(0, SKEW, present.shape)), 0)
    drawn = random.multinomial(IMAGES * INFLUENCE_TOP, chance / chance.sum(axis=1, keepdims=True))
    return np.minimum(drawn, IMAGES)


def _hop(target: str, source: str, parts: list[NDArray[np.int32]]) -> HopCounts:
    rows = np.concatenate(parts)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return HopCounts(target, source, *(np.ascontiguousarray(column) for column in rows.T))


def as_networkx(graph: ClassGraph, counts: ClassCounts, structure: Structure) -> tuple[nx.Graph, dict[int, float]]:
    """The graph's edges and its personalization, as networkx takes them."""
    edges = graph.edges
    network: nx.Graph = nx.Graph()
    network.add_weighted_edges_from(
        zip(edges.source.tolist(), edges.target.tolist(), edges.count.tolist(), strict=True)
    )
    relative = np.concatenate(
        [counts.activations[one.name] / counts.activations[one.name].max() for one in structure.layers]
    )
    return network, {node: float(relative[node]) for node in network}
