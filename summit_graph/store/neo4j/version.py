"""The version of a Neo4j server's runs: a list of them, which a read can hold the server to in the same round trip.

A read that is held to a version begins with the list; where that is another one, it divides by zero, so that no row of
it is answered, and none is taken for an empty answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from summit_graph.store.neo4j.lease import LABEL
from summit_graph.store.reading import Token, tokens_of

Version = tuple[tuple[str, ...], ...]
"""Whether somebody is loading; then of each run, in the order of ids, its node and what tells it from others."""

_KEYS = ("id", "name", "state", "digest", "format", "created")
_NODE_AND_KEYS = ["elementId(summit_run)", *(f"toString(summit_run.{key})" for key in _KEYS)]
_LISTED = ", ".join(f"coalesce({what}, '')" for what in _NODE_AND_KEYS)
_RUNS = (
    f"OPTIONAL MATCH (summit_lease:{LABEL}) WHERE summit_lease.until > timestamp() "
    "WITH toString(count(summit_lease) > 0) AS summit_loading OPTIONAL MATCH (summit_run:Run) "
    "WITH summit_loading, summit_run ORDER BY summit_run.id "
    f"WITH summit_loading, collect([{_LISTED}]) AS summit_runs WITH [[summit_loading]] + summit_runs AS summit_runs "
)
VERSION = f"{_RUNS}RETURN summit_runs"
_GUARD = f"{_RUNS}WHERE 1 / CASE WHEN summit_runs = $summit_runs THEN 1 ELSE 0 END = 1\n"


def version_of(runs: Sequence[Sequence[str]]) -> Version:
    """What the text VERSION answered, as a version."""
    return tuple(tuple(run) for run in runs)


def is_loading(version: Version) -> bool:
    """Whether runs may be about to change: then a read that began at this version may end at the next."""
    return version[0] == ("true",)


def held_to(version: Version, text: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A text that can be held to a version, so held, and its parameters."""
    return _GUARD + text, {**parameters, "summit_runs": [list(run) for run in version]}


@lru_cache(maxsize=256)
def can_be_held(text: str) -> bool:
    """Whether a reading text may begin with the list: not where it carries on or returns all names that there are."""
    return not any(_takes_all(before, after) for before, after in pairwise(tokens_of(text)))


def _takes_all(before: Token, after: Token) -> bool:
    return after.text == "*" and before.keyword in {"RETURN", "WITH", "DISTINCT"}
