"""The k widest paths of a class: chains upwards, ordered by their weakest edge.

Every edge leads to a later layer, so whatever can be said of all chains from a node is said in one pass from the last
layer down. Enumerating all chains would not end; so

1. count the chains whose edges are all at least so strong, and by bisection find the strength at which there are k;
2. write down those that are stronger: fewer than k, and every step of the walk leads to an end;
3. fill up with chains whose weakest edge has exactly that strength, the shortest first, then neuron by neuron the later
   layer, then the lower channel. Of which lengths there are such chains above a node is kept as the bits of a number,
   so this walk makes no step in vain either.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from summit_graph.search.graph import Fetch, Fetched, Node, PathGraph, Row, by_place

Chain = list[Node]


def widest_paths(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `widest_paths`; its header says what they hold."""
    fetched = Fetched.of(rows, values, fetch)
    if values["class"] not in fetched.classes:
        return []
    graph = fetched.classes[values["class"]].graph(by_count=False)
    starts, ends = graph.first_layer, graph.last_layer
    if values["source"] is not None:
        starts = graph.nodes & {fetched.node(values["source"], values["run"])}
    if values["target"] is not None:
        ends = graph.nodes & {fetched.node(values["target"], values["run"])}
    return [
        {
            "rank": rank,
            "strength": width,
            "edges": len(chain) - 1,
            "weakest_edge": fetched.neurons(graph.weakest_edge(chain)),
            "chain": fetched.neurons(chain),
        }
        for rank, (width, chain) in enumerate(widest_chains(graph, starts, ends, values["k"]), start=1)
    ]


def widest_chains(
    graph: PathGraph, starts: Collection[Node], ends: Collection[Node], k: int
) -> list[tuple[float, Chain]]:
    """The k chains of at least one edge with the largest weakest edge, each with that edge's strength.

    Neither two starts nor two ends may lie on one chain. Ties: fewer edges, then neuron by neuron from the start the
    later layer, then the lower channel.
    """
    searched = _Searched(graph, sorted(set(starts) - set(ends), key=by_place), frozenset(ends))
    strengths = sorted({strength for targets in graph.above.values() for strength in targets.values()}, reverse=True)
    if not strengths or searched.number(strengths[-1]) == 0:
        return []
    place = min(bisect_left(strengths, k, key=searched.number), len(strengths) - 1)
    found: list[tuple[float, Chain]] = []
    if place > 0 and searched.number(strengths[place - 1]) > 0:
        found = list(searched.all_above(strengths[place - 1]))
    found.sort(key=lambda entry: (-entry[0], len(entry[1]), [by_place(node) for node in entry[1]]))
    exact = searched.exactly(strengths[place])
    return found + [(strengths[place], chain) for chain in islice(exact, k - len(found))]


@dataclass(frozen=True)
class _Searched:
    """A graph, from where to where, with no start among the ends."""

    graph: PathGraph
    starts: Sequence[Node]
    ends: frozenset[Node]

    def number(self, threshold: float) -> int:
        """How many chains have no edge weaker than the threshold."""
        ways = self._ways(threshold)
        return sum(ways.get(start, 0) for start in self.starts)

    def all_above(self, threshold: float) -> Iterator[tuple[float, Chain]]:
        """Every chain without an edge weaker than the threshold, in no order, with its weakest edge's strength."""
        ways = self._ways(threshold)

        def onwards(chain: Chain, width: float) -> Iterator[tuple[float, Chain]]:
            if chain[-1] in self.ends:
                yield width, chain
                return
            for target, strength in self.graph.above.get(chain[-1], {}).items():
                if strength >= threshold and target in ways:
                    yield from onwards([*chain, target], min(width, strength))

        for start in self.starts:
            yield from onwards([start], float("inf"))

    def exactly(self, width: float) -> Iterator[Chain]:
        """The chains whose weakest edge has this strength, in their order."""
        any_length, with_weakest = self._lengths(width)
        possible = 0
        for start in self.starts:
            possible |= with_weakest.get(start, 0)

        def onwards(chain: Chain, left: int, met: bool) -> Iterator[Chain]:
            if left == 0:
                yield chain
                return
            targets = self.graph.above[chain[-1]]
            for target in sorted(targets, key=by_place):
                if targets[target] >= width:
                    now_met = met or targets[target] == width
                    lengths = any_length if now_met else with_weakest
                    if lengths.get(target, 0) >> (left - 1) & 1:
                        yield from onwards([*chain, target], left - 1, now_met)

        for length in range(possible.bit_length()):
            for start in self.starts:
                if with_weakest.get(start, 0) >> length & 1:
                    yield from onwards([start], length, False)

    def _ways(self, threshold: float) -> dict[Node, int]:
        """For each node from which an end is reached over such edges, how many chains do."""
        ways: dict[Node, int] = {}
        for node in sorted(self.graph.nodes, key=by_place):
            number = int(node in self.ends)
            if not number:
                for target, strength in self.graph.above.get(node, {}).items():
                    if strength >= threshold:
                        number += ways.get(target, 0)
            if number:
                ways[node] = number
        return ways

    def _lengths(self, width: float) -> tuple[dict[Node, int], dict[Node, int]]:
        """For each node the lengths of chains to an end over edges at least so strong; bit n is set for n edges.

        First of any such chains, then of those in which an edge of exactly this strength is met.
        """
        any_length: dict[Node, int] = dict.fromkeys(self.ends, 1)
        with_weakest: dict[Node, int] = {}
        for node in sorted(self.graph.nodes - self.ends, key=by_place):
            plain = weakest = 0
            for target, strength in self.graph.above.get(node, {}).items():
                if strength >= width:
                    plain |= any_length.get(target, 0) << 1
                    weakest |= (any_length if strength == width else with_weakest).get(target, 0) << 1
            any_length[node], with_weakest[node] = plain, weakest
        return any_length, with_weakest
