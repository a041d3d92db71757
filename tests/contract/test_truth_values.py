"""Computed truth values in the embedded engine: in every place, the rows are right or the text is refused.

The engine answers some of these forms with the right number of rows and wrong values in them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from summit_graph.errors import QueryRefused
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.ladybug import seccomp
from summit_graph.store.ladybug.plans import boxes_of, lone_truth_values, wrong_filters
from summit_graph.store.ladybug.texts import (
    MOST_CASES,
    MOST_OPEN,
    has_lone_truth_value,
    has_nested_case,
    words_of,
)

VALUES = "v.id AS vertex, e.count AS count, n.channel AS channel"
PATTERNS = {
    "walk": "MATCH (c:Class {id: 'small/4'})-[:HAS_VERTEX]->(v:Vertex)-[e:FEEDS]->(w:Vertex)-[:OF]->(n:Neuron)",
    "fork": "MATCH (v:Vertex)<-[e:FEEDS]-(w:Vertex)-[:FEEDS]->(x:Vertex)-[:OF]->(n:Neuron)",
    "layers": "MATCH (n:Neuron)<-[:CONTAINS]-(:Layer)<-[:PLACED]-(c:Class {id: 'small/7'})-[:HAS_VERTEX]->"
    "(v:Vertex)-[e:FEEDS]->(:Vertex)",
}
Truth = Callable[[int, int], bool]
TRUTHS: dict[str, Truth] = {
    "e.count >= 5": lambda count, channel: count >= 5,
    "e.count IN [2, 3, 9]": lambda count, channel: count in (2, 3, 9),
    "NOT e.count >= 5": lambda count, channel: count < 5,
    "e.count >= 3 AND n.channel >= 2": lambda count, channel: count >= 3 and channel >= 2,
    "e.count > n.channel": lambda count, channel: count > channel,
    "coalesce(e.count >= 5, false)": lambda count, channel: count >= 5,
    "CASE WHEN e.count >= 5 THEN true ELSE false END": lambda count, channel: count >= 5,
    "any(one IN [e.count, 0] WHERE one >= 5)": lambda count, channel: count >= 5,
}
FORMS = {
    "after": ("WITH * WHERE {}", False),
    "named": ("WITH *, ({}) AS good WHERE good", True),
    "named, in brackets": ("WITH *, ({}) AS good WHERE (good)", True),
    "named in back-ticks": ("WITH *, ({}) AS `good` WHERE good", True),
    "asked for in back-ticks": ("WITH *, ({}) AS good WHERE `good`", True),
    "named in other letters": ("WITH *, ({}) AS `Good` WHERE gOOD", True),
    "twice not": ("WITH *, ({}) AS good WHERE NOT (NOT good)", True),
    "not not": ("WITH *, ({}) AS good WHERE NOT NOT good", True),
    "grouped": ("WITH v, e, n, ({}) AS good, count(*) AS times WHERE good UNWIND range(1, times) AS time", True),
    "coalesced": ("WITH * WHERE coalesce({}, false)", True),
    "if null": ("WITH * WHERE ifnull({}, false)", True),
    "case of a case": ("WITH *, CASE WHEN CASE WHEN {} THEN true END THEN 1 ELSE 0 END AS good WHERE good = 1", True),
    "compared": ("WITH *, ({}) AS good WHERE good = true", False),
    "coalesced, compared": ("WITH * WHERE coalesce({}, false) = true", False),
    "a case, compared": ("WITH * WHERE CASE WHEN {} THEN 1 ELSE 0 END = 1", False),
    "case of a case, compared": (
        "WITH *, CASE WHEN CASE WHEN {} THEN true END = true THEN 1 ELSE 0 END AS good WHERE good = 1",
        False,
    ),
}
"""How a truth value filters, and whether that may be refused."""
Joined = Callable[[bool, bool], bool]
JOINED: dict[str, tuple[str, bool, Joined]] = {
    "not": ("NOT good", False, lambda good, high: not good),
    "and": ("good AND n.channel >= 2", True, lambda good, high: good and high),
    "and, second": ("n.channel >= 2 AND good", True, lambda good, high: good and high),
    "and not": ("n.channel >= 2 AND NOT good", False, lambda good, high: high and not good),
    "not both": ("NOT (good AND n.channel >= 2)", False, lambda good, high: not (good and high)),
    "or": ("good OR n.channel >= 2", False, lambda good, high: good or high),
    "or, second": ("n.channel >= 2 OR good", False, lambda good, high: good or high),
    "neither": ("NOT (good OR n.channel >= 2)", False, lambda good, high: not (good or high)),
    "xor": ("good XOR n.channel >= 2", False, lambda good, high: good != high),
    "unequal": ("good <> (n.channel >= 2)", False, lambda good, high: good != high),
    "one of": ("good IN [true]", False, lambda good, high: good),
}
"""What may be asked of a computed truth value and `n.channel >= 2`, whether that may be refused, and what it means."""
WRONG = "the embedded engine answers wrong rows"


@pytest.fixture(scope="module")
def store(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The generated run with all its edges in an embedded store."""
    opened = open_store(str(tmp_path_factory.mktemp("truths") / "graph.lbug"), must_exist=False)
    opened.load(small_run, scope="all")
    yield opened
    opened.close()


