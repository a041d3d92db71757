"""The strongest chain upwards, found by trying thresholds and walking what they leave."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping

Place = tuple[int, int]
"""A neuron as (layer index, channel)."""
Edges = Mapping[Place, Mapping[Place, float]]


def strongest_chain(vertices: set[Place], edges: Edges, start: Place) -> tuple[float, list[Place] | None]:
    """Width and nodes of the strongest chain from `start` to a vertex of the last layer; -inf and None for none.

    Ties: the fewest edges; then, from `start` on, at each step the later layer, then the lower channel.
    """
    last = max(layer for layer, _ in vertices)
    ends = {vertex for vertex in vertices if vertex[0] == last}
    if start in ends:
        return float("inf"), [start]
    thresholds = sorted({strength for onwards in edges.values() for strength in onwards.values()})
    # The higher the threshold, the less can be reached: look for the highest that still lets an end be reached.
    fitting = bisect(thresholds, 0, key=lambda threshold: not ends & reachable(edges, start, threshold)) - 1
    if fitting < 0:
        return float("-inf"), None
    return thresholds[fitting], shortest_chain(edges, start, ends, thresholds[fitting])


def reachable(edges: Edges, start: Place, threshold: float) -> set[Place]:
    """Every place that can be reached over edges of at least this strength."""
    seen, waiting = {start}, [start]
    while waiting:
        for target, strength in edges.get(waiting.pop(), {}).items():
            if strength >= threshold and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def shortest_chain(edges: Edges, start: Place, ends: set[Place], threshold: float) -> list[Place]:
    """The first of the chains of the fewest edges, all of at least this strength.

    All chains grow a step at a time; of those that have come to one place by as many steps the first is kept.
    """

    def order(chain: list[Place]) -> list[Place]:
        return [(-layer, channel) for layer, channel in chain]

    chains = [[start]]
    while not any(chain[-1] in ends for chain in chains):
        grown: dict[Place, list[Place]] = {}
        for chain in chains:
            for target, strength in edges.get(chain[-1], {}).items():
                if strength >= threshold:
                    longer = [*chain, target]
                    grown[target] = min(grown.get(target, longer), longer, key=order)
        chains = list(grown.values())
    return min((chain for chain in chains if chain[-1] in ends), key=order)
