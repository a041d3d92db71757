"""The rows of a whole run, streamed: a group of classes at a time, so that memory does not grow with their number.

Rows of a table come in several parts, and parts of different tables come mixed; an engine that needs nodes before
relationships sorts them out by table (`summit_graph.store.staging`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.rows import checks, whole
from summit_graph.rows.classes import ClassList
from summit_graph.rows.groups import CLASS_ROWS_PER_GROUP, Activations, Influences, Scope, read_groups
from summit_graph.rows.identity import Identity
from summit_graph.rows.influences import InfluenceSums
from summit_graph.rows.predictions import Confusion
from summit_graph.rows.vertices import Vertices
from summit_graph.run import Run

Part = tuple[str, pa.Table]
"""The name of a label or relationship type, and some of its rows in the columns of `schema.TABLES`."""


class GraphRows:
    """The rows that a run has in the graph, in the scope `selected` or `all`."""

    def __init__(self, run: Run, scope: Scope = "selected", rows_per_group: int = CLASS_ROWS_PER_GROUP) -> None:
        self.run = run
        self.scope = scope
        self._rows_per_group = rows_per_group

    def parts(self) -> Iterator[Part]:
        """Every row once. Raises SummitError, naming the file, where the run contradicts itself."""
        identity = Identity(self.run)
        classes = ClassList(self.run)
        yield from whole.run_and_layers(self.run, identity)
        yield from whole.examples(self.run, identity)
        sums, confusion = InfluenceSums(identity), Confusion(classes)
        for activations, influences in read_groups(self.run, self._rows_per_group):
            checks.check_activations(activations, identity, self.run)
            checks.check_influences(influences, identity, self.run)
            vertices = Vertices.of(activations, influences, self.scope, identity.count)
            self._check_selected_ends(influences, vertices, identity)
            yield "ACTIVATES", activates(activations, identity, classes)
            yield from vertices.parts(identity, classes)
            yield "FEEDS", feeds(influences if self.scope == "all" else influences.selected_only(), identity, classes)
            sums.add(influences.selected_only())
        for number in classes.with_tables:
            if self.run.has("predictions", number):
                confusion.add(number, self.run)
        yield from confusion.parts(identity)
        yield from classes.parts(identity, confusion.histogram, self.run)
        yield from sums.parts()

    def _check_selected_ends(self, influences: Influences, vertices: Vertices, identity: Identity) -> None:
        chosen = influences.selected_only()
        for end in (chosen.source, chosen.target):
            missing = ~vertices.holds_selected(chosen.number, end, identity.count)
            if missing.any():
                number = int(chosen.number[int(np.argmax(missing))])
                path = checks.place(self.run, "influences", number)
                raise SummitError(f"{path}: a selected edge ends in a neuron that is not selected")


def activates(activations: Activations, identity: Identity, classes: ClassList) -> pa.Table:
    """ACTIVATES: what each class activates, whatever is selected."""
    rows = activations.where((activations.count > 0) | activations.selected)
    columns = [
        identity.class_ids(rows.number),
        identity.neuron_ids.take(pa.array(rows.neuron)),
        pa.array(rows.count),
        classes.shares(rows.number, rows.count),
        pa.array(rows.importance),
        pa.array(rows.selected),
    ]
    return whole.table("ACTIVATES", columns)


def feeds(influences: Influences, identity: Identity, classes: ClassList) -> pa.Table:
    """FEEDS: the edges of each class's graph, from a vertex of an earlier layer to one of a later."""
    columns = [
        identity.vertex_ids(influences.number, influences.source),
        identity.vertex_ids(influences.number, influences.target),
        pa.array(influences.count),
        classes.shares(influences.number, influences.count),
        pa.array(influences.selected),
    ]
    return whole.table("FEEDS", columns)
