"""Meetings found by writing down every chain there is: for small graphs, and nothing like the search it checks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

from summit_graph.search.graph import Node

Edges = Mapping[Node, Mapping[Node, float]]


def every_chain(edges: Edges, start: Node, ends: frozenset[Node]) -> Iterator[list[Node]]:
    """Every chain upwards from `start` to one of the ends."""
    if start in ends:
        yield [start]
    for target in edges.get(start, {}):
        for chain in every_chain(edges, target, ends):
            yield [start, *chain]


def weakest(edges: Edges, chain: list[Node]) -> float:
    """The weakest edge of a chain; a chain without an edge has no bound."""
    return min((edges[source][target] for source, target in pairwise(chain)), default=math.inf)


def best_chain(edges: Edges, start: Node, ends: frozenset[Node]) -> tuple[float, list[Node]] | None:
    """The strongest chain; of several the shortest, then the one with the later layers, then the lower channels."""
    chains = list(every_chain(edges, start, ends))
    if not chains:
        return None

    def order(chain: list[Node]) -> tuple[float, int, list[tuple[int, int]]]:
        return (-weakest(edges, chain), len(chain), [(-node.layer_index, node.channel) for node in chain])

    best = min(chains, key=order)
    return weakest(edges, best), best
