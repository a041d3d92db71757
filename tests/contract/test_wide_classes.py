"""Classes that activate more neurons than the embedded engine takes at a time (2,048): no row may be lost.

A filter between two steps of a pattern lost rows there, whatever it said, and none in smaller classes (ladybug 0.22.0).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import summit_graph
from benchmarks.scale_questions import Source
from summit_graph.graph import Graph
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.runs import make_run

CLASSES = [0, 1, 2]
LAYERS = {"low": 6_000, "high": 20}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Graph, Run]]:
    folder = tmp_path_factory.mktemp("wide")
    names = [f"class {number}" for number in CLASSES]
    run = make_run(folder / "run", run="wide", classes=names, layers=LAYERS, edge_share=0.002, examples=False)
    store = open_store(str(folder / "wide.lbug"), must_exist=False)
    store.load(run)
    store.close()
    with summit_graph.connect(folder / "wide.lbug") as graph:
        yield graph, run


@pytest.mark.parametrize("layer", [None, *LAYERS])
def test_two_classes_share_what_their_tables_share(wide: tuple[Graph, Run], layer: str | None) -> None:
    graph, run = wide
    source = Source(run)
    selected = {number: {name for name in source.neurons(number)["neuron"] if _in(layer, name)} for number in CLASSES}
    for a in CLASSES:
        shared = {number: selected[a] & selected[number] for number in CLASSES if number != a}
        for b, both in shared.items():
            rows = graph.query("shared_neurons", class_a=a, class_b=b, layer=layer, limit=10_000).rows
            assert {row["neuron"] for row in rows} == both
        rows = graph.query("sharing_classes", class_=a, layer=layer).rows
        counted = {row["class"]: (row["shared"], row["neurons"]) for row in rows}
        assert counted == {b: (len(both), len(selected[b])) for b, both in shared.items() if both}


def test_the_classes_are_wide_and_not_all_is_selected(wide: tuple[Graph, Run]) -> None:
    _, run = wide
    for number in CLASSES:
        rows = run.table("activations", number)
        chosen = rows["selected"].to_numpy().sum()
        assert rows.num_rows > 4_096
        assert 0 < chosen < rows.num_rows


def _in(layer: str | None, neuron: str) -> bool:
    return layer is None or neuron.startswith(f"{layer}/")
