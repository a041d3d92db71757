"""Classes' graphs out of a store, by canned queries: what a loaded run still knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.exchange.class_graphs import EDGES, NODES, Place
from summit_graph.names import find_run, names_of_store
from summit_graph.queries.running import Row, fetch_packaged
from summit_graph.rows import Scope
from summit_graph.schema import PROBABILITY_BARS
from summit_graph.store.base import Store

NO_TIME_LIMIT = 0
"""In milliseconds, as `Store.read` takes it: who exports waits for the whole answer."""


class StoreGraphs:
    """The graphs of one run of a store."""

    def __init__(self, store: Store, run: str | None) -> None:
        self._store = store
        found = find_run(store, run)
        self._run = found.id
        self.names = names_of_store(store, found)
        [about] = self._rows("runs")
        self.model = str(about["model"])
        self.dataset = str(about["dataset"])
        self.pictures: Path | None = None
        self._bars = {row["class"]: row.get("probabilities") for row in self._rows("classes")}
        self._index = {layer.name: layer.index for layer in self.names.layers}

    def nodes(self, number: int, scope: Scope) -> pa.Table:
        """See ClassGraphs.nodes; raises SummitError for the scope `all`, of which a store answers the edges only."""
        if scope == "all":
            raise SummitError("a store's neurons are exported as selected: give the run directory for --scope all")
        return self._table(self._neurons(number, scope))

    def edges(self, number: int, scope: Scope) -> pa.Table:
        """See ClassGraphs.edges."""
        rows = self._rows("class_edges", **self._class(number), scope=scope)
        rows.sort(key=lambda row: (*self._place(row["source"]), *self._place(row["target"])))
        return pa.Table.from_pylist(rows, schema=EDGES)

    def activations(self, number: int) -> pa.Table:
        """See ClassGraphs.activations."""
        return self._table([row for row in self._neurons(number, "all") if row["count"] > 0])

    def places(self, number: int) -> Mapping[str, Place]:
        """See ClassGraphs.places."""
        rows = self._rows("class_layers", **self._class(number))
        return {row["layer"]: (row["x"], row["y"]) for row in rows if row["x"] is not None and row["y"] is not None}

    def probabilities(self, number: int) -> Sequence[float]:
        """See ClassGraphs.probabilities: a store knows twentieths, so each image has the middle of its own."""
        bars = self._bars.get(number) or []
        return [(bar + 0.5) / PROBABILITY_BARS for bar, images in enumerate(bars) for _ in range(images)]

    def wnid(self, number: int) -> str:
        """See ClassGraphs.wnid: a store does not know it."""
        return ""

    def _neurons(self, number: int, scope: Scope) -> list[Row]:
        return self._rows("class_neurons", **self._class(number), scope=scope)

    def _class(self, number: int) -> dict[str, str]:
        return {"class": self.names.find_class(number).id}

    def _rows(self, name: str, **values: Any) -> list[Row]:
        return fetch_packaged(self._store, name, self._run, values, timeout_ms=NO_TIME_LIMIT)

    def _place(self, neuron: str) -> tuple[int, int]:
        layer, _, channel = neuron.rpartition("/")
        return self._index[layer], int(channel)

    def _table(self, rows: list[Row]) -> pa.Table:
        rows.sort(key=lambda row: (row["layer_index"], row["channel"]))
        return pa.Table.from_pylist([{name: row[name] for name in NODES.names} for row in rows], schema=NODES)
