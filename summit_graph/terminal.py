"""Answers as text that is read on a terminal: tables, and a class's graph."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from summit_graph.queries import ClassGraph
    from summit_graph.queries.class_graph import GraphEdge

GAP = "  "
UNKNOWN = "–"
"""What stands where a value is null."""
NUMERIC_TYPES = {"class", "integer", "count", "number", "share"}


def table_lines(columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A table: names, a rule, a line for each row; numbers stand to the right. `columns` are names and types."""
    names = [name for name, _ in columns]
    cells = [[cell(row[name]) for name in names] for row in rows]
    numeric = [_is_numeric(kind, [row[index] for row in cells]) for index, (_, kind) in enumerate(columns)]
    widths = [max(map(display_width, [name, *(row[index] for row in cells)])) for index, name in enumerate(names)]
    yield _line(names, widths, numeric)
    yield GAP.join("─" * width for width in widths)
    for row in cells:
        yield _line(row, widths, numeric)


def class_graph_lines(graph: ClassGraph, *, inputs: int = 3) -> Iterator[str]:
    """A class's graph from the last layer down: each neuron, its strength, and the strongest that feed it."""
    of_class = graph.of_class
    images = "" if of_class.images is None else f", {of_class.images} images"
    accuracy = "" if of_class.accuracy is None else f", {of_class.accuracy:.0%} right"
    yield f"{printable(of_class.name)} ({of_class.number}) in run {graph.run}{images}{accuracy}"
    yield f"{len(graph.nodes)} neurons and {len(graph.edges)} edges{_kept(graph)}"
    feeding: dict[str, list[GraphEdge]] = {}
    for edge in graph.edges:
        feeding.setdefault(edge.target, []).append(edge)
    name_width = max((display_width(node.neuron) for node in graph.nodes), default=0)
    for layer in reversed(graph.layers):
        nodes = [node for node in graph.nodes if node.layer_index == layer.index]
        if not nodes:
            continue
        yield ""
        yield f"{layer.name}: {len(nodes)} of {layer.channels} neurons"
        for node in nodes:
            sources = feeding.get(node.neuron, [])
            shown = ", ".join(f"{edge.source} {strength(edge.count, edge.share)}" for edge in sources[:inputs])
            more = f" and {len(sources) - inputs} more" if len(sources) > inputs else ""
            padded = node.neuron + " " * (name_width - display_width(node.neuron))
            from_below = f"  ← {shown}{more}" if shown else ""
            yield f"  {padded}  {strength(node.count, node.share):>6}{from_below}".rstrip()


def strength(count: int, share: float | None) -> str:
    """A share as a percentage; the count where the share is unknown."""
    return str(count) if share is None else f"{share:.0%}"


def cell(value: Any) -> str:
    """A value as it stands in a table; a list of neurons as a chain."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.6g}"
    if isinstance(value, list):
        return " → ".join(cell(entry) for entry in value)
    return printable(str(value))


def printable(text: str) -> str:
    """Text without what a terminal would obey (control and direction signs): names come from other people's data."""
    return "".join(
        sign if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def display_width(text: str) -> int:
    """How many places of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) != 0 for sign in text)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = []
    for text, width, right in zip(cells, widths, numeric, strict=True):
        space = " " * (width - display_width(text))
        padded.append(space + text if right else text + space)
    return GAP.join(padded).rstrip()


def _is_numeric(kind: str, cells: Sequence[str]) -> bool:
    """By its type; a column of an ad hoc query by what it holds."""
    if kind != "any":
        return kind in NUMERIC_TYPES
    return bool(cells) and all(text == UNKNOWN or text.lstrip("-").replace(".", "", 1).isdigit() for text in cells)


def _kept(graph: ClassGraph) -> str:
    kept = graph.kept
    said = [
        f"{share:.0%} of the {what}"
        for share, what in ((kept.importance, "importance"), (kept.influence, "influence"))
        if share is not None
    ]
    return f", with {' and '.join(said)} before selection" if said else ""
