"""How concentrated the evidence of classes is: on how many neurons it rests, and how much the first one stands out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from summit_graph.search.graph import Fetch, Row

COUNT_UNIT = 2**32
"""More than any layer has channels; a class's count times this fits into 64 bits."""


def concentration(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `concentration`; its header says what they hold.

    A row that was fetched holds, of a class and a layer, `total` (the sum of its neurons' counts) and `first`: of its
    most activated neuron the count times `COUNT_UNIT`, less the channel, so that one largest number tells both.
    """
    ranked = []
    for row in rows:
        top_count = -(-row["first"] // COUNT_UNIT)
        answered = {
            "class": row["class"],
            "name": row["name"],
            "layer": row["layer"],
            "neurons": row["neurons"],
            "top_neuron": f"{row['layer']}/{top_count * COUNT_UNIT - row['first']}",
            "top_count": top_count,
            "top_share": None if row["images"] is None else top_count / row["images"],
            "concentration": top_count / row["total"] if top_count else 0.0,
        }
        ranked.append(((-answered["concentration"], row["class"], -row["layer_index"]), answered))
    return [answered for _, answered in sorted(ranked, key=lambda entry: entry[0])]


def weak_classes(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `weak_classes`; its header says what they hold."""
    answer = []
    for _, grouped in groupby(rows, key=lambda row: int(row["class"])):
        layers = list(grouped)
        shares = [row["top_share"] for row in layers if row["top_share"] is not None]
        answered = {name: layers[0][name] for name in ("class", "name", "accuracy", "images")}
        answered["neurons"] = sum(row["neurons"] for row in layers)
        answered["top_share"] = sum(shares) / len(shares) if shares else None
        answer.append({**answered, "top_shares": shares})
    return answer
