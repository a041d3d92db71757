"""Path searches against enumeration: over a thousand small random graphs, full of ties."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from summit_graph.search.common_chain import common_chain, in_common, longest_chain
from summit_graph.search.graph import Fetched, Node, PathGraph, Row, by_place
from summit_graph.search.meeting import meeting, meetings
from summit_graph.search.neighbourhood import neighbourhood
from summit_graph.search.similarity import similar_classes
from summit_graph.search.widest import widest_chain, widths_up
from summit_graph.search.widest_paths import widest_chains, widest_paths
from tests.queries.enumeration import best_chain, best_chains, longest_common_chain
from tests.services.evidence import Section

SEEDS, MORE_SEEDS = range(1_200), range(1_200, 11_200)


def random_graph(generator: random.Random) -> PathGraph:
    """Up to five layers of up to five channels; edges skip layers; three strengths, so that chains tie."""
    layers = generator.randint(1, 5)
    nodes = [Node(layer, channel) for layer in range(layers) for channel in range(5) if generator.random() < 0.6] or [
        Node(0, 0)
    ]
    density = generator.choice([0.2, 0.5, 0.9])
    above: dict[Node, dict[Node, float]] = {}
    for source in nodes:
        for target in nodes:
            if source.layer_index < target.layer_index and generator.random() < density:
                above.setdefault(source, {})[target] = generator.choice([0.25, 0.5, 0.75])
    return PathGraph(frozenset(nodes), above)


def compare_chains_to_the_top(seed: int) -> int:
    """From every node the widest chain upwards is enumeration's; how many nodes have one."""
    graph = random_graph(random.Random(seed))
    ends = graph.last_layer
    widths = widths_up(graph, ends)
    compared = 0
    for node in graph.nodes:
        best = best_chain(graph.above, node, ends)
        if best is None:
            assert node not in widths, seed
            continue
        assert widths[node] == best[0], seed
        assert widest_chain(graph, node, widths[node], ends) == best[1], seed
        compared += 1
    return compared


def compare_meetings(seed: int) -> int:
    """The k meetings of two graphs are enumeration's; how many there are."""
    generator = random.Random(seed)
    one, other = random_graph(generator), random_graph(generator)
    expected = []
    for node in one.nodes & other.nodes:
        in_one, in_other = (best_chain(graph.above, node, graph.last_layer) for graph in (one, other))
        if in_one is not None and in_other is not None:
            expected.append((node, in_one[0], in_other[0]))
    expected.sort(key=lambda found: (-min(found[1], found[2]), by_place(found[0])))
    k = generator.randint(1, 6)
    assert meetings(one, other, k) == expected[:k], seed
    return len(expected)


def compare_widest_paths(seed: int) -> int:
    """The k widest paths are enumeration's, for every kind of question; how many there are."""
    generator = random.Random(seed)
    graph = random_graph(generator)
    nodes = sorted(graph.nodes)
    k = generator.randint(1, 12)
    one, other = generator.choice(nodes), generator.choice(nodes)
    compared = 0
    # From the lowest layer or from a neuron, to a neuron or to the highest layer.
    for starts in (graph.first_layer, frozenset({one})):
        for ends in (graph.last_layer, frozenset({other})):
            expected = best_chains(graph.above, starts, ends)[:k]
            assert widest_chains(graph, starts, ends, k) == expected, seed
            compared += len(expected)
    return compared


def compare_common_chains(seed: int) -> int:
    """The longest common chain of two graphs is enumeration's; how many edges it has."""
    generator = random.Random(seed)
    one, other = random_graph(generator), random_graph(generator)
    chain = longest_chain(in_common(one, other))
    assert chain == longest_common_chain(one.above, other.above), seed
    return max(0, len(chain) - 1)


COMPARISONS: dict[str, Callable[[int], int]] = {
    "widest chain from each node": compare_chains_to_the_top,
    "meetings": compare_meetings,
    "widest_paths": compare_widest_paths,
    "common_chain": compare_common_chains,
}


@pytest.mark.parametrize("search", COMPARISONS)
def test_a_search_finds_what_enumeration_finds_on_random_graphs(search: str) -> None:
    found = [COMPARISONS[search](seed) for seed in SEEDS]
    assert sum(number > 1 for number in found) > len(SEEDS) / 10


@pytest.mark.long
@pytest.mark.parametrize("search", COMPARISONS)
def test_a_search_finds_what_enumeration_finds_on_ten_thousand_graphs(search: str, evidence: Section) -> None:
    found = [COMPARISONS[search](seed) for seed in MORE_SEEDS]
    graphs = f"{len(MORE_SEEDS):,} random graphs, {sum(map(bool, found)):,} with an answer"
    evidence.record("Path searches against enumeration", search, f"{graphs}: 0 differences")


A, B, C, D = "run/1", "run/2", "run/3", "run/4"


