"""Classes' graphs out of a run directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from summit_graph.exchange.class_graphs import EDGES, NODES, Place
from summit_graph.names import names_of_directory
from summit_graph.rows import Scope, checks
from summit_graph.rows.classes import ClassList
from summit_graph.rows.groups import Activations, Influences, class_table
from summit_graph.rows.identity import Identity
from summit_graph.rows.vertices import Vertices
from summit_graph.run import Run


class RunGraphs:
    """The graphs that a complete run directory holds."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.names = names_of_directory(run)
        self.model = run.manifest.model
        self.dataset = run.manifest.dataset
        folder = run.directory / "pictures"
        self.pictures = folder if folder.is_dir() else None
        self._identity = Identity(run)
        self._classes = ClassList(run)
        self._with_tables = frozenset(run.class_numbers)
        self._places = self._read_places()

    def nodes(self, number: int, scope: Scope) -> pa.Table:
        """See ClassGraphs.nodes."""
        if number not in self._with_tables:
            return NODES.empty_table()
        influences = self._influences(number)
        return self._table(Vertices.of(self._activations(number), influences, scope, self._identity.count).rows)

    def edges(self, number: int, scope: Scope) -> pa.Table:
        """See ClassGraphs.edges."""
        if number not in self._with_tables:
            return EDGES.empty_table()
        rows = self._influences(number)
        if scope == "selected":
            rows = rows.selected_only()
        columns = [
            self._identity.neurons.take(pa.array(rows.source)),
            self._identity.neurons.take(pa.array(rows.target)),
            pa.array(rows.count),
            self._classes.shares(rows.number, rows.count),
            pa.array(rows.selected),
        ]
        return pa.table(columns, schema=EDGES)

    def activations(self, number: int) -> pa.Table:
        """See ClassGraphs.activations."""
        if number not in self._with_tables:
            return NODES.empty_table()
        rows = self._activations(number)
        return self._table(rows.where(rows.count > 0))

    def places(self, number: int) -> Mapping[str, Place]:
        """See ClassGraphs.places."""
        return self._places.get(number, {})

    def probabilities(self, number: int) -> Sequence[float]:
        """See ClassGraphs.probabilities: every image's own."""
        if not self.run.has("predictions", number):
            return []
        known: list[float] = class_table(self.run, "predictions", number)["probability"].to_pylist()
        return known

    def wnid(self, number: int) -> str:
        """See ClassGraphs.wnid."""
        return str(self.run.manifest.notes.get("wnids", {}).get(str(number), ""))

    def _activations(self, number: int) -> Activations:
        rows = Activations.read([class_table(self.run, "activations", number)])
        checks.check_activations(rows, self._identity, self.run)
        return rows

    def _influences(self, number: int) -> Influences:
        rows = Influences.read([class_table(self.run, "influences", number)])
        checks.check_influences(rows, self._identity, self.run)
        return rows

    def _table(self, rows: Activations) -> pa.Table:
        neurons = pa.array(rows.neuron)
        columns = [
            self._identity.neurons.take(neurons),
            self._identity.layer.take(neurons),
            pa.array(self._identity.layer_index[rows.neuron]),
            pa.array(self._identity.channel[rows.neuron]),
            pa.array(rows.count),
            self._classes.shares(rows.number, rows.count),
            pa.array(rows.importance),
            pa.array(rows.selected),
        ]
        return pa.table(columns, schema=NODES)

    def _read_places(self) -> dict[int, dict[str, Place]]:
        places: dict[int, dict[str, Place]] = {}
        if self.run.has("embedding"):
            layers = {layer.index: layer.name for layer in self.names.layers}
            for row in self.run.table("embedding").to_pylist():
                if np.isfinite([row["x"], row["y"]]).all() and row["layer_index"] in layers:
                    places.setdefault(row["class"], {})[layers[row["layer_index"]]] = (row["x"], row["y"])
        return places
