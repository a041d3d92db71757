"""Widest chains upwards: the way from a node to one of several ends whose weakest edge is as strong as can be."""

from __future__ import annotations

import math
from collections.abc import Collection

from summit_graph.search.graph import Node, PathGraph, by_place


def widths_up(graph: PathGraph, ends: Collection[Node]) -> dict[Node, float]:
    """For each node from which an end can be reached, the largest weakest edge of a chain to one.

    An end's own width is infinite: it is there without an edge. One pass from the last layer down, since every edge
    leads to a later layer: the width is the largest, over the edges up, of the smaller of edge and width above.
    """
    widths = dict.fromkeys(ends, math.inf)
    for node in sorted(graph.nodes, key=by_place):
        for target, strength in graph.above.get(node, {}).items():
            if target in widths:
                widths[node] = max(widths.get(node, -math.inf), min(strength, widths[target]))
    return widths


def widest_chain(graph: PathGraph, start: Node, width: float, ends: Collection[Node]) -> list[Node]:
    """The chain from `start` to an end with no edge weaker than `width`, which must be the start's width.

    Of several it is the shortest, of these the one whose nodes come first: at each step the later layer, then the lower
    channel. Returns the nodes, `start` first.
    """
    steps = _steps_up(graph, width, ends)
    chain = [start]
    while steps[chain[-1]] > 0:
        onwards = graph.above[chain[-1]].items()
        fitting = [
            target for target, strength in onwards if strength >= width and steps.get(target) == steps[chain[-1]] - 1
        ]
        chain.append(min(fitting, key=by_place))
    return chain


def _steps_up(graph: PathGraph, width: float, ends: Collection[Node]) -> dict[Node, int]:
    """For each node the fewest edges to an end, over edges that are not weaker than `width`."""
    steps = dict.fromkeys(ends, 0)
    for node in sorted(graph.nodes, key=by_place):
        reached = [
            steps[target]
            for target, strength in graph.above.get(node, {}).items()
            if strength >= width and target in steps
        ]
        if node not in steps and reached:
            steps[node] = 1 + min(reached)
    return steps
