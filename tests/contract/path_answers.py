"""What the path queries must answer, found by trying one strength after the other."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.contract.chains import Place

if TYPE_CHECKING:
    from tests.contract.oracle import Answer, Oracle, Row

Edges = dict[Place, dict[Place, float]]


def graph_of(
    oracle: Oracle, number: int, scope: str, lowest: str | None, highest: str | None, numbers: list[int]
) -> tuple[set[Place], Edges]:
    """A class's vertices and edges within the layers' bounds, strengths as they are for these classes."""
    index = {name: place for place, name, _ in oracle.layers}
    low = 0 if lowest is None else index[lowest]
    high = len(oracle.layers) if highest is None else index[highest]
    strength = oracle.measure(numbers)
    vertices = {place for place in oracle.vertices_in(number, scope) if low <= place[0] <= high}
    edges: Edges = defaultdict(dict)
    for source, target, count, _ in oracle.edges_in(number, scope):
        if source in vertices and target in vertices:
            edges[source][target] = strength(number, count)
    return vertices, edges


def weakest_edge(edges: Mapping[Place, Mapping[Place, float]], chain: list[Place]) -> list[Place]:
    """The first of the weakest edges."""
    weakest = min(edges[source][target] for source, target in pairwise(chain))
    return next([source, target] for source, target in pairwise(chain) if edges[source][target] == weakest)


def chains_of(edges: Edges, starts: set[Place], ends: set[Place], length: int, least: float) -> Iterator[list[Place]]:
    """The chains of so many edges, none weaker than `least`, in their order."""

    @cache
    def leads(place: Place, left: int) -> bool:
        if left == 0:
            return place in ends
        return any(strength >= least and leads(target, left - 1) for target, strength in edges.get(place, {}).items())

    def grown(chain: list[Place]) -> Iterator[list[Place]]:
        left = length + 1 - len(chain)
        if left == 0:
            yield chain
            return
        for target in sorted(edges.get(chain[-1], {}), key=lambda place: (-place[0], place[1])):
            if edges[chain[-1]][target] >= least and leads(target, left - 1):
                yield from grown([*chain, target])

    for start in sorted(starts, key=lambda place: (-place[0], place[1])):
        if leads(start, length):
            yield from grown([start])


def answer_widest_paths(
    oracle: Oracle,
    class_: int,
    source: str | None = None,
    target: str | None = None,
    lowest: str | None = None,
    highest: str | None = None,
    scope: str = "selected",
    k: int = 5,
) -> Answer:
    vertices, edges = graph_of(oracle, class_, scope, lowest, highest, [class_])
    if not vertices:
        return []
    layers = [layer for layer, _ in vertices]
    starts = {place for place in vertices if source in (None, oracle.name_of[place])}
    starts = starts if source else {place for place in vertices if place[0] == min(layers)}
    ends = {place for place in vertices if target == oracle.name_of[place]}
    ends = ends if target else {place for place in vertices if place[0] == max(layers)}
    found: dict[tuple[Place, ...], float] = {}
    for least in sorted({strength for targets in edges.values() for strength in targets.values()}, reverse=True):
        for length in range(1, len(oracle.layers)):
            for chain in chains_of(edges, starts, ends, length, least):
                if len(found) >= k:
                    break
                found.setdefault(tuple(chain), least)
        if len(found) >= k:
            break
    answer: Answer = []
    for rank, (places, width) in enumerate(found.items(), start=1):
        row: Row = {"rank": rank, "strength": width, "edges": len(places) - 1}
        row["weakest_edge"] = [oracle.name_of[place] for place in weakest_edge(edges, list(places))]
        answer.append((-width, {**row, "chain": [oracle.name_of[place] for place in places]}))
    return answer


def answer_common_chain(
    oracle: Oracle,
    class_a: int,
    class_b: int,
    lowest: str | None = None,
    highest: str | None = None,
    scope: str = "selected",
) -> Answer:
    both = [class_a, class_b]
    graphs = [graph_of(oracle, number, scope, lowest, highest, both) for number in both]
    common: Edges = {}
    for source, targets in graphs[0][1].items():
        for target, strength in targets.items():
            if target in graphs[1][1].get(source, {}):
                common.setdefault(source, {})[target] = min(strength, graphs[1][1][source][target])
    strengths = sorted({strength for targets in common.values() for strength in targets.values()})
    if not strengths:
        return []
    longest = max(map(longest_from(common, strengths[0]), common))
    # The stronger edges must be, the shorter the longest chain: look for the last strength that leaves it as long.
    shorter = bisect_left(strengths, True, key=lambda found: max(map(longest_from(common, found), common)) < longest)
    least = strengths[shorter - 1]
    every = chains_of(common, set(common), {place for graph in graphs for place in graph[0]}, longest, least)
    chain = next(every)
    onward = []
    for _, edges in graphs:
        targets = edges.get(chain[-1], {})
        best = sorted(targets, key=lambda place: (-targets[place], -place[0], place[1]))
        onward.append([oracle.name_of[place] for place in best])
    names = [oracle.name_of[place] for place in chain]
    row: dict[str, Any] = {"edges": longest, "strength": least}
    row["weakest_edge"] = [oracle.name_of[place] for place in weakest_edge(common, chain)]
    row |= {"chain": names, "start": names[0]}
    row["from_bottom"] = chain[0][0] == min(layer for vertices, _ in graphs for layer, _ in vertices)
    row |= {"parting": names[-1], "parting_layer": oracle.layer_of[chain[-1]]}
    return [(-longest, {**row, "onward_a": onward[0], "onward_b": onward[1]})]


def longest_from(edges: Edges, least: float) -> Callable[[Place], int]:
    """How many edges the longest chain upwards has, none of them weaker than `least`."""

    @cache
    def longest(place: Place) -> int:
        onwards = edges.get(place, {}).items()
        return max((1 + longest(target) for target, strength in onwards if strength >= least), default=0)

    return longest


def answer_neighbourhood(oracle: Oracle, class_: int, neuron: str, steps: int = 1, scope: str = "selected") -> Answer:
    strength = oracle.measure([class_])
    edges = [(source, target, count) for source, target, count, _ in oracle.edges_in(class_, scope)]
    answer: Answer = []
    for direction in ("in", "out"):
        near_and_far = {edge: (edge[1], edge[0]) if direction == "in" else (edge[0], edge[1]) for edge in edges}
        step_of: dict[Place, int] = {place: 0 for place, name in oracle.name_of.items() if name == neuron}
        for step in range(1, steps + 1):
            found = [edge for edge, (near, _) in near_and_far.items() if step_of.get(near) == step - 1]
            for edge in found:
                step_of.setdefault(near_and_far[edge][1], step)
            found.sort(key=lambda edge: (-edge[2], -edge[1][0], edge[1][1], -edge[0][0], edge[0][1]))
            for source, target, count in found:
                row: Row = {"direction": direction, "step": step, "source": oracle.name_of[source]}
                row |= {"target": oracle.name_of[target], "count": count, "share": oracle.share(class_, count)}
                answer.append(((direction, step, strength(class_, count)), row))
    return answer