def answered(store: Store, text: str) -> Counter[tuple[Any, ...]] | None:
    """The rows, each as often as it is there; None where the text is refused because they would be wrong."""
    try:
        return Counter(store.read(text, {}).rows)
    except QueryRefused as refused:
        if "wrong rows" not in str(refused):
            raise
        return None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_rows_filtered_by_a_truth_value_are_right_or_refused(store: Store, pattern: str, form: str) -> None:
    filtered, may_be_refused = FORMS[form]
    every = store.read(f"{PATTERNS[pattern]} RETURN {VALUES}", {}).rows
    for said, is_true in TRUTHS.items():
        text = f"{PATTERNS[pattern]} {filtered.format(said)} RETURN {VALUES}"
        expected: Counter[tuple[Any, ...]] = Counter(row for row in every if is_true(row[1], row[2]))
        assert 0 < expected.total() < len(every)
        found = answered(store, text)
        if found is None:
            assert may_be_refused or said.startswith(("coalesce", "CASE")), text
        else:
            assert found == expected, text


@pytest.mark.parametrize("form", JOINED)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_rows_filtered_by_a_truth_value_and_more_are_right_or_refused(store: Store, pattern: str, form: str) -> None:
    filtered, may_be_refused, means = JOINED[form]
    every = store.read(f"{PATTERNS[pattern]} RETURN {VALUES}", {}).rows
    for said, is_true in TRUTHS.items():
        text = f"{PATTERNS[pattern]} WITH *, ({said}) AS good WHERE {filtered} RETURN {VALUES}"
        found = answered(store, text)
        if found is None:
            assert may_be_refused, text
        else:
            assert found == Counter(row for row in every if means(is_true(row[1], row[2]), row[2] >= 2)), text


@pytest.mark.parametrize(
    "form",
    [form for form, (_, may_be_refused) in FORMS.items() if may_be_refused and form != "grouped"],
)
def test_what_was_seen_to_be_wrong_is_refused(store: Store, form: str) -> None:
    text = f"{PATTERNS['walk']} {FORMS[form][0].format('e.count >= 5')} RETURN {VALUES}"
    words = words_of(text)
    assert has_lone_truth_value(words) or has_nested_case(words)
    with pytest.raises(QueryRefused, match=WRONG):
        store.read(text, {})


def test_an_untrusted_query_is_refused_alike(store: Store) -> None:
    if not seccomp.is_available():
        pytest.skip("no process can be confined here")
    text = f"{PATTERNS['walk']} {FORMS['named'][0].format('e.count >= 5')} RETURN {VALUES}"
    with pytest.raises(QueryRefused, match=WRONG):
        store.read_untrusted(text, {}, row_limit=10, label="test")


