"""What the catalogue costs: every query beside the engine's bare call, and path queries on classes of two sizes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from itertools import combinations, islice
from pathlib import Path

import pytest

from benchmarks.query_cost import Bare, bare_embedded, bare_neo4j, beside_bare
from benchmarks.ratio import milliseconds
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store
from tests.contract.cases import cases, lacks, spread
from tests.contract.oracle import Oracle, Row
from tests.runs import make_run
from tests.services.evidence import Section

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

ROUNDS = 11
MEASURED_ON = ("published", "resnet", "small")
"""The graph that a query is timed on: the first of these that is there and has rows to answer."""
PATH_QUERIES = ("widest_paths", "common_chain", "meeting", "neighbourhood")
SUMMIT_SIZED_MS, DENSE_MS = 50, 1_000
CLASSES_TRIED, TIMES_ASKED = 40, 3
DENSE_LAYERS = {f"layer{index}": 50 for index in range(10)}
DENSE_EDGE_SHARE = 0.364


@pytest.fixture
def bare(request: pytest.FixtureRequest, database: str, store: Store) -> Iterator[Bare]:
    """The engine's own call."""
    called: AbstractContextManager[Bare]
    if store.dialect == "ladybug":
        called = bare_embedded(Path(database))
    else:
        called = bare_neo4j(request.getfixturevalue("neo4j_server"))
    with called as call:
        yield call


def test_every_query_is_timed_beside_the_bare_call(
    store: Store, oracles: Mapping[str, Oracle], bare: Bare, evidence: Section
) -> None:
    for query in packaged_catalogue():
        if not query.chooses_run:
            continue
        able = {name: oracle for name, oracle in oracles.items() if not lacks(oracle, query.name)}
        asked = sum(len(cases(oracle, query.name)) for oracle in able.values())
        # An answer without rows would say little of what one with rows costs.
        name, values = next(
            (name, values)
            for name in MEASURED_ON
            if name in able
            for values in cases(able[name], query.name)
            if able[name].answer(query.name, values)
        )
        rows, ours, theirs = beside_bare(store, query, {**values, "run": able[name].run}, bare, ROUNDS)
        assert rows > 0
        assert ours > 0
        evidence.record(
            f"The catalogue on {store.dialect}: cases equal to the oracle, and the median time against the bare call",
            f"`{query.name}`: {len(able)} graphs, {asked} cases",
            f"{ours:.1f} ms for {rows} rows of {name}, {ours / theirs:.2f} times the bare call",
        )


def times_of(store: Store, run: str, classes: list[int], scope: str) -> dict[str, list[float]]:
    """Time in ms of each path query, for pairs of neighbouring classes, after one call that does not count.

    Of three calls the shortest: a burst of another program on the machine is none of the query's.
    """
    taken: dict[str, list[float]] = {}
    for name in PATH_QUERIES:
        query = packaged_catalogue().get(name)
        for index, (number, other) in enumerate(zip(classes, [*classes[1:], classes[0]], strict=True)):
            given: Row = {"class": number, "class_a": number, "class_b": other}
            given = {one.name: given[one.name] for one in query.parameters if one.name in given}
            if name == "neighbourhood":
                edges = packaged_catalogue().get("class_edges")
                [edge] = run_query(store, edges, {"class": number, "run": run, "scope": scope, "limit": 1}).rows
                given |= {"neuron": edge["target"], "steps": 3}
            asked = {**given, "run": run, "scope": scope}
            if index == 0:
                run_query(store, query, asked)
            shortest = min(milliseconds(partial(run_query, store, query, asked)) for _ in range(TIMES_ASKED))
            taken.setdefault(name, []).append(shortest)
    return taken


def test_a_path_takes_50_ms_in_a_class_of_summit_s_size(
    store: Store, runs: Mapping[str, Run], evidence: Section
) -> None:
    if "published" not in runs:
        pytest.skip("no published graphs: see the fixture `published_files`")
    numbers = runs["published"].class_numbers[:CLASSES_TRIED]
    for name, taken in times_of(store, runs["published"].manifest.run, list(numbers), "selected").items():
        median = statistics.median(taken)
        evidence.record(
            f"Path queries on {store.dialect}",
            f"`{name}`, {len(taken)} published classes",
            f"median {median:.0f} ms, longest {max(taken):.0f} ms",
        )
        assert median <= SUMMIT_SIZED_MS, name


def test_a_meeting_through_a_third_class_is_timed(
    store: Store, oracles: Mapping[str, Oracle], evidence: Section
) -> None:
    if "published" not in oracles:
        pytest.skip("no published graphs: see the fixture `published_files`")
    oracle, meeting = oracles["published"], packaged_catalogue().get("meeting")
    strangers = (
        {"class_a": a, "class_b": b, "run": oracle.run}
        for a, b in combinations(spread(sorted(oracle.classes)), 2)
        if not oracle.vertices[a].keys() & oracle.vertices[b].keys()
    )
    taken = []
    for asked in islice(strangers, CLASSES_TRIED):
        assert {row["leg"] for row in run_query(store, meeting, asked).rows} == {1, 2}
        taken.append(min(milliseconds(partial(run_query, store, meeting, asked)) for _ in range(TIMES_ASKED)))
    assert taken
    evidence.record(
        f"Path queries on {store.dialect}",
        f"`meeting` through a third class, {len(taken)} pairs of published classes that share nothing",
        f"median {statistics.median(taken):.0f} ms, longest {max(taken):.0f} ms",
    )


def test_a_path_takes_a_second_in_a_class_of_10_000_edges(store: Store, tmp_path: Path, evidence: Section) -> None:
    names = ["a", "b"]
    dense = make_run(
        tmp_path / "dense", run="dense", classes=names, layers=DENSE_LAYERS, edge_share=DENSE_EDGE_SHARE, examples=False
    )
    store.load(dense, scope="all")
    try:
        [details] = run_query(
            store, packaged_catalogue().get("class_details"), {"class": 0, "run": "dense", "scope": "all"}
        ).rows
        assert details["neurons"] == 500
        assert details["edges"] >= 9_800
        for name, taken in times_of(store, "dense", [0, 1], "all").items():
            evidence.record(
                f"Path queries on {store.dialect}",
                f"`{name}`, a class of {details['neurons']} vertices and {details['edges']:,} edges",
                f"longest {max(taken):.0f} ms",
            )
            assert max(taken) <= DENSE_MS, name
    finally:
        store.delete_run("dense")
