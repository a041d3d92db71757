"""One graph out of a run's class graphs: that of one class, or all of them side by side, a class at a time.

Alone, a class's vertices are called by their neuron (`layer/channel`). Side by side each class has vertices of its own,
called `number/layer/channel` as in the store, and no edge leads from one class's graph into another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from summit_graph.exchange.class_graphs import ClassGraphs
from summit_graph.names import ClassName
from summit_graph.rows import Scope


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote."""

    run: str
    classes: int
    """Classes that have at least one vertex."""
    nodes: int
    edges: int


@dataclass(frozen=True)
class Vertices:
    """The vertices and edges that an export writes: of one class, or of every class where `only` is None."""

    graphs: ClassGraphs
    only: ClassName | None
    scope: Scope

    @property
    def attributes(self) -> Mapping[str, str | int]:
        """What is true of the whole graph."""
        about: dict[str, str | int] = {
            "run": self.graphs.names.run,
            "model": self.graphs.model,
            "dataset": self.graphs.dataset,
            "scope": self.scope,
        }
        if self.only is not None:
            about |= {"class": self.only.number, "class_name": self.only.name}
        return about

    def nodes(self) -> Iterator[tuple[ClassName, pa.Table]]:
        """Each class with its vertices, in the columns of `class_graphs.NODES`."""
        for of_class in self._classes():
            yield of_class, self.graphs.nodes(of_class.number, self.scope)

    def edges(self) -> Iterator[tuple[ClassName, pa.Table]]:
        """Each class with its edges, in the columns of `class_graphs.EDGES`."""
        for of_class in self._classes():
            yield of_class, self.graphs.edges(of_class.number, self.scope)

    def prefix(self, of_class: ClassName) -> str:
        """What a vertex's id has before its neuron."""
        return "" if self.only is not None else f"{of_class.number}/"

    def properties(self, of_class: ClassName, rows: pa.Table) -> Iterator[dict[str, Any]]:
        """A dictionary for each vertex: its neuron and what the class makes of it."""
        whose: dict[str, Any] = {} if self.only is not None else {"class": of_class.number, "class_name": of_class.name}
        for row in rows.to_pylist():
            yield whose | row

    def _classes(self) -> tuple[ClassName, ...]:
        return self.graphs.names.classes if self.only is None else (self.only,)
