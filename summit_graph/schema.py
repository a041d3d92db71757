"""What the graph holds: labels, relationship types and their properties, each named once.

Both engines' tables and constraints, the rows of a run, and every export derive from the lists here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

FORMAT = 1
"""Version of the graph's shape, on every Run; raised when a query for the older shape could not read the newer."""

Kind = Literal["text", "integer", "number", "truth", "integers"]
"""Text, a 64-bit integer, a float64, true or false, a list of 64-bit integers. Every property but an id may be null."""

ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
    "integers": pa.list_(pa.int64()),
}

LOADING, READY, PARTIAL, DELETING = "loading", "ready", "partial", "deleting"
"""Values of a Run's `state`. Queries see a run that is ready, or partial when it is named; the others are invisible."""

PROBABILITY_BARS = 20
"""Length of a Class's `probabilities`: how many predictions fell into each twentieth of 0..1 (1 counts in the last)."""

SOURCE, TARGET = "source", "target"
"""Columns of a relationship's rows: the ids of the nodes that it goes from and to."""


@dataclass(frozen=True)
class Property:
    """A property of a label or relationship type."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Label:
    """A label of nodes; `id` is its first property and unique in the whole store."""

    name: str
    properties: tuple[Property, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The columns of its rows, in the order of its properties."""
        return _arrow_schema(self.properties)

    @property
    def run_property(self) -> str:
        """The property that says which run a node belongs to: a Run's own is its id."""
        return "id" if self.name == "Run" else "run"


@dataclass(frozen=True)
class Relationship:
    """A relationship type between two labels; at most one from a node to another, but for EXAMPLE."""

    name: str
    source: str
    target: str
    properties: tuple[Property, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The columns of its rows: ids of source and target, then its properties."""
        ends = (Property(SOURCE, "text"), Property(TARGET, "text"))
        return _arrow_schema(ends + self.properties)


def _arrow_schema(properties: tuple[Property, ...]) -> pa.Schema:
    return pa.schema([pa.field(entry.name, ARROW_TYPES[entry.kind]) for entry in properties])


def _properties(**kinds: Kind) -> tuple[Property, ...]:
    return tuple(Property(name.rstrip("_"), kind) for name, kind in kinds.items())


LABELS: tuple[Label, ...] = (
    Label(
        "Run",
        _properties(
            id="text",
            name="text",
            model="text",
            dataset="text",
            created="text",
            state="text",
            format="integer",
            digest="text",
            weights_digest="text",
            parameters="text",
            images="integer",
            skipped="integer",
        ),
    ),
    Label("Layer", _properties(id="text", run="text", layer="text", layer_index="integer", channels="integer")),
    Label("Neuron", _properties(id="text", run="text", layer="text", layer_index="integer", channel="integer")),
    Label(
        "Class",
        _properties(
            id="text",
            run="text",
            number="integer",
            name="text",
            images="integer",
            correct="integer",
            accuracy="number",
            probabilities="integers",
        ),
    ),
    Label(
        "Vertex",
        _properties(
            id="text",
            class_="text",
            neuron="text",
            run="text",
            layer="text",
            layer_index="integer",
            channel="integer",
            count="integer",
            share="number",
            importance="number",
            selected="truth",
        ),
    ),
    Label("Image", _properties(id="text", run="text", path="text")),
)
"""A Vertex is a neuron in one class's attribution graph; its `class` and `neuron` are the ids of these two."""

RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship("HAS_LAYER", "Run", "Layer", ()),
    Relationship("HAS_CLASS", "Run", "Class", ()),
    Relationship("CONTAINS", "Layer", "Neuron", ()),
    Relationship(
        "PLACED", "Class", "Layer", _properties(x="number", y="number", importance="number", influence="number")
    ),
    Relationship(
        "ACTIVATES",
        "Class",
        "Neuron",
        _properties(count="integer", share="number", importance="number", selected="truth"),
    ),
    Relationship("INFLUENCES", "Neuron", "Neuron", _properties(classes="integer", count="integer")),
    Relationship("HAS_VERTEX", "Class", "Vertex", ()),
    Relationship("OF", "Vertex", "Neuron", ()),
    Relationship("FEEDS", "Vertex", "Vertex", _properties(count="integer", share="number", selected="truth")),
    Relationship("CONFUSED_WITH", "Class", "Class", _properties(count="integer")),
    Relationship(
        "EXAMPLE",
        "Neuron",
        "Image",
        _properties(rank="integer", activation="number", x0="integer", y0="integer", x1="integer", y1="integer"),
    ),
)
"""CONFUSED_WITH goes from the images' class to the one that was predicted instead."""

_EVERY: tuple[Label | Relationship, ...] = (*LABELS, *RELATIONSHIPS)
TABLES: Mapping[str, Label | Relationship] = {entry.name: entry for entry in _EVERY}
"""Every label, then every relationship type, by name: an order in which a store can be filled."""
