"""Page tokens: bound to their question, and to nothing else."""

from __future__ import annotations

import pytest

from summit_graph.errors import InvalidParameter
from summit_graph.queries.pages import MAXIMUM_OFFSET, page_offset, page_token, question_digest

QUESTION = question_digest("run", "query", {"class": "small/0", "limit": 10})


@pytest.mark.parametrize("offset", [1, 15, 16, 10_000, MAXIMUM_OFFSET - 1])
def test_a_token_leads_back_to_its_offset(offset: int) -> None:
    assert page_offset(page_token(offset, QUESTION), QUESTION) == offset


def test_without_a_token_an_answer_begins_at_its_first_row() -> None:
    assert page_offset(None, QUESTION) == 0


def test_the_number_of_rows_on_a_page_may_change() -> None:
    assert question_digest("run", "query", {"class": "small/0", "limit": 3}) == QUESTION


@pytest.mark.parametrize(
    "other",
    [
        question_digest("other run", "query", {"class": "small/0"}),
        question_digest(None, "query", {"class": "small/0"}),
        question_digest("run", "other query", {"class": "small/0"}),
        question_digest("run", "query", {"class": "small/1"}),
        question_digest("run", "query", {"class": "small/0", "scope": "all"}),
    ],
)
def test_a_token_of_another_question_is_refused(other: str) -> None:
    with pytest.raises(InvalidParameter, match="page is no token of this query"):
        page_offset(page_token(5, other), QUESTION)


@pytest.mark.parametrize(
    "token", ["", "5", "%00", "ü", "a" * 10_000, page_token(0, QUESTION), page_token(2**60, QUESTION)]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        page_offset(token, QUESTION)
    assert refusal.value.parameter == "page"


def test_a_token_has_one_spelling() -> None:
    token = page_token(5, QUESTION)
    for other in (token + "=", token + "A", page_token(5, QUESTION).swapcase()):
        with pytest.raises(InvalidParameter):
            page_offset(other, QUESTION)
