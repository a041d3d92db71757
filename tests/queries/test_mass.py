"""Attribution masses: which neurons a smaller or larger one keeps, and what is said where less was loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import summit_graph
from summit_graph.errors import InvalidParameter, SummitError
from summit_graph.search.graph import Row
from summit_graph.search.mass import in_order, within_mass

LOADED = [("high", 1, 0, 0.5), ("high", 1, 2, 0.25), ("high", 1, 1, 0.25), ("low", 0, 3, 1.0), ("low", 0, 4, 0.0)]
"""Layer, its index, channel, importance."""


def rows() -> list[Row]:
    names = ("layer", "layer_index", "channel", "importance")
    return in_order([dict(zip(names, values, strict=True)) for values in LOADED])


def totals(high: float | None, low: float | None) -> Callable[[str, Mapping[str, Any]], list[Row]]:
    """What `class_layers` answers."""

    def fetch(name: str, values: Mapping[str, Any]) -> list[Row]:
        assert name == "class_layers"
        return [{"layer": "high", "importance": high}, {"layer": "low", "importance": low}]

    return fetch


@pytest.mark.parametrize(
    ("mass", "kept"),
    [
        (0.0, []),
        (0.1, ["high/0", "low/3"]),
        (0.5, ["high/0", "low/3"]),
        # The one that reaches the mass is in; of two that are equally important the lower channel.
        (0.51, ["high/0", "high/1", "low/3"]),
        (0.75, ["high/0", "high/1", "low/3"]),
        # Importance 0 is never in.
        (1.0, ["high/0", "high/1", "high/2", "low/3"]),
    ],
)
def test_a_layer_s_most_important_neurons_are_kept_until_the_mass_is_reached(mass: float, kept: list[str]) -> None:
    values = {"run": "r", "mass": mass, "scope": "all"}
    found = within_mass(rows(), values, totals(1.0, 1.0))
    assert [f"{row['layer']}/{row['channel']}" for row in found] == kept


def test_a_mass_beyond_what_was_loaded_names_the_largest() -> None:
    values = {"run": "r", "mass": 0.4, "scope": "selected"}
    said = "mass is 0.4: of high neurons with 0.2500 of the importance were loaded; give at most 0.25, or scope all"
    with pytest.raises(InvalidParameter, match=re.escape(said)):
        within_mass(rows(), values, totals(4.0, 1.0))
    assert within_mass(rows(), {**values, "mass": 0.25}, totals(4.0, 1.0))


def test_a_run_without_totals_says_so() -> None:
    with pytest.raises(SummitError, match="mass needs the importance of whole graphs, which the run r does not have"):
        within_mass(rows(), {"run": "r", "mass": 0.1, "scope": "all"}, totals(1.0, None))


def test_a_share_that_is_given_needs_a_run_with_shares(store_path: Path) -> None:
    with summit_graph.connect(store_path) as graph:
        shares = r"^minimum_share needs shares \(the number of images of each class\), which the run countless does not"
        for query, values in (("class_neurons", {"class": 0}), ("combined_edges", {"classes": [0, 1]})):
            assert graph.query(query, run="countless", **values).rows
            with pytest.raises(SummitError, match=shares):
                graph.query(query, run="countless", minimum_share=0.5, **values)
            with pytest.raises(InvalidParameter, match=r"^minimum_share is .*: give a number from 0"):
                graph.query(query, minimum_share=1.5, **values)
