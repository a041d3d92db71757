"""A text whose values are said has the plan that was judged, which has them as parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from summit_graph.queries import packaged_catalogue
from summit_graph.queries.running import ask, values_of_text
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.ladybug.engine import connected, fetch
from summit_graph.store.ladybug.literals import planned, spelled
from summit_graph.store.ladybug.plans import boxes_of
from summit_graph.store.reading import on_one_line
from tests.contract.cases import cases, lacks
from tests.contract.oracle import Oracle
from tests.contract.runs import SCOPES

# The first test of a session waits until real runs are made and loaded.
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def file(runs: Mapping[str, Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store that holds every run."""
    path = tmp_path_factory.mktemp("plans") / "graph.lbug"
    with closing(open_store(str(path), must_exist=False)) as opened:
        for name, run in runs.items():
            opened.load(run, scope=SCOPES[name])
    return path


@pytest.fixture(scope="module")
def store(file: Path) -> Iterator[Store]:
    with closing(open_store(str(file))) as opened:
        yield opened


@pytest.mark.parametrize("name", [query.name for query in packaged_catalogue() if query.chooses_run])
def test_a_plan_stays_what_it_is_when_its_values_are_said(
    file: Path, store: Store, oracles: Mapping[str, Oracle], name: str
) -> None:
    query = packaged_catalogue().get(name)
    said = 0
    with connected(file, read_only=True) as connection:

        def plan(text: str, values: Mapping[str, object]) -> list[list[str]]:
            [[drawing]] = fetch(connection, f"EXPLAIN {on_one_line(text)}", dict(values))
            return [[operator for operator, _ in column] for column in boxes_of(str(drawing))]

        for oracle in oracles.values():
            if lacks(oracle, name):
                continue
            for values in cases(oracle, name):
                question = ask(store, query, {**values, "run": oracle.run})
                text = query.text("ladybug")
                judged = planned(text, values_of_text(text, question.bound, 100))
                spoken = spelled(*judged)
                said += len(judged[1]) - len(spoken[1])
                assert plan(*spoken) == plan(*judged), values
    assert said or not judged[1]
