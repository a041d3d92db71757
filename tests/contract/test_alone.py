"""The contract on embedded stores that hold one run alone.

How the embedded engine lays rows out depends on what else a store holds, and a filtered count was once wrong, silently,
on such a store only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from summit_graph.errors import QueryRefused, SummitError
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.contract.cases import cases, lacks
from tests.contract.oracle import Oracle
from tests.contract.test_contract import QUERIES, typed

ALONE: list[tuple[str, Literal["selected", "all"]]] = [
    ("small", "selected"),
    ("small", "all"),
    ("countless", "selected"),
    ("countless", "all"),
]


class Alone(NamedTuple):
    """A store, and the oracle of the one run in it."""

    store: Store
    oracle: Oracle


@pytest.fixture(scope="module", params=ALONE, ids="-".join)
def alone(
    request: pytest.FixtureRequest, small_run: Run, countless_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Alone]:
    """A store with one run."""
    name, scope = request.param
    run = {"small": small_run, "countless": countless_run}[name]
    path: Path = tmp_path_factory.mktemp("alone") / "graph.lbug"
    store = open_store(str(path), must_exist=False)
    store.load(run, scope=scope)
    yield Alone(store, Oracle(run, scope))
    store.close()


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_answers_what_the_oracle_answers_where_a_run_is_alone(alone: Alone, query: str) -> None:
    asked = packaged_catalogue().get(query)
    if lacks(alone.oracle, query):
        with pytest.raises(SummitError, match=f"^{query} needs "):
            run_query(alone.store, asked, cases(alone.oracle, query)[0])
        return
    limit = asked.parameter("limit").default
    for values in cases(alone.oracle, query):
        rows = [row for _, row in alone.oracle.answer(query, {"limit": limit, **values})]
        assert typed(run_query(alone.store, asked, values).rows) == typed(rows), values


PATTERN = "MATCH (r:Run {id: $run})-[:HAS_CLASS]->(c:Class)-[a:ACTIVATES]->(n:Neuron)"


@pytest.mark.parametrize("compared", ["a.count >= 5", "coalesce(a.count >= $least, true)", "a.selected = true"])
def test_what_the_engine_answers_wrong_is_refused(alone: Alone, compared: str) -> None:
    text = f"{PATTERN} WHERE n.layer = 'mixed4' AND {compared} RETURN c.number AS class, n.id AS neuron"
    with pytest.raises(QueryRefused, match="the embedded engine answers wrong rows"):
        alone.store.read(text, {"run": alone.oracle.run, "least": 5})
    with pytest.raises(QueryRefused, match="the embedded engine answers wrong rows"):
        alone.store.read_untrusted(text, {"run": alone.oracle.run, "least": 5}, row_limit=10, label="test")


def test_compared_where_it_is_returned_it_is_right(alone: Alone) -> None:
    layer = "mixed4"
    expected = {
        number: sum(alone.oracle.layer_of[place] == layer and found.count >= 5 for place, found in activations.items())
        for number, activations in alone.oracle.activations.items()
    }
    text = (
        f"{PATTERN} WHERE n.layer = $layer "
        f"RETURN c.number AS class, sum(CASE WHEN a.count >= 5 THEN 1 ELSE 0 END) AS neurons ORDER BY class"
    )
    found = alone.store.read(text, {"run": alone.oracle.run, "layer": layer}).rows
    assert dict(found) == {number: count for number, count in expected.items() if alone.oracle.activations[number]}
