"""The catalogue at ten million edges: what the engine answers wrong may depend on how much a store holds.

At 0.2 million edges the contract itself asks: Summit's published graphs have as many.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scale_run import CLASSES, LARGE, PROBES, make_scale_run
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.contract.cases import OF_LAYER, Values, candidates, lacks
from tests.contract.oracle import Oracle
from tests.contract.test_contract import QUERIES, typed
from tests.services.evidence import Section

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

TIMEOUT_MS = 300_000
"""What most classes use is counted over all edges; a service would stop it."""


def asked(oracle: Oracle, query: str) -> list[Values]:
    """Two sets of values for a query, about large classes and not about the same ones."""
    if query in OF_LAYER - {"weak_classes"}:
        return [{"layer": oracle.layers[place][1]} for place in (1, -1)]
    fitting = (values for values in candidates(oracle, query) if min(classes_in(values), default=PROBES) >= PROBES)
    first = next(fitting)
    others = (values for values in fitting if not classes_in(values) or classes_in(values) != classes_in(first))
    return [first, *islice(others, 1)]


def classes_in(values: Values) -> set[int]:
    """The classes that values are about."""
    named = {values[name] for name in ("class", "class_a", "class_b") if name in values}
    return named | set(values.get("classes", ()))


def test_every_query_is_right_at_ten_million_edges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Section
) -> None:
    monkeypatch.setenv("SUMMIT_QUERY_TIMEOUT_MS", str(TIMEOUT_MS))
    run = make_scale_run(tmp_path / "run", LARGE, CLASSES)
    store = open_store(str(tmp_path / "graph.lbug"), must_exist=False)
    store.load(run)
    oracle = Oracle(run, "selected")
    edges = sum(map(len, oracle.edges.values()))
    able = [query for query in QUERIES if not lacks(oracle, query)]
    answers = sum(compared(store, run, oracle, query) for query in able)
    store.close()
    evidence.record(
        "The catalogue on ladybug, each query repeated with other parameters",
        f"{edges:,} edges, {len(able)} queries",
        f"{answers} answers, 0 other than the oracle's",
    )


def compared(store: Store, run: Run, oracle: Oracle, query: str) -> int:
    """Asks a query with some values, with others, and with the first again; how many answers were the oracle's."""
    one = packaged_catalogue().get(query)
    limit = one.parameter("limit").default
    values = asked(oracle, query)
    expected: list[Any] = [typed([row for _, row in oracle.answer(query, {"limit": limit, **some})]) for some in values]
    for some, rows in [*zip(values, expected, strict=True), (values[0], expected[0])]:
        answer = run_query(store, one, {**some, "run": run.manifest.run})
        assert typed(answer.rows) == rows, (query, some)
    return len(values) + 1
