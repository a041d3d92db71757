"""Places in the rows of a drawing: every node has one, few edges cross, the same every time."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from summit_graph.queries.slots import crossings, slots

Edges = list[tuple[str, str]]


def layered(seed: int) -> tuple[list[list[str]], Edges]:
    """A random layered graph with edges that skip rows."""
    generator = random.Random(seed)
    rows = [[f"{row}/{node}" for node in range(generator.randint(1, 7))] for row in range(5)]
    pairs = [(one, two) for lower, upper in combinations(rows, 2) for one in lower for two in upper]
    return rows, generator.sample(pairs, min(25, len(pairs)))


def ordered(rows: list[list[str]], place: dict[str, int]) -> list[list[str]]:
    return [sorted(row, key=place.__getitem__) for row in rows]


def crossed_naively(rows: list[list[str]], edges: Edges) -> int:
    """Every pair of edges between the same two rows, looked at."""
    at = {node: (index, slot) for index, row in enumerate(rows) for slot, node in enumerate(row)}
    ends = [sorted((at[one], at[two])) for one, two in edges]
    return sum(
        (a[0] == c[0] and b[0] == d[0]) and (a[1] - c[1]) * (b[1] - d[1]) < 0
        for (a, b), (c, d) in combinations(ends, 2)
    )


@pytest.mark.parametrize("seed", range(30))
def test_crossings_are_those_of_looking_at_every_pair(seed: int) -> None:
    rows, edges = layered(seed)
    assert crossings(rows, edges) == crossed_naively(rows, edges)


@pytest.mark.parametrize("seed", range(30))
def test_every_node_has_a_place_of_its_own_and_no_more_edges_cross(seed: int) -> None:
    rows, edges = layered(seed)
    place = slots(rows, edges)
    for row in rows:
        assert sorted(place[node] for node in row) == list(range(len(row)))
    assert crossings(ordered(rows, place), edges) <= crossings(rows, edges)
    assert slots(rows, edges) == place


def test_far_fewer_edges_cross_on_the_whole() -> None:
    graphs = [layered(seed) for seed in range(30)]
    before = sum(crossings(rows, edges) for rows, edges in graphs)
    after = sum(crossings(ordered(rows, slots(rows, edges)), edges) for rows, edges in graphs)
    assert after < 0.5 * before


def test_what_can_be_drawn_without_a_crossing_is() -> None:
    rows = [["a0", "a1", "a2", "a3"], ["b0", "b1", "b2", "b3"], ["c0", "c1", "c2", "c3"]]
    edges = [
        ("a0", "b3"),
        ("a1", "b2"),
        ("a2", "b1"),
        ("a3", "b0"),
        ("b3", "c1"),
        ("b2", "c0"),
        ("b0", "c2"),
        ("b1", "c3"),
    ]
    assert crossings(rows, edges) > 0
    assert crossings(ordered(rows, slots(rows, edges)), edges) == 0


def test_rows_without_nodes_or_edges_keep_their_order() -> None:
    assert slots([[], ["x", "y"], []], []) == {"x": 0, "y": 1}
    assert slots([], []) == {}
