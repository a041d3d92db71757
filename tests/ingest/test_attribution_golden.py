"""Golden vectors: from the expected counts to the expected graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.attribution import class_graph
from tests.ingest.golden import VECTORS, counts_of, parameters_of, read_vector, structure_of


@pytest.mark.parametrize("name", VECTORS)
def test_the_graph_of_every_golden_vector_comes_out(shared: Path, name: str) -> None:
    vector = read_vector(shared / "definitions", name)
    structure = structure_of(vector)
    neurons = [f"{layer.name}/{channel}" for layer in structure.layers for channel in range(layer.channels)]
    for expected in vector["classes"]:
        graph = class_graph(counts_of(expected), structure, parameters_of(vector))
        source, target = graph.edges.source.tolist(), graph.edges.target.tolist()
        edges = list(zip(source, target, graph.edges.count.tolist(), strict=True))
        assert [[neurons[i], neurons[j], count] for i, j, count in edges] == expected["edges"]
        assert graph.caps == expected["m"]
        importance = dict(zip(neurons, np.concatenate(list(graph.importance.values())), strict=True))
        assert {neuron for neuron, value in importance.items() if value > 0} <= set(expected["importance"])
        for neuron, value in expected["importance"].items():
            assert importance[neuron] == pytest.approx(value, rel=1e-11, abs=1e-12)
        assert graph.mass_thousandths == expected["mass_thousandths"]
        selected = np.concatenate(list(graph.selected.values()))
        assert [neurons[i] for i in np.flatnonzero(selected)] == expected["selected"]
        kept = [
            [neurons[i], neurons[j], count]
            for (i, j, count), keep in zip(edges, graph.edge_selected, strict=True)
            if keep
        ]
        assert kept == expected["selected_edges"]


def test_every_golden_vector_is_tried(shared: Path) -> None:
    assert {path.stem for path in (shared / "definitions").glob("*.json")} == set(VECTORS)
