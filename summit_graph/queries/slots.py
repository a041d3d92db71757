"""Where each node of a layered graph stands within its row, so that few edges cross.

1. Rows begin in the order given.
2. Sweeps go up and down in turn: each row is sorted by the barycentre of its nodes' neighbours in the rows already
   swept (Sugiyama, Tagawa and Toda 1981), in coordinates that centre every row. A node without such neighbours
   keeps its place.
3. Between sweeps, neighbours in a row change places where that leaves fewer crossings.
4. The order with the fewest crossings is kept; of several, the first. Everything is deterministic.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence

Order = list[list[str]]
MAXIMUM_SWEEPS = 16
MAXIMUM_EDGES_TO_EXCHANGE = 2_000
"""Above this, neighbours are not exchanged: the sweeps alone are quick at any size."""


def slots(rows: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The place of each node in its row, from 0.

    `rows` are the nodes of each layer, in forward order; `edges` join nodes of different rows, each end in one of them.
    """
    row_of = {node: index for index, row in enumerate(rows) for node in row}
    neighbours: dict[str, list[str]] = {node: [] for node in row_of}
    ends = list(edges)
    for source, target in ends:
        neighbours[source].append(target)
        neighbours[target].append(source)
    order = [list(row) for row in rows]
    best, fewest = order, crossings(order, ends)
    for sweep in range(MAXIMUM_SWEEPS):
        if fewest == 0:
            break
        upwards = sweep % 2 == 0
        order = _swept(order, row_of, neighbours, upwards)
        if len(ends) <= MAXIMUM_EDGES_TO_EXCHANGE:
            order = _exchanged(order, row_of, neighbours)
        count = crossings(order, ends)
        if count < fewest:
            best, fewest = order, count
    return {node: slot for row in best for slot, node in enumerate(row)}


def crossings(order: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]) -> int:
    """How many pairs of edges between the same two rows cross."""
    place = {node: (index, slot) for index, row in enumerate(order) for slot, node in enumerate(row)}
    between: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for source, target in edges:
        (low_row, low_slot), (high_row, high_slot) = sorted((place[source], place[target]))
        between.setdefault((low_row, high_row), []).append((low_slot, high_slot))
    total = 0
    for pairs in between.values():
        pairs.sort()
        seen: list[int] = []
        for _, high_slot in pairs:
            total += len(seen) - bisect_right(seen, high_slot)
            insort(seen, high_slot)
    return total


def _swept(order: Order, row_of: Mapping[str, int], neighbours: Mapping[str, list[str]], upwards: bool) -> Order:
    """Every row sorted by its nodes' barycentres over the rows before it in the sweep's direction."""
    swept = [list(row) for row in order]
    at = {node: slot - (len(row) - 1) / 2 for row in swept for slot, node in enumerate(row)}
    for index in range(len(swept)) if upwards else reversed(range(len(swept))):
        keys = {}
        for node in swept[index]:
            passed = [at[other] for other in neighbours[node] if (row_of[other] < index) == upwards]
            keys[node] = sum(passed) / len(passed) if passed else at[node]
        swept[index].sort(key=keys.__getitem__)
        for slot, node in enumerate(swept[index]):
            at[node] = slot - (len(swept[index]) - 1) / 2
    return swept


def _exchanged(order: Order, row_of: Mapping[str, int], neighbours: Mapping[str, list[str]]) -> Order:
    """The order after changing adjacent nodes while their edges cross less the other way round; one pass a row."""
    slot_of = {node: slot for row in order for slot, node in enumerate(row)}
    by_row: dict[str, dict[int, list[int]]] = {}

    def reached(node: str) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for other in neighbours[node]:
            rows.setdefault(row_of[other], []).append(slot_of[other])
        return rows

    for row in order:
        for node in row:
            by_row[node] = reached(node)
        for slot in range(len(row) - 1):
            left, right = row[slot], row[slot + 1]
            if _crossed(by_row[left], by_row[right]) > _crossed(by_row[right], by_row[left]):
                row[slot], row[slot + 1] = right, left
        for slot, node in enumerate(row):
            slot_of[node] = slot
    return order


def _crossed(left: Mapping[int, list[int]], right: Mapping[int, list[int]]) -> int:
    """Crossings between the edges of two adjacent nodes, by the rows that they lead to."""
    return sum(
        left_slot > right_slot
        for row, left_slots in left.items()
        for left_slot in left_slots
        for right_slot in right.get(row, ())
    )
