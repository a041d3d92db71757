"""The guide to Cypher: each of its questions, asked of either engine, has the answer that stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from summit_graph.queries.ad_hoc import stream_ad_hoc
from summit_graph.run import Run
from summit_graph.store import Store
from summit_graph.terminal import table_lines
from tests.house.sources import PROJECT

GUIDE = (PROJECT / "docs" / "cypher-guide.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Asked:
    """A question of the guide, its texts and the table that answers it."""

    question: str
    text: str
    ladybug_text: str | None
    answer: list[str]


def asked() -> list[Asked]:
    found = []
    for section in re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]:
        [text] = re.findall(r"^```cypher\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        other = re.findall(r"^```cypher ladybug\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        [answer] = re.findall(r"^```text\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        found.append(Asked(section.splitlines()[0], text, other[0] if other else None, answer.splitlines()))
    return found


def answer_of(store: Store, text: str) -> list[str]:
    with stream_ad_hoc(store, text, {}) as answer:
        return list(table_lines(answer.columns, (row for batch in answer.batches for row in batch)))


def test_the_guide_asks_ten_questions() -> None:
    assert len(asked()) == 10
    assert all(len(one.answer) > 2 for one in asked())


@pytest.mark.parametrize("one", asked(), ids=lambda one: one.question)
def test_a_question_of_the_guide_has_its_answer(store: Store, runs: Mapping[str, Run], one: Asked) -> None:
    if "published" not in runs:
        pytest.skip("no published graphs: the guide's answers are theirs")
    if store.dialect == "ladybug":
        assert answer_of(store, one.ladybug_text or one.text) == one.answer
    elif "RETURN v, e, w" in one.text:
        # To be drawn in Neo4j Browser: nodes and relationships, as many rows as the table of the other engine has.
        assert len(answer_of(store, one.text)) == len(one.answer)
    else:
        assert answer_of(store, one.text) == one.answer
