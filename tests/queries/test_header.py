"""The header of a query file: what it says, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from summit_graph.errors import SummitError
from summit_graph.queries.header import LIMIT, RUN, Column, Header, parse_header
from summit_graph.queries.parameter import Parameter

FILE = Path("some/query.cypher")
GOOD = """\
// title: Neurons that two classes share
// answers: Which neurons do both classes rely on,
//   and how strongly each?
// parameter class_a: class, required
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// parameter mass: number = 0.5, 0..1
// parameter sort: name|share = share
// parameter exact: boolean = false
// column neuron: neuron · share_a: share
// column names: text
// example: class_a='brown bear' limit=5
// needs: share, examples
// search: meeting
MATCH (n:Neuron) RETURN n
"""


def parsed(text: str) -> Header:
    return parse_header(text, FILE)


def test_a_header_says_everything_of_its_query() -> None:
    header = parsed(GOOD)
    assert header.title == "Neurons that two classes share"
    assert header.answers == "Which neurons do both classes rely on, and how strongly each?"
    assert header.parameters == (
        Parameter("class_a", "class", required=True),
        Parameter("layer", "layer"),
        Parameter("scope", "scope", default="selected", choices=("selected", "all")),
        Parameter("limit", "integer", default=100, low=1, high=10000),
        Parameter("mass", "number", default=0.5, low=0.0, high=1.0),
        Parameter("sort", "choice", default="share", choices=("name", "share")),
        Parameter("exact", "boolean", default=False),
        RUN,
    )
    assert header.columns == (Column("neuron", "neuron"), Column("share_a", "share"), Column("names", "text"))
    assert header.example == {"class_a": "brown bear", "limit": "5"}
    assert (header.needs, header.search, header.lines) == (("share", "examples"), "meeting", 15)
    assert not header.declares_run


def test_every_query_takes_a_run_and_a_limit() -> None:
    header = parsed("// title: T\n// answers: A\n// column n: neuron\n\nRETURN 1")
    assert header.parameters == (LIMIT, RUN)
    assert header.lines == 3


def test_a_query_about_runs_may_do_without_one() -> None:
    header = parsed("// title: T\n// answers: A\n// parameter run: run, optional\n// column n: run\nRETURN 1")
    assert header.declares_run
    assert header.parameters == (RUN, LIMIT)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("// title: Neurons that two classes share\n", "", ":1: ", "no `// title: …`"),
        ("// title", "// name", ":1: ", "not a line of a header"),
        ("// parameter layer", "//parametre layer", ":5: ", "not a line of a header"),
        ("// title:", "// title", ":1: ", "write `// title: …`"),
        ("// needs: share, examples", "// title: Again", ":14: ", "a second title"),
        ("// needs: share, examples", "// needs:", ":14: ", "needs is empty"),
        ("class_a: class, required", "class_a class, required", ":4: ", "write `// parameter NAME"),
        ("class_a: class", "ClassA: class", ":4: ", "write `// parameter NAME"),
        ("layer: layer", "page: layer", ":5: ", "page has its own meaning"),
        ("layer: layer", "db: text", ":5: ", "db has its own meaning"),
        ("layer: layer, optional", "run: run, required", ":5: ", "run has its own meaning"),
        ("limit: integer = 100, 1..10000", "limit: text = many", ":7: ", "limit has its own meaning"),
        ("layer: layer", "layer: lair", ":5: ", "the type 'lair' is unknown"),
        ("layer: layer", "class_a: layer", ":5: ", "class_a is declared twice"),
        ("layer, optional", "layer", ":5: ", "required, optional or a default"),
        ("layer, optional", "layer, optional, required", ":5: ", "required, optional or a default"),
        ("layer, optional", "layer, optional, 1..2", ":5: ", "'1..2' is none of"),
        ("= 100, 1..10000", "= 100, 1..many", ":7: ", "'1..many' is none of"),
        ("= 100, 1..10000", "= 100, 1.5..2", ":7: ", "no bounds of its type"),
        ("= 100, 1..", "= 0, 1..", ":7: ", "the default does not fit"),
        ("name|share", "name|the share", ":9: ", "write its choices as words"),
        ("= share", "= shore", ":9: ", "did you mean share?"),
        ("share_a: share", "share_a share", ":11: ", "write `// column NAME"),
        ("share_a: share", "share_a: shore", ":11: ", "the type 'shore' is unknown"),
        ("share_a: share", "neuron: neuron", ":1: ", "column neuron is declared twice"),
        ("needs: share, examples", "needs: shares", ":1: ", "needs 'shares' is unknown"),
        ("class_a='brown bear' limit=5", "class=1", ":1: ", "the example does not fit: 'class=1'"),
        ("class_a='brown bear' limit=5", "limit=5", ":1: ", "the example does not fit: class_a is missing"),
        ("class_a='brown bear' limit=5", "class_a=1 limit=0", ":1: ", "the example does not fit: limit is 0"),
    ],
)
def test_a_wrong_header_is_refused_by_file_and_line(old: str, new: str, place: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(SummitError) as refusal:
        parsed(GOOD.replace(old, new, 1))
    assert str(refusal.value).startswith(f"{FILE}{place}")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "MATCH (n:Neuron) RETURN n", "\n// title: T"])
def test_a_file_without_a_header_is_refused(text: str) -> None:
    with pytest.raises(SummitError, match="has no header"):
        parsed(text)


def test_a_header_without_columns_is_refused() -> None:
    with pytest.raises(SummitError, match="no `// column"):
        parsed("// title: T\n// answers: A\nRETURN 1")
