"""A class's graph as path searches see it: vertices, and edges upwards with their strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
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
    def first_layer(self) -> frozenset[Node]:
        """The nodes of the first layer that has any."""
        return self._layer(min((node.layer_index for node in self.nodes), default=-1))

    @property
    def last_layer(self) -> frozenset[Node]:
        """The nodes of the last layer that has any."""
        return self._layer(max((node.layer_index for node in self.nodes), default=-1))

    def _layer(self, index: int) -> frozenset[Node]:
        return frozenset(node for node in self.nodes if node.layer_index == index)

    def weakest_edge(self, chain: Sequence[Node]) -> list[Node]:
        """Source and target of the first of a chain's weakest edges, in the chain's order; nothing without an edge."""
        edges = [(self.above[source][target], [source, target]) for source, target in pairwise(chain)]
        return min(edges, key=lambda edge: edge[0], default=(0.0, []))[1]


@dataclass
class FetchedClass:
    """What a fetching query returned of one class."""

    number: int
    images: int | None
    nodes: set[Node] = field(default_factory=set)
    edges: dict[tuple[Node, Node], int] = field(default_factory=dict)
    """Count, by source and target."""

    def share(self, count: int) -> float | None:
        """A count as a share of the class's images."""
        return None if self.images is None else count / self.images

    def graph(self, by_count: bool) -> PathGraph:
        """The class's graph with an edge's count or its share as its strength."""
        above: dict[Node, dict[Node, float]] = {}
        for (source, target), count in self.edges.items():
            strength = float(count) if by_count or self.images is None else count / self.images
            above.setdefault(source, {})[target] = strength
        return PathGraph(frozenset(self.nodes), above)


@dataclass
class Fetched:
    """Classes as fetched, by the id of the class, and the names of the layers that occur.

    `lowest` and `highest` are indexes of layers: what lies below or above is left out.
    """

    classes: dict[str, FetchedClass] = field(default_factory=dict)
    layer_names: dict[int, str] = field(default_factory=dict)
    lowest: float = float("-inf")
    highest: float = float("inf")

    @classmethod
    def of(cls, rows: Iterable[Row], values: Mapping[str, Any], fetch: Fetch) -> Fetched:
        """What a query's text fetched, within the layers that its values name as `lowest` and `highest`."""
        fetched = cls()
        if values.get("lowest") is not None or values.get("highest") is not None:
            index = {row["layer"]: row["layer_index"] for row in fetch("layers", {})}
            fetched.lowest = index.get(values["lowest"], fetched.lowest)
            fetched.highest = index.get(values["highest"], fetched.highest)
        fetched.add(rows)
        return fetched

    def add(self, rows: Iterable[Row]) -> None:
        """Takes in rows of one vertex each: with the layers, channels and counts of the edges upwards from it."""
        for row in rows:
            of_class = self.classes.setdefault(row["class_id"], FetchedClass(row["class"], row["images"]))
            node = Node(row["layer_index"], row["channel"])
            if not self.lowest <= node.layer_index <= self.highest:
                continue
            of_class.nodes.add(node)
            self.layer_names[node.layer_index] = row["layer"]
            ends = zip(row["target_layer_indexes"], row["target_channels"], row["counts"], strict=True)
            for layer_index, channel, count in ends:
                if layer_index <= self.highest:
                    of_class.edges[node, Node(layer_index, channel)] = count

    def neuron(self, node: Node) -> str:
        """The neuron's name, layer/channel."""
        return f"{self.layer_names[node.layer_index]}/{node.channel}"

    def neurons(self, nodes: Iterable[Node]) -> list[str]:
        """The neurons' names."""
        return [self.neuron(node) for node in nodes]

    def node(self, neuron_id: str, run: str) -> Node | None:
        """The node of a neuron's id; None where its layer holds no vertex."""
        layer, _, channel = neuron_id.removeprefix(f"{run}/").rpartition("/")
        index = next((index for index, name in self.layer_names.items() if name == layer), None)
        return None if index is None else Node(index, int(channel))
