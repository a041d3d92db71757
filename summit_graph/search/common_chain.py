"""The longest chain of edges that two classes have in common, and where they part above it.

1. Take the edges that both graphs have, each as strong as the weaker of the two.
2. For each node find the most edges of a chain upwards from it; the most over all nodes is the chain's length.
3. By bisection find the greatest strength at which a chain of that length is left.
4. Walk it: from below, at each step the later layer, then the lower channel, of those from which the rest is reached.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from summit_graph.search.graph import Fetch, Fetched, Node, PathGraph, Row, by_place


def common_chain(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The row of the query `common_chain`; its header says what it holds."""
    fetched = Fetched.of(rows, values, fetch)
    classes = [fetched.classes.get(values[name]) for name in ("class_a", "class_b")]
    by_count = any(found is not None and found.images is None for found in classes)
    graphs = [found.graph(by_count) for found in classes if found is not None]
    if len(graphs) < 2:
        return []
    common = in_common(*graphs)
    chain = longest_chain(common)
    if not chain:
        return []
    weakest = common.weakest_edge(chain)
    start, parting = chain[0], chain[-1]
    onward_a, onward_b = (
        sorted(graph.above.get(parting, {}).items(), key=lambda edge: (-edge[1], by_place(edge[0]))) for graph in graphs
    )
    return [
        {
            "edges": len(chain) - 1,
            "strength": common.above[weakest[0]][weakest[1]],
            "weakest_edge": fetched.neurons(weakest),
            "chain": fetched.neurons(chain),
            "start": fetched.neuron(start),
            "from_bottom": start.layer_index == min(node.layer_index for graph in graphs for node in graph.nodes),
            "parting": fetched.neuron(parting),
            "parting_layer": fetched.layer_names[parting.layer_index],
            "onward_a": fetched.neurons(node for node, _ in onward_a),
            "onward_b": fetched.neurons(node for node, _ in onward_b),
        }
    ]


def in_common(one: PathGraph, other: PathGraph) -> PathGraph:
    """The edges that both graphs have, each with the weaker of its strengths, and the nodes that both have."""
    above: dict[Node, dict[Node, float]] = {}
    for source, targets in one.above.items():
        others = other.above.get(source, {})
        both = {target: min(strength, others[target]) for target, strength in targets.items() if target in others}
        if both:
            above[source] = both
    return PathGraph(one.nodes & other.nodes, above)


def longest_chain(graph: PathGraph) -> list[Node]:
    """The chain with the most edges; of several the one with the strongest weakest edge, then by the nodes' places.

    Empty where the graph has no edge.
    """
    strengths = sorted({strength for targets in graph.above.values() for strength in targets.values()}, reverse=True)
    most = max(_edges_up(graph, strengths[-1]).values(), default=0) if strengths else 0
    if most == 0:
        return []
    # The weaker the edges that may be used, the longer the longest chain: the first strength with which it is as long.
    place = bisect_left(strengths, most, key=lambda threshold: max(_edges_up(graph, threshold).values()))
    threshold = strengths[place]
    edges_up = _edges_up(graph, threshold)
    chain = [min((node for node, edges in edges_up.items() if edges == most), key=by_place)]
    while edges_up[chain[-1]] > 0:
        fitting = [
            target
            for target, strength in graph.above[chain[-1]].items()
            if strength >= threshold and edges_up[target] == edges_up[chain[-1]] - 1
        ]
        chain.append(min(fitting, key=by_place))
    return chain


def _edges_up(graph: PathGraph, threshold: float) -> dict[Node, int]:
    """For each node the most edges of a chain upwards over edges at least so strong."""
    most: dict[Node, int] = {}
    for node in sorted(graph.nodes, key=by_place):
        targets = graph.above.get(node, {})
        most[node] = max((most[target] + 1 for target, strength in targets.items() if strength >= threshold), default=0)
    return most
