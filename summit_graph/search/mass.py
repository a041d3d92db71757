"""A class's neurons and edges within an attribution mass.

In each layer the most important neurons are taken, ties by the lower channel, until their importance reaches that share
of the layer's importance before any was selected, the one that reaches it included; importance 0 never. It is the rule
by which a run's own selection is made (docs/definitions.md), so up to what was loaded any smaller mass can be had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import floor
from typing import Any

from summit_graph.errors import InvalidParameter, SummitError
from summit_graph.search.graph import Fetch, Row

TOLERANCE = 1e-9
"""A layer's total is a sum in another order: so much less of it still counts as all."""


def class_neurons(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `class_neurons`; its header says what they hold."""
    ordered = in_order(rows)
    kept = ordered if values["mass"] is None else within_mass(ordered, values, fetch)
    prefix = f"{values['run']}/"
    return [{**row, "neuron": row["neuron"].removeprefix(prefix)} for row in kept if is_enough(row, values)]


def class_edges(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `class_edges`; its header says what they hold."""
    prefix = f"{values['run']}/"
    if values["mass"] is not None:
        ends = within_mass(in_order(fetch("class_neurons", {"layer": None})), values, fetch)
        kept = {row["neuron"] for row in ends}
        rows = [row for row in rows if row["source"] in kept and row["target"] in kept]
    return [
        {**row, "source": row["source"].removeprefix(prefix), "target": row["target"].removeprefix(prefix)}
        for row in rows
        if is_enough(row, values)
    ]


def is_enough(row: Row, values: Mapping[str, Any]) -> bool:
    """Whether a neuron or an edge has the least count and share that were asked for."""
    enough: bool = values["minimum_count"] is None or row["count"] >= values["minimum_count"]
    return enough and (values["minimum_share"] is None or row["share"] >= values["minimum_share"])


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Neurons from the last layer to the first, in each the most important first; ties by the lower channel."""
    return sorted(rows, key=lambda row: (-row["layer_index"], -row["importance"], row["channel"]))


def within_mass(rows: Sequence[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the mass that is asked for; they come layer by layer, each the most important first.

    Raises InvalidParameter where less than that was loaded, SummitError where the whole is not known.
    """
    mass, kept = values["mass"], []
    totals = {row["layer"]: row["importance"] for row in fetch("class_layers", {})}
    loaded: dict[str, float] = {}
    for layer, grouped in groupby(rows, key=lambda row: str(row["layer"])):
        total = totals.get(layer)
        if total is None:
            raise SummitError(
                f"mass needs the importance of whole graphs, which the run {values['run']} does not have: leave it out"
            )
        reached = 0.0
        for row in grouped:
            if reached < mass * total and row["importance"] > 0:
                kept.append(row)
            reached += row["importance"]
        loaded[layer] = reached / total if total > 0 else 1.0
    if loaded and min(loaded.values()) < mass * (1 - TOLERANCE):
        least = min(loaded, key=loaded.__getitem__)
        larger = "" if values["scope"] == "all" else ", or scope all if the run was loaded with --scope all"
        raise InvalidParameter(
            f"mass is {mass}: of {least} neurons with {loaded[least]:.4f} of the importance were loaded; "
            f"give at most {floor(loaded[least] * 10_000) / 10_000}{larger}",
            "mass",
        )
    return kept
