"""Where each node of a layered graph stands within its row, so that few edges cross.

1. Rows begin in the order given.
2. Sweeps go up and down in turn: each row is sorted by the barycentre of its nodes' neighbours in the rows already
   swept (Sugiyama, Tagawa and Toda 1981), in coordinates that centre every row. A node without such neighbours
   keeps its place.
3. Between sweeps, neighbours in a row change places where that leaves fewer crossings.
4. The first sweep that leaves no fewer crossings is not kept, and is the last. Everything is deterministic.

Within, nodes are numbers: a graph is laid out with every answer that draws it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Order = list[list[int]]
MAXIMUM_SWEEPS = 16
MAXIMUM_EDGES_TO_EXCHANGE = 2_000
"""Above this, neighbours are not exchanged: the sweeps alone are quick at any size."""


def slots(rows: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The place of each node in its row, from 0.

    `rows` are the nodes of each layer, in forward order; `edges` join nodes of different rows, each end in one of them.
    """
    names = [node for row in rows for node in row]
    number = {node: index for index, node in enumerate(names)}
    graph = _Graph(
        [[number[node] for node in row] for row in rows], [(number[source], number[target]) for source, target in edges]
    )
    return {names[node]: slot for row in graph.untangled() for slot, node in enumerate(row)}


def crossings(order: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]) -> int:
    """How many pairs of edges between the same two rows cross."""
    number = {node: index for index, node in enumerate(node for row in order for node in row)}
    rows = [[number[node] for node in row] for row in order]
    return _Graph(rows, [(number[source], number[target]) for source, target in edges]).crossings(rows)


class _Graph:
    """Nodes in rows, and what is asked of them again and again."""

    def __init__(self, rows: Order, edges: Sequence[tuple[int, int]]) -> None:
        self._rows = rows
        row_of = [0] * sum(map(len, rows))
        for index, row in enumerate(rows):
            for node in row:
                row_of[node] = index
        self._below: list[list[int]] = [[] for _ in row_of]
        self._above: list[list[int]] = [[] for _ in row_of]
        self._by_row: list[dict[int, list[int]]] = [{} for _ in row_of]
        between: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for source, target in edges:
            low, high = (source, target) if row_of[source] < row_of[target] else (target, source)
            self._below[high].append(low)
            self._above[low].append(high)
            self._by_row[source].setdefault(row_of[target], []).append(target)
            self._by_row[target].setdefault(row_of[source], []).append(source)
            between.setdefault((row_of[low], row_of[high]), []).append((low, high))
        # One edge alone crosses none.
        self._between = [ends for ends in between.values() if len(ends) > 1]
        self._exchanges = len(edges) <= MAXIMUM_EDGES_TO_EXCHANGE

    def untangled(self) -> Order:
        """The order of each row with the fewest crossings that the sweeps find."""
        best, fewest = self._rows, self.crossings(self._rows)
        for sweep in range(MAXIMUM_SWEEPS):
            order = self._swept(best, upwards=sweep % 2 == 0)
            if self._exchanges:
                self._exchange(order)
            count = self.crossings(order)
            if count >= fewest:
                break
            best, fewest = order, count
        return best

    def crossings(self, order: Order) -> int:
        """How many pairs of edges between the same two rows cross."""
        slot_of = self._slots(order)
        total = 0
        for ends in self._between:
            seen: list[int] = []
            for number, (_, high) in enumerate(sorted([(slot_of[low], slot_of[high]) for low, high in ends])):
                place = bisect_right(seen, high)
                total += number - place
                seen.insert(place, high)
        return total

    def _swept(self, order: Order, upwards: bool) -> Order:
        """Every row sorted by its nodes' barycentres over the rows before it in the sweep's direction."""
        swept = [list(row) for row in order]
        at = [0.0] * len(self._below)
        for row in swept:
            _place(row, at)
        passed = self._below if upwards else self._above
        for row in swept if upwards else reversed(swept):
            keys = {}
            for node in row:
                others = passed[node]
                keys[node] = sum([at[other] for other in others]) / len(others) if others else at[node]
            row.sort(key=keys.__getitem__)
            _place(row, at)
        return swept

    def _exchange(self, order: Order) -> None:
        """Changes adjacent nodes while their edges cross less the other way round; one pass a row."""
        slot_of = self._slots(order)
        for row in order:
            reached = {
                node: {other: [slot_of[end] for end in ends] for other, ends in self._by_row[node].items()}
                for node in row
            }
            for slot in range(len(row) - 1):
                left, right = row[slot], row[slot + 1]
                if _excess(reached[left], reached[right]) > 0:
                    row[slot], row[slot + 1] = right, left
            for slot, node in enumerate(row):
                slot_of[node] = slot

    def _slots(self, order: Order) -> list[int]:
        slot_of = [0] * len(self._below)
        for row in order:
            for slot, node in enumerate(row):
                slot_of[node] = slot
        return slot_of


def _place(row: Sequence[int], at: list[float]) -> None:
    middle = (len(row) - 1) / 2
    for slot, node in enumerate(row):
        at[node] = slot - middle


def _excess(left: dict[int, list[int]], right: dict[int, list[int]]) -> int:
    """Crossings between the edges of two adjacent nodes, less those that the other way round would leave."""
    excess = 0
    for row, left_slots in left.items():
        right_slots = right.get(row)
        if right_slots:
            for left_slot in left_slots:
                for right_slot in right_slots:
                    if left_slot > right_slot:
                        excess += 1
                    elif left_slot < right_slot:
                        excess -= 1
    return excess
