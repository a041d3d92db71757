"""The drawing of a class's graph: every node in its layer's row, every edge between its ends, names as mere text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

import summit_graph
from summit_graph.graph import Graph
from summit_graph.notebook import class_svg
from summit_graph.queries import ClassGraph
from summit_graph.run import Run
from summit_graph.store import open_store

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def graph(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """A generated run in an embedded store."""
    path: Path = tmp_path_factory.mktemp("notebook") / "graph.lbug"
    store = open_store(str(path), must_exist=False)
    store.load(small_run)
    store.close()
    with summit_graph.connect(path) as opened:
        yield opened


def drawing_of(found: ClassGraph) -> ElementTree.Element:
    return ElementTree.fromstring(class_svg(found))


def titled(drawing: ElementTree.Element, tag: str, kind: str) -> dict[str, ElementTree.Element]:
    """Elements of a class, by what their title says before the colon."""
    elements = [element for element in drawing.iter(SVG + tag) if element.get("class") == kind]
    return {str(element.findtext(SVG + "title")).partition(":")[0]: element for element in elements}


@pytest.mark.parametrize("number", [0, 1, 4])
def test_nodes_stand_in_their_rows_and_edges_join_them(graph: Graph, number: int) -> None:
    found = graph.class_graph(number)
    drawing = drawing_of(found)
    nodes, edges = titled(drawing, "g", "node"), titled(drawing, "path", "edge")
    assert set(nodes) == {node.neuron for node in found.nodes}
    assert set(edges) == {f"{edge.source} → {edge.target}" for edge in found.edges}
    centre = {}
    for neuron, element in nodes.items():
        tile = element.find(SVG + "rect")
        assert tile is not None
        x, y, side = (float(str(tile.get(name))) for name in ("x", "y", "width"))
        centre[neuron] = (x + side / 2, y + side / 2)
    heights = {node.layer_index: centre[node.neuron][1] for node in found.nodes}
    for node in found.nodes:
        assert centre[node.neuron][1] == pytest.approx(heights[node.layer_index], abs=0.11)
    assert list(dict(sorted(heights.items(), key=lambda entry: -entry[1]))) == sorted(heights)
    for layer in heights:
        row = sorted((centre[node.neuron][0], node.slot) for node in found.nodes if node.layer_index == layer)
        assert [slot for _, slot in row] == list(range(len(row)))
    for edge in found.edges:
        numbers = [float(one) for one in re.findall(r"-?[\d.]+", str(edges[f"{edge.source} → {edge.target}"].get("d")))]
        assert numbers[:2] == pytest.approx(centre[edge.source], abs=0.11)
        assert numbers[-2:] == pytest.approx(centre[edge.target], abs=0.11)


def test_a_stronger_edge_is_wider_and_lies_on_top(graph: Graph) -> None:
    found = graph.class_graph(4)
    edges = titled(drawing_of(found), "path", "edge")
    widths = [float(str(element.get("stroke-width"))) for element in edges.values()]
    assert len(set(widths)) > 2
    assert widths == sorted(widths)
    shares = {f"{edge.source} → {edge.target}": edge.share for edge in found.edges}
    by_share = sorted(edges, key=lambda name: shares[name] or 0)
    assert [edges[name].get("stroke-width") for name in by_share] == [f"{width:.2f}" for width in sorted(widths)]


def test_everything_lies_within_the_picture(graph: Graph) -> None:
    for number in (0, 1, 2, 4, 7, 9):
        drawing = drawing_of(graph.class_graph(number))
        width, height = float(str(drawing.get("width"))), float(str(drawing.get("height")))
        for tile in drawing.iter(SVG + "rect"):
            x, y, side = float(tile.get("x", 0)), float(tile.get("y", 0)), float(str(tile.get("width")))
            assert 0 <= x <= x + side <= width
            assert 0 <= y <= y + float(str(tile.get("height"))) <= height


def test_a_name_is_shown_as_it_is_and_does_nothing(graph: Graph) -> None:
    found = graph.class_graph(7)
    drawing = drawing_of(found)
    shown = [element.text for element in drawing.iter(SVG + "text") if element.get("class") == "title"]
    assert shown == [f"{found.of_class.name} (7)"]
    assert "<b>" in found.of_class.name
    assert {element.tag for element in drawing.iter()} <= {
        SVG + tag for tag in ("svg", "style", "rect", "text", "line", "path", "title", "g")
    }


def test_a_cell_shows_the_drawing(graph: Graph) -> None:
    found = graph.class_graph("tench")
    assert found._repr_svg_() == found.to_svg() == class_svg(found)
    assert found.to_svg().startswith("<svg xmlns=")
    assert graph.class_graph("never seen").to_svg().count('class="node"') == 0
