"""The version of a Neo4j server's runs: a list of them, which a read can hold the server to in the same round trip.

A read that is held to a version begins with the list; where that is another one, it divides by zero, so that no row of
it is answered, and none is taken for an empty answer. The server shows a transaction half committed, so the loader says
on its lease when it puts one run in another's place: a version is none until that is over, and where it may have been
while rows were read, the version is asked for again after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from summit_graph.store.neo4j.lease import LABEL
from summit_graph.store.reading import Token, tokens_of

Version = tuple[tuple[str, ...], ...]
"""What is being done to the runs; then of each, in the order of ids, its node and what tells it from others."""

LOADING, SWITCHING = "loading", "switching"
"""What somebody with the lease does: writes what nobody sees yet, or puts one run in another's place."""

_KEYS = ("id", "name", "state", "digest", "format", "created")
_NODE_AND_KEYS = ["elementId(summit_run)", *(f"toString(summit_run.{key})" for key in _KEYS)]
_LISTED = ", ".join(f"coalesce({what}, '')" for what in _NODE_AND_KEYS)
_RUNS = (
    f"OPTIONAL MATCH (summit_lease:{LABEL}) WHERE summit_lease.until > timestamp() "
    f"WITH collect(CASE WHEN summit_lease.switching THEN '{SWITCHING}' "
    f"WHEN summit_lease IS NOT NULL THEN '{LOADING}' END)[0] AS summit_doing "
    "OPTIONAL MATCH (summit_run:Run) WITH summit_doing, summit_run ORDER BY summit_run.id "
    f"WITH coalesce(summit_doing, '') AS summit_doing, collect([{_LISTED}]) AS summit_runs "
    "WITH [[summit_doing]] + summit_runs AS summit_runs "
)
VERSION = f"{_RUNS}RETURN summit_runs"
_GUARD = f"{_RUNS}WHERE 1 / CASE WHEN summit_runs = $summit_runs THEN 1 ELSE 0 END = 1\n"


def version_of(runs: Sequence[Sequence[str]]) -> Version:
    """What the text VERSION answered, as a version."""
    return tuple(tuple(run) for run in runs)


def doing(version: Version) -> str:
    """What is being done to the runs: nothing (an empty text), LOADING or SWITCHING."""
    return version[0][0]


def served(version: Version) -> set[tuple[str, ...]]:
    """The runs that queries may see."""
    return {run for run in version[1:] if run[1 + _KEYS.index("state")] in {"ready", "partial"}}


def held_to(version: Version, text: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A text that can be held to a version, so held, and its parameters."""
    return _GUARD + text, {**parameters, "summit_runs": [list(run) for run in version]}


@lru_cache(maxsize=256)
def can_be_held(text: str) -> bool:
    """Whether a reading text may begin with the list: not where it carries on or returns all names that there are."""
    return not any(_takes_all(before, after) for before, after in pairwise(tokens_of(text)))


def _takes_all(before: Token, after: Token) -> bool:
    return after.text == "*" and before.keyword in {"RETURN", "WITH", "DISTINCT"}
