"""Personalized PageRank: its error bound, its zeros, its refusals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from ingest.attribution.pagerank import ERROR_BOUND, pagerank
from summit_graph.errors import SummitError


def random_graph(seed: int, nodes: int, edges: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Random distinct edges, sorted, with weights over four orders of magnitude."""
    random = np.random.default_rng(seed)
    source, target = np.sort(random.integers(0, nodes, (2, edges)), axis=0)
    keys = np.unique(source[source != target] * nodes + target[source != target])
    weight = np.ceil(10 ** random.uniform(0, 4, len(keys)))
    return (keys // nodes).astype(np.int32), (keys % nodes).astype(np.int32), weight.astype(np.int32)


def exact_stationary_vector(
    source: NDArray[np.int32],
    target: NDArray[np.int32],
    weight: NDArray[np.int32],
    personalization: list[Fraction],
    damping: Fraction,
) -> list[Fraction]:
    """Gaussian elimination in fractions: no rounding at all."""
    nodes = len(personalization)
    table = [[Fraction(0)] * nodes for _ in range(nodes)]
    for i, j, count in zip(source.tolist(), target.tolist(), weight.tolist(), strict=True):
        table[i][j] = table[j][i] = Fraction(count)
    degree = [sum(row) for row in table]
    rows = [
        [Fraction(i == j) - (damping * table[i][j] / degree[j] if degree[j] else 0) for j in range(nodes)]
        + [(1 - damping) * personalization[i]]
        for i in range(nodes)
    ]
    for place in range(nodes):
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for other in range(nodes):
            if other != place and rows[other][place]:
                factor = rows[other][place]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[place], strict=True)]
    return [row[-1] for row in rows]


@pytest.mark.parametrize("damping", [0.5, 0.85, 0.999])
@pytest.mark.parametrize("seed", range(8))
def test_the_distance_to_the_exact_vector_is_below_the_bound(seed: int, damping: float) -> None:
    source, target, weight = random_graph(seed, 12, 30)
    inside = np.isin(np.arange(12), np.concatenate([source, target]))
    counts = np.random.default_rng(seed).integers(0, 3, 12) * inside
    total = int(counts.sum())
    exact = exact_stationary_vector(
        source, target, weight, [Fraction(int(n), total) for n in counts], Fraction(damping)
    )
    found = pagerank(source, target, weight, counts.astype(np.float64), damping=damping)
    assert sum(abs(Fraction(a) - b) for a, b in zip(found.tolist(), exact, strict=True)) < ERROR_BOUND
    assert [value == 0 for value in found.tolist()] == [value == 0 for value in exact]


def test_a_large_graph_equals_power_iteration_in_extended_precision() -> None:
    source, target, weight = random_graph(1, 5000, 40000)
    personalization = np.random.default_rng(1).random(5000) ** 8
    found = pagerank(source, target, weight, personalization, damping=0.85)
    upwards = sp.csr_array((weight.astype(np.longdouble), (source, target)), shape=(5000, 5000))
    table = (upwards + upwards.T).tocsr()
    degree = table @ np.ones(5000, np.longdouble)
    restart = np.where(degree > 0, personalization, 0).astype(np.longdouble)
    restart /= restart.sum()
    value = restart
    for _ in range(220):  # 0.85 ** 220 < 1e-15
        spread = table @ (value / np.where(degree > 0, degree, 1))
        value = np.longdouble(0.85) * spread + (1 - np.longdouble(0.85)) * restart
    assert float(np.abs(found - value).sum()) < ERROR_BOUND


def test_a_chain_that_leads_far_from_personalization_stays_above_zero() -> None:
    nodes = 200
    source = np.arange(nodes - 1, dtype=np.int32)
    weight = np.ones(nodes - 1, np.int32)
    personalization = np.zeros(nodes)
    personalization[0] = 1
    found = pagerank(source, source + 1, weight, personalization, damping=0.3)
    assert 0 < found[-1] < 1e-15
    assert np.all(found > 0)


def test_a_component_without_personalization_is_exactly_zero() -> None:
    source, target, weight = np.array([[0, 2, 3], [1, 3, 4], [5, 7, 9]], np.int32)
    for networkx_stop in (False, True):
        found = pagerank(source, target, weight, np.array([1.0, 0, 0, 0, 0]), damping=0.85, networkx_stop=networkx_stop)
        assert np.all(found[:2] > 0)
        assert np.all(found[2:] == 0)


def test_no_personalization_at_all_means_uniform_over_the_nodes_with_an_edge() -> None:
    source, target, weight = np.array([[0, 2], [1, 3], [5, 1]], np.int32)
    found = pagerank(source, target, weight, np.zeros(5), damping=0.85)
    assert found == pytest.approx([0.25, 0.25, 0.25, 0.25, 0.0])


def test_a_damping_too_near_one_is_refused() -> None:
    source, target, weight = random_graph(2, 300, 2000)
    with pytest.raises(SummitError, match=r"--damping is 0\.9999999999"):
        pagerank(source, target, weight, np.arange(300.0), damping=0.9999999999)
