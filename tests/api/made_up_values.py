"""Hooks of schemathesis: made-up values, with names that the generated run has among them.

A string made up at random names no class: without these every answer would be 404, and no body would be looked at.
"""

from __future__ import annotations

import os
import random
from typing import Any

import schemathesis

from summit_graph.pictures import visualization_path
from tests.api.pictured import name_of

FOLLOWING = "MADE_UP_FOLLOWING" in os.environ
"""Whether links are followed: from JSON, which alone is read for that, of so few rows that there is a next page."""
NAMES: dict[str, tuple[str, ...]] = {
    "class": ("0", "4", "brown bear", "tench", "small/4"),
    "class_a": ("0", "tench", "small/0"),
    "class_b": ("4", "brown bear"),
    "classes": ("0,4", "tench, brown bear", "0-7"),
    "neuron": ("mixed4/1", "head/0", "small/mixed3/2"),
    "layer": ("mixed4", "head", "stem.0"),
    "lowest": ("stem.0",),
    "highest": ("head", "mixed4"),
    "run": ("small",),
    **({"limit": ("1", "2", "3")} if FOLLOWING else {}),
}
"""Values of the parameters that name something, or bound how many rows are answered."""
SHARE = 0.8


PICTURE = name_of(visualization_path("head", 3))
ATLAS = os.environ.get("MADE_UP_ATLAS", "")
"""Name of an atlas that is there."""


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Puts the addresses of a picture and an atlas that there are in the place of made-up ones, most times."""
    if not path_parameters or random.Random(repr(sorted(path_parameters.items(), key=repr))).random() > SHARE:
        return path_parameters
    name = ATLAS if "/atlas/" in context.operation.path else PICTURE
    return {**path_parameters, "run": "small", "name": name}


@schemathesis.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Puts names that there are in the place of made-up ones, most times."""
    if not query:
        return query
    # Of the values alone, so that the same seed makes the same calls.
    chance = random.Random(repr(sorted(query.items(), key=repr)))
    if chance.random() > SHARE:
        return query
    query.pop("page", None)
    if FOLLOWING:
        query.pop("format", None)
    return {name: chance.choice(NAMES[name]) if name in NAMES else value for name, value in query.items()}


READING = (
    "MATCH (n:Neuron) RETURN n.id AS id LIMIT 3",
    "MATCH (c:Class) RETURN c.name AS name, count(*) AS classes",
    "RETURN 1 AS one",
)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Puts queries that read in the place of made-up text, most times."""
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return body
    chance = random.Random(repr(body))
    return {**body, "query": chance.choice(READING)} if chance.random() <= SHARE else body
