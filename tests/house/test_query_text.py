"""Query text lives in `cypher/`; Python and the page hold none, but for the stores' own."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.sources import PACKAGES, PROJECT, project_files, python_files, strings_of, tree_of

STORES = "summit_graph/store"
QUERY_TEXT = re.compile(
    r"\bMATCH\s*(\w+\s*=\s*)?\(|\b(CREATE|MERGE)\s*\(|\bUNWIND\s+\S+\s+AS\b|\bDETACH\s+DELETE\b|\bRETURN\s+\w+[.(,\s]"
    r"|\bLOAD\s+CSV\b|\bCREATE\s+(NODE|REL)\s+TABLE\b|\)\s*-\[[^]]*\]->?\s*\("
)


def test_python_outside_the_stores_holds_no_query_text() -> None:
    found = [
        f"{path}:{line}: {' '.join(text.split())[:80]}"
        for path in python_files(*PACKAGES)
        if not path.is_relative_to(STORES)
        for line, text in strings_of(tree_of(path))
        if QUERY_TEXT.search(text)
    ]
    assert found == []


def test_the_page_holds_no_query_text() -> None:
    pages = [
        path for path in project_files() if path.parts[0] in {"api", "web"} and path.suffix in {".html", ".js", ".ts"}
    ]
    assert [path for path in pages if QUERY_TEXT.search((PROJECT / path).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (n:Neuron) RETURN n",
        "MATCH path = (a)-[:FEEDS]->(b)",
        "UNWIND $rows AS row",
        "MERGE (n:Run {id: $id})",
        "RETURN n.id AS id",
        "(c:Class)-[:HAS_VERTEX]->(v:Vertex)",
        "CREATE NODE TABLE Neuron(id STRING PRIMARY KEY)",
    ],
)
def test_query_text_is_recognized(text: str) -> None:
    assert QUERY_TEXT.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "no class matches (see the list)",
        "'MATCH …' on your own database",
        "a run is created (again)",
        "return the rows",
    ],
)
def test_plain_english_is_not_taken_for_a_query(text: str) -> None:
    assert not QUERY_TEXT.search(text)


def test_a_docstring_is_no_string_of_the_program() -> None:
    tree = ast.parse('"""MATCH (n)"""\ndef f():\n    """MATCH (m)"""\n    return f"MATCH (x {1})"')
    assert [text for _, text in strings_of(tree)] == ["MATCH (x ", ")"]
