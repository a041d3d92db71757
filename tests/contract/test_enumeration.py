"""Path queries against enumeration in Cypher: each engine writes down every chain of a small graph, and the best win.

Enumeration ends on small graphs only (a dense class has millions of chains), which is why the queries search.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.store import Store
from tests.contract.chains import Place
from tests.contract.oracle import Oracle, Row

pytestmark = pytest.mark.timeout(1200)

RUNS = ("small", "countless", "wide")
MOST_CLASSES, K = 4, 12
CHAINS = {
    "neo4j": "MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex) MATCH p = (v)-[:FEEDS*1..]->(:Vertex) "
    "RETURN [x IN nodes(p) | x.layer_index] AS layers, [x IN nodes(p) | x.channel] AS channels, "
    "[e IN relationships(p) | e.count] AS counts, all(e IN relationships(p) WHERE e.selected) AS selected",
    "ladybug": "MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex) MATCH p = (v)-[:FEEDS*1..9]->(:Vertex) "
    "RETURN properties(nodes(p), 'layer_index') AS layers, properties(nodes(p), 'channel') AS channels, "
    "properties(rels(p), 'count') AS counts, all(e IN rels(p) WHERE e.selected) AS selected",
}
"""Every chain of a class's graph."""
VERTICES = (
    "MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex) "
    "RETURN v.layer_index AS layer, v.channel AS channel, v.selected AS selected"
)
Chain = tuple[Place, ...]


@dataclass(frozen=True)
class Enumerated:
    """A class's vertices, and every chain of its graph with the count of each of its edges."""

    vertices: set[Place]
    chains: Mapping[Chain, tuple[int, ...]]
    images: int | None

    def layer(self, choose: Callable[[list[int]], int]) -> set[Place]:
        """The vertices of the first (min) or last (max) layer that has any."""
        wanted = choose([layer for layer, _ in self.vertices])
        return {place for place in self.vertices if place[0] == wanted}

    def best_up(self, start: Place) -> tuple[float, Chain] | None:
        """The strongest chain from a vertex up to the last layer, without an edge where it is there already."""
        last = self.layer(max)
        if start in last:
            return math.inf, (start,)
        found = [(self.strength(chain), chain) for chain in self.chains if chain[0] == start and chain[-1] in last]
        return min(found, key=best_first, default=None)

    def strength(self, chain: Chain) -> float:
        """That of the weakest edge: its share, its count where the class's images are unknown."""
        weakest = min(self.chains[chain])
        return float(weakest) if self.images is None else weakest / self.images


def best_first(found: tuple[float, Chain]) -> tuple[float, int, list[tuple[int, int]]]:
    """The order that the queries' headers promise."""
    strength, chain = found
    return -strength, len(chain), places(chain)


def places(chain: Chain) -> list[tuple[int, int]]:
    """Neuron by neuron the later layer, then the lower channel."""
    return [(-layer, channel) for layer, channel in chain]


@pytest.fixture(scope="module", params=RUNS)
def oracle(request: pytest.FixtureRequest, oracles: Mapping[str, Oracle]) -> Oracle:
    """Names and images, by class."""
    return oracles[request.param]


@pytest.fixture(scope="module", params=["selected", "all"])
def graphs(request: pytest.FixtureRequest, store: Store, oracle: Oracle) -> tuple[str, dict[int, Enumerated]]:
    """The scope, and some classes' graphs as the engine enumerates them."""
    found = {}
    for number in sorted(oracle.classes)[:MOST_CLASSES]:
        asked = {"class": f"{oracle.run}/{number}"}
        vertices = store.read(VERTICES, asked).by_name()
        chains = store.read(CHAINS[store.dialect], asked).by_name()
        found[number] = Enumerated(
            {(row["layer"], row["channel"]) for row in vertices if row["selected"] or request.param == "all"},
            {
                tuple(zip(row["layers"], row["channels"], strict=True)): tuple(row["counts"])
                for row in chains
                if row["selected"] or request.param == "all"
            },
            oracle.classes[number]["images"],
        )
    assert any(len(chain) > 2 for graph in found.values() for chain in graph.chains)
    return request.param, found


def asked(store: Store, oracle: Oracle, query: str, **values: Any) -> list[Row]:
    return run_query(store, packaged_catalogue().get(query), {**values, "run": oracle.run}).rows


def test_the_widest_paths_are_the_best_of_all_chains(
    store: Store, oracle: Oracle, graphs: tuple[str, dict[int, Enumerated]]
) -> None:
    scope, found = graphs
    for number, graph in found.items():
        starts, ends = graph.layer(min), graph.layer(max)
        whole = [(graph.strength(chain), chain) for chain in graph.chains if chain[0] in starts and chain[-1] in ends]
        rows = asked(store, oracle, "widest_paths", **{"class": number, "scope": scope, "k": K})
        assert [(row["strength"], row["chain"]) for row in rows] == [
            (strength, [oracle.name_of[place] for place in chain])
            for strength, chain in sorted(whole, key=best_first)[:K]
        ]


def test_the_common_chain_is_the_longest_and_strongest_of_both(
    store: Store, oracle: Oracle, graphs: tuple[str, dict[int, Enumerated]]
) -> None:
    scope, found = graphs
    for a, b in combinations(found, 2):
        one, other = found[a], found[b]

        def order(chain: Chain, one: Enumerated = one, other: Enumerated = other) -> Any:
            return -len(chain), -min(one.strength(chain), other.strength(chain)), places(chain)

        chains = sorted(one.chains.keys() & other.chains.keys(), key=order)
        rows = asked(store, oracle, "common_chain", class_a=a, class_b=b, scope=scope)
        assert [(row["edges"], row["strength"], row["chain"]) for row in rows] == [
            (len(chain) - 1, -order(chain)[1], [oracle.name_of[place] for place in chain]) for chain in chains[:1]
        ]


def test_the_meetings_are_the_best_of_all_chains_of_both(
    store: Store, oracle: Oracle, graphs: tuple[str, dict[int, Enumerated]]
) -> None:
    scope, found = graphs
    met = 0
    for a, b in combinations(found, 2):
        expected = []
        for place in found[a].vertices & found[b].vertices:
            up_a, up_b = found[a].best_up(place), found[b].best_up(place)
            if up_a is not None and up_b is not None:
                expected.append((min(up_a[0], up_b[0]), place, up_a[1], up_b[1]))
        expected.sort(key=lambda meeting: (-meeting[0], places((meeting[1],))))
        met += len(expected)
        rows = asked(store, oracle, "meeting", class_a=a, class_b=b, scope=scope, k=K)
        direct = [row for row in rows if {row["class_a"], row["class_b"]} == {a, b}]
        assert [(row["neuron"], row["chain_a"], row["chain_b"]) for row in direct] == [
            (
                oracle.name_of[place],
                [oracle.name_of[step] for step in reversed(chain_a)],
                [oracle.name_of[step] for step in chain_b],
            )
            for _, place, chain_a, chain_b in expected[:K]
        ]
    assert met
