"""The contract: every canned query answers the same rows on both engines and in the oracle, on every graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from summit_graph import schema
from summit_graph.errors import SummitError
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store
from tests.contract.cases import NEVER_EMPTY, SINGLE_ROW, TIES_ONLY_GENERATED, WITHOUT_TIES, cases, has_tie, lacks
from tests.contract.oracle import Oracle, Row
from tests.contract.runs import RUNS

QUERIES = [query.name for query in packaged_catalogue() if query.chooses_run]
ABOUT_RUNS = [query.name for query in packaged_catalogue() if not query.chooses_run]
# The first test of a session waits until real runs are made and loaded.
pytestmark = pytest.mark.timeout(1200)

GENERATED = ("small", "countless", "wide")


@pytest.fixture(params=RUNS)
def oracle(request: pytest.FixtureRequest, oracles: Mapping[str, Oracle]) -> Oracle:
    """The oracle of each run in turn."""
    if request.param not in oracles:
        pytest.skip(f"the run {request.param} cannot be made here: shared test data or a package is missing")
    return oracles[request.param]


def typed(rows: list[Row]) -> list[list[tuple[str, str, Any]]]:
    """Rows with the types of their values, so that 1, 1.0 and True differ."""
    return [[(name, type(value).__name__, value) for name, value in row.items()] for row in rows]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_answers_what_the_oracle_answers(store: Store, oracle: Oracle, query: str) -> None:
    asked = cases(oracle, query)
    if lacks(oracle, query):
        with pytest.raises(SummitError, match=rf"^{query} needs .*, which the run {oracle.run} does not have$"):
            run_query(store, packaged_catalogue().get(query), {**asked[0], "run": oracle.run})
        return
    limit = packaged_catalogue().get(query).parameter("limit").default
    expected = [typed([row for _, row in oracle.answer(query, {"limit": limit, **values})]) for values in asked]
    # There and back again: every query is repeated on one connection after it had other parameters.
    for values, rows in [*zip(asked, expected, strict=True), *reversed(list(zip(asked, expected, strict=True)))]:
        answer = run_query(store, packaged_catalogue().get(query), {**values, "run": oracle.run})
        assert typed(answer.rows) == rows, values
        assert answer.run == oracle.run


@pytest.mark.parametrize("query", QUERIES)
def test_the_cases_hold_a_tie_and_an_empty_answer(oracles: Mapping[str, Oracle], query: str) -> None:
    ties, empty, many = set(), set(), set()
    able = {name: oracle for name, oracle in oracles.items() if not lacks(oracle, query)}
    for name, oracle in able.items():
        for values in cases(oracle, query):
            answer = oracle.answer(query, values)
            many |= {name} if len(answer) >= 3 else set()
            ties |= {name} if has_tie(answer) else set()
            empty |= {name} if not answer else set()
    if query == "class_positions":
        # Where a run is imported without umap-learn, it has no embedding and nobody a place.
        able = {name: oracle for name, oracle in able.items() if oracle.placed}
    if query not in SINGLE_ROW:
        assert many == set(able)
    if query not in WITHOUT_TIES:
        assert ties >= (set(GENERATED) & set(able) if query in TIES_ONLY_GENERATED else set(able))
    if query not in NEVER_EMPTY:
        assert empty & set(GENERATED)


@pytest.mark.parametrize("name", GENERATED)
def test_the_scope_decides_on_the_generated_graphs(oracles: Mapping[str, Oracle], name: str) -> None:
    # Where everything is selected a query without its filter would go unnoticed.
    for query in QUERIES:
        parameters = {parameter.name for parameter in packaged_catalogue().get(query).parameters}
        if "scope" not in parameters or lacks(oracles[name], query):
            continue
        asked = [{**values, "scope": scope} for values in cases(oracles[name], query) for scope in ("selected", "all")]
        answers = [str(oracles[name].answer(query, values)) for values in asked]
        assert any(one != other for one, other in zip(answers[::2], answers[1::2], strict=True)), query


def test_the_newest_run_is_asked_when_none_is_named(store: Store, runs: Mapping[str, Run]) -> None:
    newest = min(runs.values(), key=lambda run: (_backwards(run.manifest.created), run.manifest.run))
    answer = run_query(store, packaged_catalogue().get("layers"), {})
    assert answer.run == newest.manifest.run


@pytest.mark.parametrize("query", ABOUT_RUNS)
def test_runs_are_listed_the_newest_first(store: Store, runs: Mapping[str, Run], query: str) -> None:
    rows = run_query(store, packaged_catalogue().get(query), {}).rows
    expected = [
        {
            "run": run.manifest.run,
            "name": run.manifest.run,
            "model": run.manifest.model,
            "dataset": run.manifest.dataset,
            "created": run.manifest.created,
            "state": "ready",
            "classes": run.table("classes").num_rows,
            "images": run.manifest.images,
            "skipped": len(run.manifest.skipped),
            "digest": run.manifest.digest,
            "format": schema.FORMAT,
        }
        for run in sorted(runs.values(), key=lambda run: (_backwards(run.manifest.created), run.manifest.run))
    ]
    columns = [column.name for column in packaged_catalogue().get(query).columns]
    assert typed(rows) == typed([{name: row[name] for name in columns} for row in expected])


def test_a_named_run_is_listed_alone(store: Store) -> None:
    rows = run_query(store, packaged_catalogue().get("runs"), {"run": "countless"}).rows
    assert [row["run"] for row in rows] == ["countless"]


def test_pages_hold_every_row_once(store: Store, oracles: Mapping[str, Oracle]) -> None:
    query = packaged_catalogue().get("class_edges")
    values = {"class": 0, "scope": "all", "run": "small", "limit": 7}
    rows: list[Row] = []
    page = None
    while page is not None or not rows:
        answer = run_query(store, query, values, page=page)
        assert 0 < len(answer.rows) <= 7
        assert answer.truncated == (answer.next is not None)
        rows += answer.rows
        page = answer.next
    assert rows == [row for _, row in oracles["small"].answer("class_edges", {"class": 0, "scope": "all"})]


def test_published_answers_come_out(store: Store, runs: Mapping[str, Run]) -> None:
    if "published" not in runs:
        pytest.skip("no published graphs: see the fixture `published_files`")
    asked = {"run": runs["published"].manifest.run}
    tench = {**asked, "class": "tench", "neuron": "mixed4e/346"}
    inputs = run_query(store, packaged_catalogue().get("neuron_inputs"), tench).rows
    assert [(row["neuron"], row["count"]) for row in inputs[:3]] == [
        ("mixed4d/177", 1214),
        ("mixed4d/483", 586),
        ("mixed4d/229", 283),
    ]
    bears = {**asked, "class_a": "brown bear", "class_b": "American black bear"}
    shared = run_query(store, packaged_catalogue().get("shared_neurons"), bears).rows
    layers = [row["neuron"].partition("/")[0] for row in shared]
    from_the_top = ["5b", "5a", "4e", "4d", "4c", "4b", "4a", "3b", "3a"]
    assert [layers.count(f"mixed{layer}") for layer in from_the_top] == [3, 1, 2, 2, 5, 5, 3, 4, 2]


def _backwards(text: str) -> tuple[int, ...]:
    """A key that sorts texts from the last to the first."""
    return tuple(-ord(sign) for sign in text)
