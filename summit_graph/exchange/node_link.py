"""Class graphs as node-link JSON, which networkx reads: `networkx.node_link_graph(json.load(file))`.

An object with `directed`, `multigraph`, `graph` (what is true of the whole), `nodes` and `edges`, a node or an edge a
line. It is written a class at a time, so memory does not grow with the number of classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pyarrow as pa

from summit_graph.exchange.vertices import ExportReport, Vertices
from summit_graph.run.atomic import replacing


def write_node_link(vertices: Vertices, path: Path) -> ExportReport:
    """Writes the graph to a file, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        head = json.dumps(vertices.attributes, ensure_ascii=False)
        file.write(f'{{"directed": true, "multigraph": false, "graph": {head}')
        classes, nodes = _write_nodes(file, vertices)
        edges = _write_edges(file, vertices)
        file.write("}\n")
    return ExportReport(vertices.graphs.names.run, classes, nodes, edges)


def _write_nodes(file: TextIO, vertices: Vertices) -> tuple[int, int]:
    lines = _Lines(file, "nodes")
    classes = 0
    for of_class, table in vertices.nodes():
        prefix = vertices.prefix(of_class)
        classes += table.num_rows > 0
        lines.write(
            json.dumps({"id": prefix + row["neuron"], **row}, ensure_ascii=False)
            for row in vertices.properties(of_class, table)
        )
    return classes, lines.end()


def _write_edges(file: TextIO, vertices: Vertices) -> int:
    lines = _Lines(file, "edges")
    for of_class, table in vertices.edges():
        lines.write(_edge_lines(table, vertices.prefix(of_class)))
    return lines.end()


def _edge_lines(table: pa.Table, prefix: str) -> Iterator[str]:
    """An object for each edge. Millions of them are made: an id is quoted once, the rest is put together by hand."""
    quoted = _Quoted(prefix)
    for source, target, count, share, selected in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield (
            f'{{"source": {quoted[source]}, "target": {quoted[target]}, "count": {count}, '
            f'"share": {"null" if share is None else repr(share)}, "selected": {"true" if selected else "false"}}}'
        )


class _Quoted(dict[str, str]):
    """A neuron's id as JSON text."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __missing__(self, neuron: str) -> str:
        self[neuron] = json.dumps(self._prefix + neuron, ensure_ascii=False)
        return self[neuron]


class _Lines:
    """A list in a JSON object, an entry a line."""

    def __init__(self, file: TextIO, key: str) -> None:
        self._file = file
        self._count = 0
        file.write(f',\n"{key}": [')

    def write(self, entries: Iterator[str]) -> None:
        for entry in entries:
            self._file.write(",\n" if self._count else "\n")
            self._file.write(entry)
            self._count += 1

    def end(self) -> int:
        self._file.write("\n]")
        return self._count
