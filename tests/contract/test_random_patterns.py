"""Random patterns of relationships: what the embedded engine answers is right, or it is refused."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from summit_graph.errors import QueryRefused
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.contract.joins import LARGEST, Rows, random_pattern
from tests.services.evidence import Section

PATTERNS = 100


def compared(path: Path, run: Run, scope: str, patterns: int, seed: int) -> Counter[str]:
    """How many random patterns are right and how many refused in a store of one run."""
    store = open_store(str(path), must_exist=False)
    store.load(run, scope="all" if scope == "all" else "selected")
    rows, chance, counted = Rows.of(store), random.Random(seed), Counter[str]()
    for _ in range(patterns):
        pattern = random_pattern(chance, rows)
        expected = rows.join(pattern)
        if expected is None:
            continue
        try:
            answer = store.read(pattern.text, pattern.parameters, row_limit=LARGEST)
        except QueryRefused as refused:
            if "wrong rows" not in str(refused):
                raise
            counted["refused"] += 1
            continue
        assert Counter(repr(list(row)) for row in answer.rows) == expected, (pattern.text, pattern.parameters)
        counted["right"] += 1
    store.close()
    return counted


@pytest.mark.parametrize("scope", ["selected", "all"])
def test_a_pattern_is_answered_right_or_refused(small_run: Run, tmp_path: Path, scope: str) -> None:
    counted = compared(tmp_path / "graph.lbug", small_run, scope, PATTERNS, seed=1)
    assert counted["right"] > PATTERNS / 2
    assert counted["refused"] > 0


@pytest.mark.long
def test_thousands_of_patterns_are_answered_right_or_refused(
    small_run: Run, countless_run: Run, tmp_path: Path, evidence: Section
) -> None:
    counted: Counter[str] = Counter()
    for number, (run, scope) in enumerate([(small_run, "selected"), (small_run, "all"), (countless_run, "all")]):
        counted += compared(tmp_path / f"{number}.lbug", run, scope, 20 * PATTERNS, seed=10 + number)
    assert counted["right"] > 3_000
    evidence.record(
        "The embedded engine",
        "random patterns of one to three relationships against joins in Python",
        f"{counted['right']:,} answered with 0 differences, {counted['refused']:,} refused",
    )
