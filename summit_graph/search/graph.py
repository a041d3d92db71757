"""A class's graph as path searches see it: vertices, and edges upwards with their strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Row = dict[str, Any]
Fetch = Callable[[str, Mapping[str, Any]], list[Row]]
"""The rows that the text of a query of the catalogue returns, on the same run: its name and the values that differ from
this query's."""
Search = Callable[[list[Row], Mapping[str, Any], Fetch], list[Row]]
"""Turns the rows that a query's text fetched, with the query's bound values, into the rows that it answers."""


class Node(NamedTuple):
    """A neuron as searches compare it: its layer's place in forward order, and its channel."""

    layer_index: int
    channel: int


def by_place(node: Node) -> tuple[int, int]:
    """The order among equals everywhere: the later layer first, then the lower channel."""
    return (-node.layer_index, node.channel)


@dataclass(frozen=True)
class PathGraph:
    """A directed graph of nodes; every edge leads from an earlier layer to a later one."""

    nodes: frozenset[Node]
    above: Mapping[Node, Mapping[Node, float]]
    """For each node the nodes it feeds, with the edge's strength; nodes that feed nothing may be missing."""

    @property
    def last_layer(self) -> frozenset[Node]:
        """The nodes of the last layer that has any."""
        last = max((node.layer_index for node in self.nodes), default=-1)
        return frozenset(node for node in self.nodes if node.layer_index == last)


@dataclass
class FetchedClass:
    """What a fetching query returned of one class."""

    number: int
    images: int | None
    nodes: set[Node] = field(default_factory=set)
    edges: list[tuple[Node, Node, int, float | None]] = field(default_factory=list)
    """Source, target, count, share."""

    def graph(self, by_count: bool) -> PathGraph:
        """The class's graph with an edge's count or its share as its strength."""
        above: dict[Node, dict[Node, float]] = {}
        for source, target, count, share in self.edges:
            strength = float(count) if by_count or share is None else share
            above.setdefault(source, {})[target] = strength
        return PathGraph(frozenset(self.nodes), above)


@dataclass
class Fetched:
    """Classes as fetched, by the id of the class, and the names of the layers that occur."""

    classes: dict[str, FetchedClass] = field(default_factory=dict)
    layer_names: dict[int, str] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        """Takes in rows of one vertex each, with one of the edges upwards from it or null in the edge's columns."""
        for row in rows:
            of_class = self.classes.setdefault(row["class_id"], FetchedClass(row["class"], row["images"]))
            node = Node(row["layer_index"], row["channel"])
            of_class.nodes.add(node)
            self.layer_names[node.layer_index] = row["layer"]
            if row["target_channel"] is not None:
                target = Node(row["target_layer_index"], row["target_channel"])
                of_class.edges.append((node, target, row["count"], row["share"]))

    def neuron(self, node: Node) -> str:
        """The neuron's name, layer/channel."""
        return f"{self.layer_names[node.layer_index]}/{node.channel}"
