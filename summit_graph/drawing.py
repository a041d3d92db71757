"""A class's graph as one SVG image, with nothing but text: rows are layers, the last on top; edges go upwards.

A node's side grows with its count, an edge's width with its share (its count where shares are unknown). What a node or
an edge is, the pointer tells (`<title>`), and so does the table of numbers that it was drawn from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from summit_graph.queries.class_graph import ClassGraph, GraphEdge, GraphNode

MARGIN_PX = 20
HEADER_PX = 56
LABEL_PX = 130
SLOT_PX = 58
ROW_PX = 104
SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 28, 48
THINNEST_PX, THICKEST_PX = 0.6, 6.0

STYLE = (
    "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1c2733}"
    ".title{font-size:17px;font-weight:600}.said{font-size:12px;fill:#5b6875}"
    ".layer{font-size:12px;fill:#5b6875;text-anchor:end}"
    ".channel{font-size:11px;text-anchor:middle;dominant-baseline:central;fill:#fff}"
    ".row{stroke:#e6eaee;stroke-width:1}"
    ".edge{fill:none;stroke:#7a8ca0;stroke-opacity:.42;stroke-linecap:round}"
    ".edge:hover{stroke:#c2410c;stroke-opacity:1}"
    ".node rect{fill:#2f5d8a}.node:hover rect{fill:#c2410c}"
)


@dataclass(frozen=True)
class DrawnGraph(ClassGraph):
    """A class's graph that a notebook's cell shows as its drawing."""

    @classmethod
    def of(cls, graph: ClassGraph) -> DrawnGraph:
        """The same graph, drawn where it is shown."""
        return cls(**vars(graph))

    def to_svg(self) -> str:
        """The drawing: an SVG document of its own."""
        return class_svg(self)

    def _repr_svg_(self) -> str:
        """What a notebook's cell shows."""
        return self.to_svg()


def class_svg(graph: ClassGraph) -> str:
    """The graph as an SVG document of its own, right on a light and on a dark page."""
    occupied = [layer for layer in graph.layers if any(node.layer_index == layer.index for node in graph.nodes)]
    row_of = {layer.index: row for row, layer in enumerate(reversed(occupied))}
    widest = max((sum(node.layer_index == layer.index for node in graph.nodes) for layer in occupied), default=1)
    width = LABEL_PX + max(widest * SLOT_PX, 320) + 2 * MARGIN_PX
    height = HEADER_PX + max(len(occupied), 1) * ROW_PX + MARGIN_PX
    places = _places(graph, row_of, (width + LABEL_PX) / 2)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{_text(_title(graph))}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="{MARGIN_PX}" y="28">{_text(_title(graph))}</text>',
        f'<text class="said" x="{MARGIN_PX}" y="46">{_text(_said(graph))}</text>',
    ]
    for layer in occupied:
        y = _row_y(row_of[layer.index])
        lines.append(f'<line class="row" x1="{LABEL_PX}" y1="{y}" x2="{width - MARGIN_PX}" y2="{y}"/>')
        lines.append(f'<text class="layer" x="{LABEL_PX - 10}" y="{y + 4}">{_text(_shortened(layer.name))}</text>')
    lines += _edges(graph, places)
    lines += _nodes(graph, places)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _places(graph: ClassGraph, row_of: dict[int, int], middle: float) -> dict[str, tuple[float, float]]:
    """The centre of each node; rows stand centred."""
    in_row: dict[int, int] = {}
    for node in graph.nodes:
        in_row[node.layer_index] = in_row.get(node.layer_index, 0) + 1
    return {
        node.neuron: (
            middle + (node.slot - (in_row[node.layer_index] - 1) / 2) * SLOT_PX,
            _row_y(row_of[node.layer_index]),
        )
        for node in graph.nodes
    }


def _row_y(row: int) -> float:
    return HEADER_PX + (row + 0.5) * ROW_PX


def _edges(graph: ClassGraph, places: dict[str, tuple[float, float]]) -> Iterator[str]:
    """The weakest first, so that the strong lie on top."""
    by_count = any(edge.share is None for edge in graph.edges)
    strengths = {edge: float(edge.count) if by_count or edge.share is None else edge.share for edge in graph.edges}
    strongest = max(strengths.values(), default=1.0) or 1.0
    for edge in reversed(graph.edges):
        (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
        half = (y1 + y2) / 2
        thickness = THINNEST_PX + (THICKEST_PX - THINNEST_PX) * strengths[edge] / strongest
        yield (
            f'<path class="edge" d="M{x1:.1f} {y1:.1f}C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {y2:.1f}" '
            f'stroke-width="{thickness:.2f}"><title>{_text(_edge_said(edge))}</title></path>'
        )


def _nodes(graph: ClassGraph, places: dict[str, tuple[float, float]]) -> Iterator[str]:
    largest = max((node.count for node in graph.nodes), default=1) or 1
    for node in graph.nodes:
        x, y = places[node.neuron]
        # Area, not side, is what the eye compares.
        side = SMALLEST_SIDE_PX + (LARGEST_SIDE_PX - SMALLEST_SIDE_PX) * math.sqrt(node.count / largest)
        yield (
            f'<g class="node"><title>{_text(_node_said(node))}</title>'
            f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}" rx="6"/>'
            f'<text class="channel" x="{x:.1f}" y="{y:.1f}">{node.channel}</text></g>'
        )


def _title(graph: ClassGraph) -> str:
    return f"{graph.of_class.name} ({graph.of_class.number})"


def _said(graph: ClassGraph) -> str:
    said = [f"run {graph.run}", f"{len(graph.nodes)} neurons", f"{len(graph.edges)} edges"]
    if graph.of_class.images is not None:
        said.insert(1, f"{graph.of_class.images} images")
    if graph.kept.importance is not None:
        said.append(f"{graph.kept.importance:.0%} of the importance")
    if graph.kept.influence is not None:
        said.append(f"{graph.kept.influence:.0%} of the influence")
    return " · ".join(said)


def _node_said(node: GraphNode) -> str:
    share = "" if node.share is None else f", {node.share:.1%} of the class's images"
    return f"{node.neuron}: count {node.count}{share}, importance {node.importance:.3g}"


def _edge_said(edge: GraphEdge) -> str:
    share = "" if edge.share is None else f", {edge.share:.1%} of the class's images"
    return f"{edge.source} → {edge.target}: count {edge.count}{share}"


def _shortened(name: str, length: int = 18) -> str:
    """A layer's name as long as there is room; its end tells more than its beginning."""
    return name if len(name) <= length else "…" + name[-length + 1 :]


def _text(text: str) -> str:
    """Text as XML takes it: escaped, and without signs that XML has no place for."""
    return escape("".join(sign for sign in text if sign >= " " and sign not in "\ufffe\uffff"), quote=True)