def vertices(class_id: str, images: int | None, *edges: tuple[str, str, int]) -> list[Row]:
    """Rows as the query's text fetches them: `("0/5", "1/2", 30)` is an edge of count 30 from channel 5 of layer 0."""
    nodes = dict.fromkeys(end for edge in edges for end in edge[:2])
    return [
        row_of(class_id, images, node, *((target, count) for source, target, count in edges if source == node))
        for node in nodes
    ]


def row_of(class_id: str, images: int | None, node: str, *onwards: tuple[str, int]) -> Row:
    layer, channel = map(int, node.split("/"))
    targets = [tuple(map(int, target.split("/"))) for target, _ in onwards]
    return {
        "class_id": class_id,
        "class": int(class_id.rpartition("/")[2]),
        "images": images,
        "layer": f"layer{layer}",
        "layer_index": layer,
        "channel": channel,
        "target_layer_indexes": [target[0] for target in targets],
        "target_channels": [target[1] for target in targets],
        "counts": [count for _, count in onwards],
    }


def asked(fetched: Mapping[str, list[Row]], between: list[int], k: int = 5) -> list[Row]:
    """The rows of `meeting` from class 1 to class 2, with other classes to be fetched."""
    wanted: list[str] = []

    def fetch(name: str, values: Mapping[str, Any]) -> list[Row]:
        if name == "bridging_classes":
            return [{"class": number} for number in between]
        assert values["class_a"] == values["class_b"]
        wanted.append(values["class_a"])
        return fetched[values["class_a"]]

    values = {"run": "run", "class_a": A, "class_b": B, "scope": "selected", "k": k, "limit": None}
    rows = meeting([*fetched[A], *fetched[B]], values, fetch)
    assert wanted == [f"run/{number}" for number in between[: len(wanted)]]
    return rows


def test_a_chain_is_as_strong_as_its_weakest_edge_and_the_weaker_side_ranks() -> None:
    rows = asked(
        {
            A: vertices(A, 100, ("0/0", "1/0", 90), ("1/0", "2/0", 40), ("0/1", "2/0", 50)),
            B: vertices(B, 50, ("0/0", "1/1", 45), ("1/1", "2/1", 40), ("0/1", "2/1", 20)),
        },
        [],
    )
    assert [(row["neuron"], row["strength"], row["strength_a"], row["strength_b"]) for row in rows] == [
        ("layer0/0", 0.4, 0.4, 0.8),
        ("layer0/1", 0.4, 0.5, 0.4),
    ]
    assert rows[0]["chain_a"] == ["layer2/0", "layer1/0", "layer0/0"]
    assert rows[0]["chain_b"] == ["layer0/0", "layer1/1", "layer2/1"]


def test_a_neuron_of_both_last_layers_needs_no_chain() -> None:
    edges = ("0/0", "1/0", 9)
    row = asked({A: vertices(A, 10, edges), B: vertices(B, 10, edges)}, [])[0]
    assert (row["neuron"], row["strength"], row["chain_a"], row["chain_b"]) == (
        "layer1/0",
        None,
        ["layer1/0"],
        ["layer1/0"],
    )


def test_counts_are_compared_where_one_class_has_no_images() -> None:
    rows = asked(
        {
            A: vertices(A, None, ("0/0", "1/0", 30), ("0/1", "1/0", 20)),
            B: vertices(B, 1000, ("0/0", "1/1", 10), ("0/1", "1/1", 900)),
        },
        [],
    )
    assert [(row["neuron"], row["strength"]) for row in rows] == [("layer0/1", 20.0), ("layer0/0", 10.0)]


def test_the_first_third_class_that_meets_both_is_named() -> None:
    fetched = {
        A: vertices(A, 10, ("0/0", "1/0", 5)),
        B: vertices(B, 10, ("0/9", "1/9", 5)),
        # Class 3 has neurons of both, but its way up from class 1's ends before the last layer.
        C: [*vertices(C, 10, ("0/9", "2/9", 5)), row_of(C, 10, "0/0")],
        D: vertices(D, 10, ("0/0", "1/4", 6), ("0/9", "1/4", 7)),
    }
    rows = asked(fetched, [3, 4])
    assert [(row["leg"], row["class_a"], row["class_b"], row["neuron"]) for row in rows] == [
        (1, 1, 4, "layer0/0"),
        (2, 4, 2, "layer0/9"),
    ]
    assert asked(fetched, [3]) == []
    assert asked(fetched, []) == []


def test_a_class_without_vertices_meets_none() -> None:
    assert asked({A: vertices(A, 10, ("0/0", "1/0", 5)), B: []}, [4]) == []


@pytest.mark.parametrize("k", [1, 2, 3])
def test_no_more_than_k_meetings_are_answered(k: int) -> None:
    edges = [(f"0/{channel}", "1/0", 5) for channel in range(3)]
    rows = asked({A: vertices(A, 10, *edges), B: vertices(B, 10, *edges)}, [], k=k)
    assert len(rows) == k


