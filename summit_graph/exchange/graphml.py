"""Class graphs as GraphML 1.0 (Brandes et al. 2002), which Gephi, yEd, igraph and networkx read.

A vertex's id is `n` and a number, since the format takes no `/` in an id; its neuron is its `label`. What is not known
(a share without images) has no `data` element. Nodes come before edges, written a class at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape

import pyarrow as pa

from summit_graph.exchange.class_graphs import EDGES
from summit_graph.exchange.vertices import ExportReport, Vertices
from summit_graph.run.atomic import replacing

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
SCHEMA = "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"

NODE_TYPES: Mapping[str, str] = {
    "label": "string",
    "neuron": "string",
    "layer": "string",
    "layer_index": "long",
    "channel": "long",
    "count": "long",
    "share": "double",
    "importance": "double",
    "selected": "boolean",
    "class": "long",
    "class_name": "string",
}
EDGE_TYPES: Mapping[str, str] = {"count": "long", "share": "double", "selected": "boolean", "weight": "double"}
"""`weight` is the edge's strength (its share, its count where shares are unknown): what Gephi's layouts go by."""


def write_graphml(vertices: Vertices, path: Path) -> ExportReport:
    """Writes the graph to a file, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="{NAMESPACE}" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{NAMESPACE} {SCHEMA}">\n'
        )
        attributes = vertices.attributes
        kinds = {name: "long" if isinstance(value, int) else "string" for name, value in attributes.items()}
        for domain, types in (("graph", kinds), ("node", NODE_TYPES), ("edge", EDGE_TYPES)):
            for name, kind in types.items():
                file.write(f'<key id="{domain}.{name}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>\n')
        file.write('<graph edgedefault="directed">\n')
        file.write("".join(_data("graph", attributes)) + "\n")
        starts: dict[int, int] = {}
        classes, nodes = _write_nodes(file, vertices, starts)
        edges = _write_edges(file, vertices, starts)
        file.write("</graph>\n</graphml>\n")
    return ExportReport(vertices.graphs.names.run, classes, nodes, edges)


def _write_nodes(file: TextIO, vertices: Vertices, starts: dict[int, int]) -> tuple[int, int]:
    """Writes the nodes; notes in `starts` which number each class's first one has."""
    classes = written = 0
    for of_class, table in vertices.nodes():
        starts[of_class.number] = written
        classes += table.num_rows > 0
        for row in vertices.properties(of_class, table):
            data = "".join(_data("node", {"label": row["neuron"], **row}))
            file.write(f'<node id="n{written}">{data}</node>\n')
            written += 1
    return classes, written


def _write_edges(file: TextIO, vertices: Vertices, starts: Mapping[int, int]) -> int:
    written = 0
    for of_class, table in vertices.edges():
        if table.num_rows:
            ids = _ids(vertices.graphs.nodes(of_class.number, vertices.scope), starts[of_class.number])
            file.writelines(_edge_lines(table, ids))
            written += table.num_rows
    return written


def _ids(nodes: pa.Table, start: int) -> dict[str, str]:
    return {neuron: f"n{start + place}" for place, neuron in enumerate(nodes["neuron"].to_pylist())}


def _edge_lines(table: pa.Table, ids: Mapping[str, str]) -> Iterator[str]:
    """A line for each edge, put together by hand: there may be millions."""
    assert table.schema.names == EDGES.names
    for source, target, count, share, selected in zip(*(column.to_pylist() for column in table.columns), strict=True):
        known = "" if share is None else f'<data key="edge.share">{share!r}</data>'
        yield (
            f'<edge source="{ids[source]}" target="{ids[target]}"><data key="edge.count">{count}</data>{known}'
            f'<data key="edge.selected">{"true" if selected else "false"}</data>'
            f'<data key="edge.weight">{float(count) if share is None else share!r}</data></edge>\n'
        )


def _data(domain: str, values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None:
            yield f'<data key="{domain}.{name}">{_text(value)}</data>'


def _text(value: object) -> str:
    """A value as XML takes it: escaped, and without signs that XML has no place for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, float) else str(value)
    return escape("".join(sign for sign in text if sign >= " " and sign not in "\ufffe\uffff"))
