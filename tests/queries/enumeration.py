"""Paths found by writing down every chain there is: for small graphs, and nothing like the searches it checks."""

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


def best_chains(edges: Edges, starts: frozenset[Node], ends: frozenset[Node]) -> list[tuple[float, list[Node]]]:
    """Every chain of at least one edge with its strength: the strongest first, then the shortest, then by places."""
    chains = [chain for start in starts for chain in every_chain(edges, start, ends) if len(chain) > 1]
    found = [(weakest(edges, chain), chain) for chain in chains]
    places = {tuple(chain): [(-node.layer_index, node.channel) for node in chain] for chain in chains}
    return sorted(found, key=lambda entry: (-entry[0], len(entry[1]), places[tuple(entry[1])]))


def longest_common_chain(one: Edges, other: Edges) -> list[Node]:
    """The chain of edges of both with the most edges; of several the one strongest in both, then by places."""

    def both(source: Node, target: Node) -> float:
        return min(one[source][target], other[source][target])

    def grown(chain: list[Node]) -> Iterator[list[Node]]:
        yield chain
        for target in one.get(chain[-1], {}):
            if target in other.get(chain[-1], {}):
                yield from grown([*chain, target])

    def order(chain: list[Node]) -> tuple[int, float, list[tuple[int, int]]]:
        strength = min(both(source, target) for source, target in pairwise(chain))
        return (-len(chain), -strength, [(-node.layer_index, node.channel) for node in chain])

    chains = [chain for start in one for chain in grown([start]) if len(chain) > 1]
    return min(chains, key=order, default=[])
