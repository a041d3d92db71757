"""INFLUENCES: what feeds what over all classes, summed while the classes' edges stream by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from summit_graph.rows import whole
from summit_graph.rows.groups import Influences
from summit_graph.rows.identity import Identity

ROWS_PER_PART = 250_000


class InfluenceSums:
    """In how many classes' graphs each edge is selected, and the sum of its counts there."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        nothing = np.zeros(0, dtype=np.int64)
        self._edges, self._classes, self._count = nothing, nothing, nothing  # (edges,), edges ascending

    def add(self, selected: Influences) -> None:
        """Adds selected edges of some classes; no class comes twice."""
        edges = selected.source * self._identity.count + selected.target
        every = np.concatenate([self._edges, edges])
        self._edges, place = np.unique(every, return_inverse=True)
        place = place.reshape(-1)
        self._classes = _sums(place, np.concatenate([self._classes, np.ones_like(edges)]), len(self._edges))
        self._count = _sums(place, np.concatenate([self._count, selected.count]), len(self._edges))

    def parts(self) -> Iterator[tuple[str, pa.Table]]:
        """The sums of all that was added, in the order of source and target."""
        for start in range(0, len(self._edges), ROWS_PER_PART):
            part = slice(start, start + ROWS_PER_PART)
            source, target = np.divmod(self._edges[part], self._identity.count)
            ids = self._identity.neuron_ids
            columns = [
                ids.take(pa.array(source)),
                ids.take(pa.array(target)),
                pa.array(self._classes[part]),
                pa.array(self._count[part]),
            ]
            yield "INFLUENCES", whole.table("INFLUENCES", columns)


def _sums(place: np.ndarray, values: np.ndarray, length: int) -> np.ndarray:
    """Sums of the values that share a place, in integers throughout (np.bincount would go through float64)."""
    sums = np.zeros(length, dtype=np.int64)
    np.add.at(sums, place, values)
    return sums
