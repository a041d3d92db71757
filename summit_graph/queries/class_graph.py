"""One class's attribution graph as it is drawn, by the page and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from summit_graph.names import ClassName, LayerName, find_run, names_of_store
from summit_graph.pinned import on_last_version
from summit_graph.queries.running import Row, fetch_packaged
from summit_graph.queries.slots import slots
from summit_graph.queries.together import together

if TYPE_CHECKING:
    from summit_graph.store.base import Reader


@dataclass(frozen=True)
class GraphNode:
    """A selected neuron; `slot` is its place within its layer's row, from 0 on the left."""

    neuron: str
    layer: str
    layer_index: int
    channel: int
    slot: int
    count: int
    share: float | None
    importance: float


@dataclass(frozen=True)
class GraphEdge:
    """A selected edge, from an earlier layer's neuron to a later one's."""

    source: str
    target: str
    count: int
    share: float | None


@dataclass(frozen=True)
class Kept:
    """What part of the class's whole graph is drawn: shares from 0 to 1; None where the whole is unknown."""

    importance: float | None
    influence: float | None


@dataclass(frozen=True)
class ClassGraph:
    """The graph of one class: nodes from the last layer to the first, most important first; edges, strongest first."""

    run: str
    of_class: ClassName
    layers: tuple[LayerName, ...]
    """All layers of the run, in forward order, those without nodes too."""
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    kept: Kept


def class_graph(store: Reader, class_: str | int, run: str | None = None) -> ClassGraph:
    """The selected attribution graph of the class of that number, name or id; `run` None is the only or newest run.

    Raises NotFound with the nearest names, SummitError where several could be meant, StoreUnavailable, QueryTimeout.
    """
    return on_last_version(store, lambda held: _class_graph(held, class_, run))


def _class_graph(store: Reader, class_: str | int, run: str | None) -> ClassGraph:
    found = find_run(store, run)
    names = names_of_store(store, found)
    of_class = names.find_class(class_)

    def fetch(query: str) -> list[Row]:
        return fetch_packaged(store, query, found.id, {"class": of_class.id})

    # The one that takes longest first: it is asked in this thread.
    asked = ("class_edges", "class_neurons", "class_layers")
    edge_rows, neurons, layer_rows = together([partial(fetch, query) for query in asked])
    edges = tuple(GraphEdge(row["source"], row["target"], row["count"], row["share"]) for row in edge_rows)
    rows: list[list[str]] = [[] for _ in names.layers]
    place = {layer.index: index for index, layer in enumerate(names.layers)}
    for row in neurons:
        rows[place[row["layer_index"]]].append(row["neuron"])
    slot_of = slots(rows, [(edge.source, edge.target) for edge in edges])
    nodes = tuple(
        GraphNode(
            neuron=row["neuron"],
            layer=row["layer"],
            layer_index=row["layer_index"],
            channel=row["channel"],
            slot=slot_of[row["neuron"]],
            count=row["count"],
            share=row["share"],
            importance=row["importance"],
        )
        for row in neurons
    )
    return ClassGraph(found.id, of_class, names.layers, nodes, edges, _kept(nodes, edges, layer_rows))


def _kept(nodes: tuple[GraphNode, ...], edges: tuple[GraphEdge, ...], layers: list[Row]) -> Kept:
    targets = {edge.target for edge in edges}
    fed = {node.layer_index for node in nodes if node.neuron in targets}
    return Kept(
        importance=_share_of_totals(
            sum(node.importance for node in nodes), "importance", {node.layer_index for node in nodes}, layers
        ),
        influence=_share_of_totals(sum(edge.count for edge in edges), "influence", fed, layers),
    )


def _share_of_totals(kept: float, total: str, among: set[int], layers: list[Row]) -> float | None:
    """What is kept, as a share of the totals of all layers; None where a layer that keeps something has no total."""
    if any(row[total] is None for row in layers if row["layer_index"] in among):
        return None
    whole = sum(row[total] for row in layers if row[total] is not None)
    return kept / whole if whole > 0 else None
