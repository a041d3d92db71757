"""What leads to a neuron in a class's graph and what it leads to, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from summit_graph.search.graph import Fetch, Fetched, Node, Row, by_place

Edge = tuple[Node, Node]


def neighbourhood(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `neighbourhood`; its header says what they hold."""
    fetched = Fetched.of(rows, values, fetch)
    middle = fetched.node(values["neuron"], values["run"])
    if middle is None:
        return []
    of_class = fetched.classes[values["class"]]
    into: dict[Node, list[Edge]] = {}
    out: dict[Node, list[Edge]] = {}
    for edge in of_class.edges:
        into.setdefault(edge[1], []).append(edge)
        out.setdefault(edge[0], []).append(edge)
    answer = []
    for direction, edges_at, far in (("in", into, 0), ("out", out, 1)):
        for step, edges in enumerate(_rings(edges_at, far, middle, values["steps"]), start=1):
            # Within one class the order by count is the order by share.
            for source, target in sorted(
                edges, key=lambda edge: (-of_class.edges[edge], by_place(edge[1]), by_place(edge[0]))
            ):
                count = of_class.edges[source, target]
                row = {"direction": direction, "step": step, "source": fetched.neuron(source)}
                answer.append({**row, "target": fetched.neuron(target), "count": count, "share": of_class.share(count)})
    return answer


def _rings(edges_at: Mapping[Node, list[Edge]], far: int, middle: Node, steps: int) -> list[list[Edge]]:
    """The edges at the neuron, those at their far ends, and so on; `far` is which end of an edge leads away."""
    rings: list[list[Edge]] = []
    reached, waiting = {middle}, [middle]
    while waiting and len(rings) < steps:
        ring = [edge for node in waiting for edge in edges_at.get(node, ())]
        waiting = list(dict.fromkeys(edge[far] for edge in ring if edge[far] not in reached))
        reached.update(waiting)
        rings.append(ring)
    return rings
