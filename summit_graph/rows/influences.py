"""INFLUENCES: what feeds what over all classes, summed while the classes' edges stream by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from summit_graph.rows import whole
from summit_graph.rows.groups import Influences
from summit_graph.rows.identity import Identity

ROWS_PER_PART = 250_000
ROWS_PER_MERGE = 1_000_000
"""At least so many edges wait before they are added up."""


class InfluenceSums:
    """In how many classes' graphs each edge is selected, and the sum of its counts there.

    Edges wait until there are as many as were added up before: each is then sorted a few times, however many classes
    there are.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        nothing = np.zeros(0, dtype=np.int64)
        self._summed = (nothing, nothing, nothing)  # edges ascending, classes, counts: (edges,) each
        self._waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._rows_waiting = 0

    def add(self, selected: Influences) -> None:
        """Adds selected edges of some classes; no class comes twice."""
        edges = selected.source * self._identity.count + selected.target
        self._waiting.append((edges, np.ones_like(edges), selected.count))
        self._rows_waiting += len(edges)
        if self._rows_waiting >= max(ROWS_PER_MERGE, len(self._summed[0])):
            self._merge()

    def parts(self) -> Iterator[tuple[str, pa.Table]]:
        """The sums of all that was added, in the order of source and target."""
        self._merge()
        every_edge, every_class, every_count = self._summed
        for start in range(0, len(every_edge), ROWS_PER_PART):
            part = slice(start, start + ROWS_PER_PART)
            source, target = np.divmod(every_edge[part], self._identity.count)
            ids = self._identity.neuron_ids
            columns = [
                ids.take(pa.array(source)),
                ids.take(pa.array(target)),
                pa.array(every_class[part]),
                pa.array(every_count[part]),
            ]
            yield "INFLUENCES", whole.table("INFLUENCES", columns)

    def _merge(self) -> None:
        edges, classes, counts = (np.concatenate(columns) for columns in zip(self._summed, *self._waiting, strict=True))
        self._waiting, self._rows_waiting = [], 0
        if not len(edges):
            return
        order = np.argsort(edges)
        edges = edges[order]
        first = np.flatnonzero(np.diff(edges, prepend=-1))  # where another edge begins
        # In integers throughout: a sum with weights would go through float64.
        self._summed = (
            edges[first],
            np.add.reduceat(classes[order], first),
            np.add.reduceat(counts[order], first),
        )
