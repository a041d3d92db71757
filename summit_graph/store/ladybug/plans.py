"""Plans that the embedded engine answers wrong rows with, silently, and so are refused (ladybug 0.22.0).

Three kinds are known, from random patterns compared with joins in Python (tests/contract/test_random_patterns.py), from
every form of a truth value in every place (tests/contract/test_truth_values.py), and from a store of ten million edges:

1. A filter that computes something of a relationship (`a.count >= 5`, `$scope = 'all' OR a.selected`), right above its
   scan, loses or invents rows where the pattern has other relationships; one that is a truth value itself
   (`a.selected`) is right where no other relationship is scanned above it.
2. A filter that is nothing but a computed truth value (`WITH a.count >= 5 AS good … WHERE good`, `WHERE coalesce(…)`)
   gives the first row's values to others, unless it stands right above a scan. Compared (`good = true`), it is right.
3. A CASE that is itself the condition of a CASE decides by the first row. Compared, it is right.

What is computed in RETURN or WITH is right, and so is every filter after WITH that compares. What a plan is depends on
how much a store holds of what, so a text is judged in the store that it is asked of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import ladybug

from summit_graph.errors import QueryRefused, QueryTimeout, SummitError
from summit_graph.store.ladybug.engine import fetch
from summit_graph.store.ladybug.texts import (
    MOST_CASES,
    MOST_OPEN,
    has_lone_truth_value,
    has_nested_case,
    most_cases,
    most_open,
    words_of,
)
from summit_graph.store.reading import on_one_line

_HEADING = 5
"""Lines above the first operators: a box in a box, `Physical Plan`."""
_TOP = re.compile("┌[─┴]+┐")
_RIGHT = re.compile(r"\w+\.\w+|IS_(NOT_)?NULL\(\$\w+\)")
"""Filters that compute nothing of a relationship: its property itself, or whether a parameter was given."""
_SCANS = frozenset({"SCAN_NODE_TABLE", "SCAN_REL_TABLE", "PRIMARY_KEY_SCAN_NODE_TABLE", "QUERY_PRIMARY_KEY_LOOKUP"})
"""Operators that read what is stored, and name it."""
_NAME = re.compile(r"\w+")
_MEASURED = ("NumOutputTuples: ", "ExecutionTime: ", "TotalTime: ")

ALONE = (
    "the embedded engine answers wrong rows where a computed truth value filters alone, as in WHERE good or "
    "WHERE coalesce(…): compare it, as in WHERE good = true, or ask Neo4j"
)
UNREADABLE = (
    "the embedded engine's plan of this query cannot be read, so its rows may be wrong: write names and texts without "
    "line breaks (a text may be a parameter), or ask Neo4j"
)

Box = tuple[str, list[str]]
"""An operator, and the lines that say what it does."""


def check_plan(connection: ladybug.Connection, text: str, parameters: dict[str, Any]) -> None:
    """Raises QueryRefused where the engine would answer a query wrong, or never; what it refuses is left to it."""
    words = words_of(text)
    if most_open(words) > MOST_OPEN:
        raise QueryRefused(f"more than {MOST_OPEN} brackets and CASE are open at once: write the query flatter")
    if most_cases(words) > MOST_CASES:
        raise QueryRefused(
            f"more than {MOST_CASES} CASE stand within each other, which the embedded engine does not read in time: "
            f"give one CASE several WHEN, or ask Neo4j"
        )
    if has_nested_case(words):
        raise QueryRefused(
            "the embedded engine answers wrong rows where a CASE is the condition of a CASE: compare it, as in "
            "CASE WHEN CASE … END = true THEN …, or ask Neo4j"
        )
    if has_lone_truth_value(words):
        raise QueryRefused(ALONE)
    try:
        # The plan says a subquery as it is written, line breaks and all.
        [[drawing]] = fetch(connection, f"EXPLAIN {on_one_line(text)}", parameters)
    except QueryTimeout:
        raise
    except SummitError:
        return
    columns = boxes_of(str(drawing))
    wrong = wrong_filters(columns)
    if wrong:
        raise QueryRefused(
            f"the embedded engine answers wrong rows where a pattern of several relationships is filtered by a "
            f"property of one ({wrong[0]}): return the property and compare it there, as in "
            f"sum(CASE WHEN … THEN 1 ELSE 0 END), or ask Neo4j"
        )
    if lone_truth_values(columns):
        raise QueryRefused(ALONE)


def wrong_filters(columns: Sequence[Sequence[Box]]) -> list[str]:
    """The filters of relationships in a plan that make it answer wrong."""
    computed, scans = [], 0
    for column in columns:
        below_others = []
        for place, (operator, _) in enumerate(column):
            if operator != "SCAN_REL_TABLE":
                continue
            filters = list(_filters_above(column[:place]))
            computed += [said for said, is_right in filters if not is_right]
            if filters and any(above == "SCAN_REL_TABLE" for above, _ in column[:place]):
                below_others.append(filters[0][0])
            scans += 1
        if below_others:
            return below_others
    return computed if scans > 1 else []


def lone_truth_values(columns: Sequence[Sequence[Box]]) -> list[str]:
    """The filters of a plan that are a computed truth value and nothing else, unless right above a scan."""
    stored = {
        line.partition(": ")[2] or line
        for column in columns
        for operator, lines in column
        if operator in _SCANS
        for line in lines
    }
    found = []
    for column in columns:
        for place, (operator, lines) in enumerate(column):
            if operator != "FILTER" or column[place + 1][0] in {"SCAN_NODE_TABLE", "SCAN_REL_TABLE"}:
                continue
            said = ", ".join(lines)
            if not said or (_NAME.fullmatch(said) and said not in stored):
                found.append(said)
    return found


def _filters_above(column: Sequence[Box]) -> Iterator[tuple[str, bool]]:
    """What each filter right above says, and whether it computes nothing; one that says nothing may compute."""
    for operator, lines in reversed(column):
        if operator != "FILTER":
            return
        yield " ".join(lines), bool(lines) and all(_RIGHT.fullmatch(line) for line in lines)


def boxes_of(drawing: str) -> list[list[Box]]:
    """The operators of a drawn plan, column by column, from the last to be done to the first.

    Raises QueryRefused where the boxes do not close where they should, as after a line break in a name.
    """
    columns: dict[int, list[Box]] = {}
    row: list[tuple[int, int]] = []
    for line in drawing.split("\n")[_HEADING:]:
        if not row:
            row = [(top.start(), len(top.group()) - 2) for top in _TOP.finditer(line)]
            if line and not row:
                raise QueryRefused(UNREADABLE)
            for begin, _ in row:
                columns.setdefault(begin, []).append(("", []))
        elif line[row[0][0] :].startswith("└"):
            row = []
        else:
            for (begin, _), said in zip(row, _cells(line, row), strict=True):
                operator, lines = columns[begin][-1]
                if not operator:
                    columns[begin][-1] = (said.partition("[")[0], lines)
                elif set(said) - set("-─ ") and not said.startswith(_MEASURED):
                    lines.append(said)
    return list(columns.values())


def _cells(line: str, row: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What a line says in each box of a row (place and inner width).

    The engine pads by bytes, so a letter of two moves what is right of it; and a name may hold what boxes are drawn of.
    """
    place = 0
    for begin, width in row:
        box = line[begin - place :]
        inner = box[1:].encode()
        line = inner[width:].decode(errors="replace")
        if not (box.startswith("│") and line.startswith("│")):
            raise QueryRefused(UNREADABLE)
        yield inner[:width].decode(errors="replace").strip()
        line, place = line[1:], begin + width + 2