def test_vertices_fetched_twice_count_once() -> None:
    fetched = Fetched()
    rows = vertices(A, 10, ("0/0", "1/0", 5))
    fetched.add([*rows, *rows])
    assert fetched.classes[A].graph(by_count=False).above == {Node(0, 0): {Node(1, 0): 0.5}}


PATHS: dict[str, Any] = {"run": "run", "class": A, "source": None, "target": None, "k": 9, "limit": None}


def nothing_else(name: str, values: Mapping[str, Any]) -> list[Row]:
    assert name == "layers"
    return [{"layer": f"layer{index}", "layer_index": index} for index in range(4)]


def test_every_path_comes_with_its_weakest_edge_and_layers_bound_it() -> None:
    rows = vertices(
        A, 10, ("0/0", "1/0", 7), ("1/0", "2/0", 7), ("2/0", "3/0", 9), ("0/0", "2/0", 4), ("1/1", "3/0", 8)
    )
    found = widest_paths(rows, {**PATHS, "lowest": None, "highest": None}, nothing_else)
    assert [(row["rank"], row["strength"], row["edges"], row["weakest_edge"]) for row in found] == [
        (1, 0.7, 3, ["layer0/0", "layer1/0"]),
        (2, 0.4, 2, ["layer0/0", "layer2/0"]),
    ]
    found = widest_paths(rows, {**PATHS, "lowest": "layer1", "highest": None}, nothing_else)
    assert [row["chain"] for row in found] == [["layer1/1", "layer3/0"], ["layer1/0", "layer2/0", "layer3/0"]]
    found = widest_paths(rows, {**PATHS, "lowest": "layer1", "highest": "layer2"}, nothing_else)
    assert [row["chain"] for row in found] == [["layer1/0", "layer2/0"]]
    found = widest_paths(rows, {**PATHS, "lowest": None, "highest": None, "target": "run/layer1/1"}, nothing_else)
    assert found == []


def test_the_common_chain_says_where_two_classes_part() -> None:
    rows = [
        *vertices(A, 10, ("0/0", "1/0", 7), ("1/0", "2/0", 6), ("2/0", "3/0", 5), ("2/0", "3/1", 6)),
        *vertices(B, 10, ("0/0", "1/0", 5), ("1/0", "2/0", 9), ("2/0", "3/2", 5), ("0/5", "1/0", 9)),
    ]
    values = {"run": "run", "class_a": A, "class_b": B, "lowest": None, "highest": None}
    [row] = common_chain(rows, values, nothing_else)
    assert (row["edges"], row["strength"], row["weakest_edge"]) == (2, 0.5, ["layer0/0", "layer1/0"])
    assert (row["start"], row["from_bottom"]) == ("layer0/0", True)
    assert (row["parting"], row["parting_layer"]) == ("layer2/0", "layer2")
    assert (row["onward_a"], row["onward_b"]) == (["layer3/1", "layer3/0"], ["layer3/2"])
    assert common_chain(rows[:1], values, nothing_else) == []


def test_the_neighbourhood_goes_both_ways_step_by_step() -> None:
    rows = vertices(
        A, 10, ("0/0", "1/0", 7), ("1/0", "2/0", 6), ("0/0", "2/0", 3), ("2/0", "3/0", 5), ("0/1", "1/0", 7)
    )
    values = {"run": "run", "class": A, "neuron": "run/layer2/0", "steps": 2}
    found = neighbourhood(rows, values, nothing_else)
    assert [(row["direction"], row["step"], row["source"], row["target"]) for row in found] == [
        ("in", 1, "layer1/0", "layer2/0"),
        ("in", 1, "layer0/0", "layer2/0"),
        ("in", 2, "layer0/0", "layer1/0"),
        ("in", 2, "layer0/1", "layer1/0"),
        ("out", 1, "layer2/0", "layer3/0"),
    ]
    assert neighbourhood(rows, {**values, "steps": 1}, nothing_else) == [row for row in found if row["step"] == 1]


def test_classes_that_are_equally_alike_come_by_number_with_their_rank_before() -> None:
    def row(layer: int, number: int, product: float, square: float) -> Row:
        return {
            "layer": f"layer{layer}",
            "layer_index": layer,
            "number": number,
            "name": str(number),
            "product": product,
            "square": square,
        }

    rows = [row(layer, number, 0.0, 4.0) for layer in (0, 1) for number in (1, 2, 3, 4)]
    rows += [row(0, 4, 2.0, 0.0), row(0, 3, 2.0, 0.0), row(0, 1, 4.0, 0.0), row(1, 2, 1.0, 0.0), row(1, 4, 3.0, 0.0)]
    found = similar_classes(rows, {"class": A, "layer": None, "k": 2}, nothing_else)
    assert [
        tuple(one[name] for name in ("layer_index", "rank", "class", "similarity", "rank_before")) for one in found
    ] == [
        (0, 1, 3, 0.5, None),
        (0, 2, 4, 0.5, None),
        (1, 1, 4, 0.75, 2),
        (1, 2, 2, 0.25, None),
    ]
