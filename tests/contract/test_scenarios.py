"""The answers of docs/scenarios.md are those of the published graphs, on both engines."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from summit_graph.queries import packaged_catalogue
from summit_graph.run import Run
from tests.contract.scenarios import Scenario, answer_of, scenarios

pytestmark = pytest.mark.timeout(1200)


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.command.partition("query ")[2])
def test_a_scenario_has_the_answer_that_the_page_shows(
    database: str, runs: Mapping[str, Run], scenario: Scenario
) -> None:
    if "published" not in runs:
        pytest.skip("no published graphs: see the fixture `published_files`")
    assert answer_of(scenario.command, database) == scenario.answer


def test_the_page_asks_canned_queries_alone() -> None:
    asked = [scenario.command.split()[:3] for scenario in scenarios()]
    assert len(asked) > 20
    assert all(words[:2] == ["summit-graph", "query"] and words[2] in packaged_catalogue() for words in asked)
