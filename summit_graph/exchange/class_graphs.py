"""Classes' attribution graphs on their way out: a class at a time, from a run directory or from a store, the same rows.

Every format is written from what is here, so exports of a run and of the store that it was loaded into are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.names import Names
from summit_graph.rows import Scope
from summit_graph.run import Run
from summit_graph.store import open_store

NODES = pa.schema(
    [
        pa.field("neuron", pa.string()),
        pa.field("layer", pa.string()),
        pa.field("layer_index", pa.int64()),
        pa.field("channel", pa.int64()),
        pa.field("count", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("importance", pa.float64()),
        pa.field("selected", pa.bool_()),
    ]
)
"""Columns of a class's neurons, ascending by layer and channel; `neuron` is layer/channel."""

EDGES = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("target", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("selected", pa.bool_()),
    ]
)
"""Columns of a class's edges, from an earlier layer's neuron to a later one's, ascending by source, then target."""

Place = tuple[float, float]
"""Where a class lies in a layer's embedding: x, y."""


class ClassGraphs(Protocol):
    """The graphs of a run's classes, wherever they lie."""

    names: Names
    """The run, its classes and its layers."""
    model: str
    dataset: str
    pictures: Path | None
    """The folder of the run's pictures; None where there is none at hand."""

    def nodes(self, number: int, scope: Scope) -> pa.Table:
        """A class's vertices in the columns of NODES: the selected neurons; in scope `all` also both ends of any edge.

        A class that was never an image's has none.
        """
        ...

    def edges(self, number: int, scope: Scope) -> pa.Table:
        """A class's edges in the columns of EDGES: the selected ones, or all that are there."""
        ...

    def activations(self, number: int) -> pa.Table:
        """What a class activates, in the columns of NODES: every neuron with a count, selected or not."""
        ...

    def places(self, number: int) -> Mapping[str, Place]:
        """Where a class lies in each layer's embedding, by the layer's name; empty where there is none."""
        ...

    def probabilities(self, number: int) -> Sequence[float]:
        """The winning probability of each image of a class, as exactly as it is known; empty where it is not."""
        ...

    def wnid(self, number: int) -> str:
        """A class's id in ImageNet; empty where it is not known."""
        ...


@contextmanager
def open_class_graphs(directory: Path | None, db: str | None, run: str | None = None) -> Iterator[ClassGraphs]:
    """The graphs of a run directory, or of the run of that id or name in a store (the newest where none is named).

    Raises SummitError where both or neither are given, and as opening a run or a store does.
    """
    # Imported when called: the two know the rows of this file.
    from summit_graph.exchange.run_graphs import RunGraphs
    from summit_graph.exchange.store_graphs import StoreGraphs

    if (directory is None) == (db is None):
        raise SummitError("say what to export: a run directory, or --db URL")
    if directory is not None:
        if run is not None:
            raise SummitError("--run names a run of a store: a run directory holds one")
        yield RunGraphs(Run.open(directory))
        return
    store = open_store(db)
    try:
        yield StoreGraphs(store, run)
    finally:
        store.close()
