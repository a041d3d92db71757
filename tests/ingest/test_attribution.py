"""The attribution graph against its naive twin on random small architectures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ingest.attribution import ClassGraph, class_graph
from summit_graph.errors import NotFound
from tests.ingest import attribution_twin as twin

SEEDS = range(300)


def graph_of(case: twin.Case) -> ClassGraph:
    return class_graph(case.counts, case.structure, case.parameters)


def edges_of(graph: ClassGraph) -> dict[tuple[twin.Neuron, twin.Neuron], int]:
    edges = graph.edges
    sources = zip(edges.source_layer.tolist(), edges.source_channel.tolist(), strict=True)
    targets = zip(edges.target_layer.tolist(), edges.target_channel.tolist(), strict=True)
    return dict(zip(zip(sources, targets, strict=True), edges.count.tolist(), strict=True))


def importance_of(graph: ClassGraph) -> dict[twin.Neuron, float]:
    return {
        (index, channel): float(value)
        for index, values in enumerate(graph.importance.values())
        for channel, value in enumerate(values)
    }


def test_edges_and_caps_equal_those_of_chains_walked_one_by_one() -> None:
    ends, through_two_inner, ties = 0, 0, 0
    for seed in SEEDS:
        case = twin.random_case(seed)
        graph = graph_of(case)
        expected, caps = twin.edges(case)
        assert edges_of(graph) == expected, seed
        assert graph.caps == caps, seed
        ends += len(expected)
        through_two_inner += any(hop.target_tensor[:5] == hop.source_tensor[:5] == "inner" for hop in case.counts.hops)
        ties += len(set(expected.values())) < len(expected)
    assert min(ends / 50, through_two_inner, ties) > 50


def test_edges_are_in_layer_and_channel_order() -> None:
    for seed in SEEDS:
        edges = list(edges_of(graph_of(twin.random_case(seed))))
        assert edges == sorted(edges)


def test_importance_equals_networkx_and_is_zero_without_personalization() -> None:
    islands, uniform = 0, 0
    for seed in SEEDS:
        case = twin.random_case(seed)
        graph = graph_of(case)
        expected = twin.importance(case, edges_of(graph))
        for neuron, value in importance_of(graph).items():
            assert value == pytest.approx(expected.get(neuron, 0.0), abs=1e-12), (seed, neuron)
            assert (value == 0.0) == (expected.get(neuron, 0.0) == 0.0), (seed, neuron)
        islands += 0.0 in expected.values()
        uniform += not any(counts.any() for counts in case.counts.activations.values())
    assert min(islands, uniform) > 10


def test_networkx_stop_ends_where_networkx_ends() -> None:
    for seed in SEEDS[:100]:
        case = twin.random_case(seed)
        case = replace(case, parameters=case.parameters.changed(networkx_stop=True))
        graph = graph_of(case)
        expected = twin.importance(case, edges_of(graph), tolerance=1e-6)
        for neuron, value in importance_of(graph).items():
            assert value == pytest.approx(expected.get(neuron, 0.0), rel=1e-11, abs=1e-12), (seed, neuron)


def test_selection_equals_a_selection_by_hand() -> None:
    raised, whole = 0, 0
    for seed in SEEDS:
        case = twin.random_case(seed)
        graph = graph_of(case)
        weights = edges_of(graph)
        chosen, mass = twin.selection(case, weights, importance_of(graph))
        selected = {
            (index, int(channel))
            for index, layer in enumerate(graph.selected.values())
            for channel in np.flatnonzero(layer)
        }
        assert selected == chosen, seed
        assert graph.mass_thousandths == mass, seed
        kept = [source in chosen and target in chosen for source, target in weights]
        assert graph.edge_selected.tolist() == kept, seed
        raised += len(set(mass.values())) > 1
        whole += max(mass.values()) == 1000 > case.parameters.attribution_thousandths
    assert raised > 20


def test_totals_are_sums_over_the_whole_graph() -> None:
    for seed in SEEDS[:50]:
        graph = graph_of(twin.random_case(seed))
        for index, (layer, totals) in enumerate(graph.totals.items()):
            downwards = [count for (_, target), count in edges_of(graph).items() if target[0] == index]
            assert totals.influence == sum(downwards)
            assert totals.importance == pytest.approx(float(np.sum(graph.importance[layer])), rel=1e-12)


def test_a_class_without_any_count_has_an_empty_graph() -> None:
    case = twin.random_case(7)
    silent = replace(case.counts, hops=(), activations={name: 0 * row for name, row in case.counts.activations.items()})
    graph = class_graph(silent, case.structure, case.parameters)
    assert len(graph.edges) == 0
    assert not graph.caps
    assert not any(selected.any() for selected in graph.selected.values())
    assert all(totals == (0.0, 0) for totals in graph.totals.values())


def test_an_excluded_neuron_is_in_no_graph() -> None:
    case = next(case for case in map(twin.random_case, SEEDS) if case.parameters.exclude and twin.edges(case)[0])
    graph = graph_of(case)
    for neuron in case.parameters.exclude:
        layer, channel = neuron.split("/")
        assert graph.importance[layer][int(channel)] == 0.0
        assert not graph.selected[layer][int(channel)]
        index = case.structure.by_name[layer].index
        assert not any((index, int(channel)) in ends for ends in edges_of(graph))


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        ("layr1/0", "no layer 'layr1'; the nearest are layer1"),
        ("layer0/99", "layer layer0 has the channels 0 to"),
        ("layer0", "give a neuron as LAYER/CHANNEL, such as layer0/0"),
        ("layer0/-1", "layer layer0 has the channels 0 to"),
    ],
)
def test_an_exclusion_that_does_not_exist_is_named(neuron: str, said: str) -> None:
    case = twin.random_case(3)
    with pytest.raises(NotFound, match=said):
        class_graph(case.counts, case.structure, case.parameters.changed(exclude=(neuron,)))
