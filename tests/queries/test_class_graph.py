"""A class's graph as it is drawn: the selected rows of the tables, in slots, with what part of the whole they are."""

from __future__ import annotations

import pytest

from summit_graph.errors import NotFound
from summit_graph.queries import class_graph
from summit_graph.queries.slots import crossings
from summit_graph.run import Run
from summit_graph.store import Store


def selected(run: Run, table: str, number: int) -> list[dict[str, int]]:
    return [row for row in run.table(table, number).to_pylist() if row["selected"]]


@pytest.mark.parametrize("number", [0, 1, 4, 7])
def test_nodes_and_edges_are_the_selected_rows(store: Store, small_run: Run, number: int) -> None:
    graph = class_graph(store, number, "small")
    layers = {entry.index: entry.name for entry in small_run.manifest.layers}
    neurons = {
        row["neuron"]: f"{layers[row['layer_index']]}/{row['channel']}"
        for row in small_run.table("neurons").to_pylist()
    }
    nodes = {
        neurons[row["neuron"]]: (row["count"], row["importance"]) for row in selected(small_run, "activations", number)
    }
    assert {node.neuron: (node.count, node.importance) for node in graph.nodes} == nodes
    assert all(node.neuron == f"{node.layer}/{node.channel}" for node in graph.nodes)
    assert all(node.share == node.count / 16 for node in graph.nodes)
    edges = {
        (neurons[row["source"]], neurons[row["target"]], row["count"])
        for row in selected(small_run, "influences", number)
    }
    assert {(edge.source, edge.target, edge.count) for edge in graph.edges} == edges
    assert len(graph.edges) == len(edges)
    assert [layer.name for layer in graph.layers] == list(layers.values())


@pytest.mark.parametrize("number", [0, 1, 4, 7])
def test_each_row_has_the_slots_from_0_and_few_edges_cross(store: Store, number: int) -> None:
    graph = class_graph(store, number, "small")
    rows: dict[int, list[str]] = {layer.index: [] for layer in graph.layers}
    for node in sorted(graph.nodes, key=lambda node: (node.layer_index, node.slot)):
        assert node.slot == len(rows[node.layer_index])
        rows[node.layer_index].append(node.neuron)
    ends = [(edge.source, edge.target) for edge in graph.edges]
    by_importance = [[n.neuron for n in graph.nodes if n.layer_index == layer.index] for layer in graph.layers]
    assert crossings(list(rows.values()), ends) <= crossings(by_importance, ends)
    assert class_graph(store, number, "small") == graph


@pytest.mark.parametrize("number", [0, 1, 4, 7])
def test_kept_is_the_part_of_the_totals_before_selection(store: Store, small_run: Run, number: int) -> None:
    kept = class_graph(store, number, "small").kept
    everything = small_run.table("activations", number).to_pylist()
    importance = sum(row["importance"] for row in everything if row["selected"]) / sum(
        row["importance"] for row in everything
    )
    edges = small_run.table("influences", number).to_pylist()
    influence = sum(row["count"] for row in edges if row["selected"]) / sum(row["count"] for row in edges)
    assert kept.importance == pytest.approx(importance)
    assert kept.influence == pytest.approx(influence)


def test_a_class_without_a_graph_is_empty(store: Store) -> None:
    graph = class_graph(store, "never seen", "small")
    assert (graph.nodes, graph.edges) == ((), ())
    assert graph.of_class.images == 0
    assert len(graph.layers) == 4


def test_a_class_is_found_by_name_and_an_unknown_one_refused(store: Store) -> None:
    assert class_graph(store, "brown bear").of_class.number == 4
    assert class_graph(store, "brown bear").run == "small"
    with pytest.raises(NotFound, match="the nearest is brown bear"):
        class_graph(store, "black bear")
