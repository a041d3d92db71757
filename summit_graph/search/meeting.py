"""How one class's evidence leads to another's: the neurons where their graphs meet.

1. Take both classes' graphs. For each node find the widest chain up to the class's last layer (`widths_up`).
2. A neuron that is a node of both, and has such a chain in both, is a meeting; it is as strong as its weaker side.
3. Order the meetings by strength, then the later layer, then the lower channel; answer the first k with their chains.
4. If there is none, try third classes in the order of `bridging_classes`: the first one that meets both classes gives
   the meetings of class_a with it (leg 1), then its meetings with class_b (leg 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from summit_graph.search.graph import Fetch, Fetched, Node, PathGraph, Row, by_place
from summit_graph.search.widest import widest_chain, widths_up


def meeting(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `meeting`; its header says what they hold."""
    fetched = Fetched.of(rows, values, fetch)
    first, second, k = values["class_a"], values["class_b"], values["k"]
    if first not in fetched.classes or second not in fetched.classes:
        return []
    direct = _leg(fetched, 1, first, second, k, {first, second})
    if direct:
        return direct
    for third in fetch("bridging_classes", {}):
        third_id = f"{values['run']}/{third['class']}"
        fetched.add(fetch("meeting", {"class_a": third_id, "class_b": third_id}))
        involved = {first, third_id, second}
        down, up = (_leg(fetched, 1, first, third_id, k, involved), _leg(fetched, 2, third_id, second, k, involved))
        if down and up:
            return down + up
    return []


def meetings(graph_a: PathGraph, graph_b: PathGraph, k: int) -> list[tuple[Node, float, float]]:
    """The k strongest shared nodes that reach the last layer in both graphs, with the width of either side."""
    widths_a, widths_b = (widths_up(graph, graph.last_layer) for graph in (graph_a, graph_b))
    found = [(node, widths_a[node], widths_b[node]) for node in widths_a.keys() & widths_b.keys()]
    found.sort(key=lambda entry: (-min(entry[1], entry[2]), by_place(entry[0])))
    return found[:k]


def _leg(fetched: Fetched, leg: int, first: str, second: str, k: int, involved: set[str]) -> list[Row]:
    """The meetings of two classes as rows; strengths are counts where one of the involved classes has no shares."""
    by_count = any(fetched.classes[class_id].images is None for class_id in involved)
    class_a, class_b = fetched.classes[first], fetched.classes[second]
    graph_a, graph_b = class_a.graph(by_count), class_b.graph(by_count)
    rows = []
    for node, width_a, width_b in meetings(graph_a, graph_b, k):
        chain_a = widest_chain(graph_a, node, width_a, graph_a.last_layer)
        chain_b = widest_chain(graph_b, node, width_b, graph_b.last_layer)
        rows.append(
            {
                "leg": leg,
                "class_a": class_a.number,
                "class_b": class_b.number,
                "neuron": fetched.neuron(node),
                "strength": _finite(min(width_a, width_b)),
                "strength_a": _finite(width_a),
                "strength_b": _finite(width_b),
                "weakest_edge_a": fetched.neurons(graph_a.weakest_edge(chain_a)) or None,
                "weakest_edge_b": fetched.neurons(graph_b.weakest_edge(chain_b)) or None,
                "chain_a": fetched.neurons(reversed(chain_a)),
                "chain_b": fetched.neurons(chain_b),
            }
        )
    return rows


def _finite(width: float) -> float | None:
    return None if math.isinf(width) else width