@pytest.mark.parametrize("name", ["é" * 30, "a│b", "┌─┐│└─┘", "FILTER[1]", "日本 e.count"])
def test_no_name_hides_a_filter(store: Store, name: str) -> None:
    """Beside a box with such a name, a plan's filter is read as it is."""
    text = (
        "MATCH (`{}`:Vertex)-[e:FEEDS]->(w:Vertex), (x:Vertex)-[g:FEEDS]->(y:Vertex) "
        "WHERE g.count >= 5 AND `{}`.id > 'a' RETURN `{}`.id AS one, x.id AS two, w.id AS three"
    )
    with pytest.raises(QueryRefused, match=r"GREATER_THAN_EQUALS\(g\.count\)"):
        store.read(text.replace("{}", name), {})
    key = "MATCH (v:Vertex {id: '{}'})-[e:FEEDS]->(w:Vertex)-[g:FEEDS]->(x:Vertex) WHERE e.count >= 5 RETURN v.id AS id"
    with pytest.raises(QueryRefused, match=r"GREATER_THAN_EQUALS\(e\.count\)"):
        store.read(key.replace("{}", name), {})


def test_a_plan_that_cannot_be_read_is_refused(store: Store) -> None:
    text = "MATCH (v:Vertex)-[`a\n│b`:FEEDS]->(w:Vertex)-[:FEEDS]->(:Vertex) WHERE `a\n│b`.count >= 5 RETURN v.id AS id"
    with pytest.raises(QueryRefused, match="cannot be read"):
        store.read(text, {})
    subquery = "MATCH (v:Vertex)\nWHERE NOT EXISTS {\n MATCH (v)-[:FEEDS]->(:Vertex) // none\n}\nRETURN v.id AS id"
    assert store.read(subquery, {}).rows
    broken = "MATCH (v:Vertex {id: $id})-[e:FEEDS]->(w:Vertex) RETURN w.id AS id"
    assert store.read(broken, {"id": "a\nb│"}).rows == []


def test_a_filter_that_says_nothing_counts_as_computed() -> None:
    filtered = ["FILTER[3]", ""], ["SCAN_REL_TABLE[2]", "Alias: g"], ["SCAN_REL_TABLE[1]", "Alias: e"], ["SCAN[0]", ""]
    heading = ["┌─┐", "│┌┐│", "││Physical Plan││", "│└┘│", "└─┘"]
    drawn = "\n".join(
        [
            *heading,
            *(line for box in filtered for line in ("┌" + "─" * 20 + "┐", *(f"│{said:20}│" for said in box), "└┘")),
        ]
    )
    assert wrong_filters(boxes_of(drawn + "\n")) == [""]
    assert lone_truth_values(boxes_of(drawn.replace("SCAN_REL_TABLE[2]", "FLATTEN[2]       "))) == [""]


@pytest.mark.parametrize(
    "one",
    ["CASE WHEN x > 1 THEN {} ELSE 0 END", "CASE x WHEN 1 THEN abs({}) END", "CASE WHEN x > 1 THEN null ELSE {} END"],
)
def test_as_many_cases_within_each_other_as_the_engine_reads_in_time(store: Store, one: str) -> None:
    # It takes twice as long for each one more, and its time limit begins once it has read the text.
    def within(cases: int) -> str:
        value = "x"
        for _ in range(cases):
            value = one.format(value)
        return f"UNWIND [2] AS x RETURN {value} AS y"

    assert len(store.read(within(MOST_CASES), {}).rows) == 1
    with pytest.raises(QueryRefused, match=f"more than {MOST_CASES} CASE stand within each other") as refused:
        store.read(within(50), {})
    assert "\n" not in str(refused.value)
    beside = " + ".join(["CASE WHEN x > 1 THEN 1 ELSE 0 END"] * 50)
    assert store.read(f"UNWIND [2] AS x RETURN {beside} AS y", {}).rows == [(50,)]


def test_a_text_of_any_depth_is_judged_in_one_line_and_in_time(store: Store) -> None:
    match = "MATCH (v:Vertex)"
    for opening, closing in (("(", ")"), ("NOT (", ")"), ("CASE WHEN ", " THEN true END")):
        text = f"{match} WHERE {opening * 5000}v.selected{closing * 5000} RETURN v.id AS id"
        with pytest.raises(QueryRefused, match=f"more than {MOST_OPEN} brackets and CASE"):
            store.read(text, {})
    began = time.process_time()
    for long in ("CASE " + "WHEN 1 " * 20_000, "NOT " * 20_000 + "good", "good AND " * 20_000 + "good"):
        words = words_of(f"{match} WHERE {long}")
        assert not has_nested_case(words)
        assert not has_lone_truth_value(words)
    assert time.process_time() - began < 10
