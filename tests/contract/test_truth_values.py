"""Computed truth values in the embedded engine: in every place, the rows are right or the text is refused.

The engine answers some of these forms with the right number of rows and wrong values in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from summit_graph.errors import QueryRefused
from summit_graph.run import Run
from summit_graph.store import Store, open_store

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
    "twice not": ("WITH *, ({}) AS good WHERE NOT (NOT good)", True),
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


@pytest.mark.parametrize("form", ["named", "twice not", "coalesced", "if null", "case of a case"])
def test_what_was_seen_to_be_wrong_is_refused(store: Store, form: str) -> None:
    text = f"{PATTERNS['walk']} {FORMS[form][0].format('e.count >= 5')} RETURN {VALUES}"
    with pytest.raises(QueryRefused, match="the embedded engine answers wrong rows"):
        store.read(text, {})
    with pytest.raises(QueryRefused, match="the embedded engine answers wrong rows"):
        store.read_untrusted(text, {}, row_limit=10, label="test")
