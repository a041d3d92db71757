"""The embedded engine on many small stores: what it does for a query depends on how much a store holds of what."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import pytest

from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.contract.cases import cases, lacks
from tests.contract.oracle import Oracle
from tests.contract.test_contract import QUERIES, typed
from tests.runs import make_run
from tests.services.evidence import Section

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

STORES = 24


def random_run(directory: Path, name: str, seed: int) -> Run:
    """A run of any shape: few or many classes, layers and channels, sparse or dense."""
    chance = random.Random(seed)
    layers = {f"layer{index}": chance.choice([3, 5, 8, 13, 40]) for index in range(chance.randint(2, 6))}
    classes = [f"class {number}" for number in range(chance.choice([3, 5, 9]))]
    return make_run(
        directory,
        run=name,
        seed=seed,
        classes=classes,
        layers=layers,
        images_per_class=chance.choice([None, 8, 30]),
        edge_share=chance.choice([0.05, 0.2, 0.6]),
    )


def test_every_query_is_right_whatever_else_a_store_holds(tmp_path: Path, evidence: Section) -> None:
    asked = 0
    for seed in range(STORES):
        store = open_store(str(tmp_path / f"{seed}.lbug"), must_exist=False)
        oracles = []
        for place in range(seed % 3 + 1):
            run = random_run(tmp_path / f"{seed}-{place}", f"run{place}", 10 * seed + place)
            scope: Literal["selected", "all"] = "all" if (seed + place) % 2 else "selected"
            store.load(run, scope=scope)
            oracles.append(Oracle(run, scope))
        for oracle in oracles:
            for query in (packaged_catalogue().get(name) for name in QUERIES if not lacks(oracle, name)):
                limit = query.parameter("limit").default
                for values in cases(oracle, query.name):
                    rows = [row for _, row in oracle.answer(query.name, {"limit": limit, **values})]
                    answer = run_query(store, query, {**values, "run": oracle.run})
                    assert typed(answer.rows) == typed(rows), (seed, oracle.run, query.name, values)
                    asked += 1
        store.close()
    assert asked > 1_000
    evidence.record(
        "The embedded engine", f"the catalogue on {STORES} stores of any shape", f"{asked:,} cases: 0 differences"
    )
