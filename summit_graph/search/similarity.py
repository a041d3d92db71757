"""Which classes share most neurons with one, and which are most alike in each layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from summit_graph.search.graph import Fetch, Row


def similar_classes(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `similar_classes`; its header says what they hold.

    A row that was fetched holds, of a layer and a class, either `square` (the sum of the class's squared counts) or
    `product` (the sum of its counts times those of the class that is asked for). All are whole numbers, so their sums
    are exact in any order.
    """
    own = int(values["class"].rpartition("/")[2])
    squares = {(row["layer_index"], row["number"]): row["square"] for row in rows if row["square"] > 0}
    by_layer: dict[int, list[Row]] = {}
    for row in rows:
        place = row["layer_index"]
        if row["product"] > 0 and row["number"] != own:
            cosine = row["product"] / math.sqrt(squares[place, own] * squares[place, row["number"]])
            by_layer.setdefault(place, []).append({**row, "similarity": cosine})
    answer = []
    before: dict[int, int] = {}
    for layer_index in sorted({row["layer_index"] for row in rows}):
        ranked = sorted(by_layer.get(layer_index, ()), key=lambda row: (-row["similarity"], row["number"]))
        for rank, row in enumerate(ranked[: values["k"]], start=1):
            if values["layer"] in (None, row["layer"]):
                answer.append(
                    {
                        "layer": row["layer"],
                        "layer_index": layer_index,
                        "rank": rank,
                        "class": row["number"],
                        "name": row["name"],
                        "similarity": row["similarity"],
                        "rank_before": before.get(row["number"]),
                    }
                )
        before = {row["number"]: rank for rank, row in enumerate(ranked, start=1)}
    return answer


def sharing_classes(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `sharing_classes`; its header says what they hold.

    A row that was fetched holds of a class `shared` (neurons in common with the class that is asked for) and
    `neurons` (all that it has).
    """
    own = int(values["class"].rpartition("/")[2])
    neurons = {row["number"]: row["neurons"] for row in rows}
    answer = []
    for row in rows:
        number, shared = row["number"], row["shared"]
        if shared and number != own:
            jaccard = shared / (neurons[own] + neurons[number] - shared)
            answered = {"class": number, "name": row["name"], "shared": shared, "neurons": neurons[number]}
            answer.append({**answered, "jaccard": jaccard})
    return sorted(answer, key=lambda row: (-row[values["sort"]], row["class"]))
