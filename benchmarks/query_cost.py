"""What a canned query costs from Python beside the same text sent to the engine bare, on both engines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ladybug
import neo4j

import summit_graph
from benchmarks.machine import PROJECT
from benchmarks.ratio import Ratio, alternate
from summit_graph.exchange import summit_import
from summit_graph.graph import Graph
from summit_graph.loading import load_run
from summit_graph.queries import Query, run_query
from summit_graph.queries.catalogue import parameters_of
from summit_graph.queries.running import NO_LIMIT
from summit_graph.run import Run
from summit_graph.store import Store
from tests.runs import make_run
from tests.services.missing import ToolMissing
from tests.services.neo4j_server import Neo4jServer, running_neo4j, temporary_home

ROUNDS = 31
GENERATED_CLASSES = 40
GENERATED_LAYERS = {"low": 32, "middle": 48, "high": 48, "last": 32}

Bare = Callable[[str, dict[str, Any]], object]
"""Sends a text with its parameters to an engine and takes every row, with nothing of ours between."""


def ratios() -> Iterator[Ratio]:
    """For each engine and each query that is one text: our answer against the engine's own call."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        run = a_run(Path(folder))
        yield from embedded_ratios(run, Path(folder) / "bench.lbug")
        yield from neo4j_ratios(run)


def a_run(folder: Path) -> Run:
    """Summit's published graphs where the shared test data is there, else a generated run."""
    shared = Path(os.environ.get("SUMMIT_TEST_DATA", PROJECT.parent / "shared")) / "data" / "summit-published"
    if shared.is_dir():
        print("queries on Summit's published graphs: 1,000 classes", file=sys.stderr)
        summit_import.import_summit(
            shared / "attribution-graphs.zip", folder / "run", classes=shared / "classes.csv", images_per_class=None
        )
        return Run.open(folder / "run")
    print(f"queries on a generated run: {GENERATED_CLASSES} classes", file=sys.stderr)
    names = [f"class {number}" for number in range(GENERATED_CLASSES)]
    return make_run(folder / "run", run="bench", classes=names, layers=GENERATED_LAYERS, edge_share=0.1)


def loaded(run: Run, path: Path) -> Path:
    """A new embedded store with the run, and its pictures beside it."""
    load_run(run, str(path))
    return path


def embedded_ratios(run: Run, path: Path) -> Iterator[Ratio]:
    """The embedded engine: its own connection, with one thread, on the same file."""
    with summit_graph.connect(loaded(run, path)) as graph, bare_embedded(path) as bare:
        yield from query_ratios(graph, "embedded", bare)


def neo4j_ratios(run: Run) -> Iterator[Ratio]:
    """A Neo4j server of this benchmark's own: its own driver. Nothing where the machine cannot give one."""
    try:
        with temporary_home() as home, running_neo4j(Path(home), heap_mb=1024, page_cache_mb=512) as server:
            os.environ.update(server.environment)
            with summit_graph.connect(server.url) as graph, bare_neo4j(server) as bare:
                graph.store.load(run)
                yield from query_ratios(graph, "neo4j", bare)
    except ToolMissing as missing:
        print(f"no Neo4j to compare with: {missing}", file=sys.stderr)


@contextmanager
def bare_embedded(path: Path) -> Iterator[Bare]:
    """The embedded engine's own connection to a file."""
    database = ladybug.Database(str(path), read_only=True)
    connection = ladybug.Connection(database, num_threads=1)

    def bare(text: str, parameters: dict[str, Any]) -> object:
        # Planned anew, as ours is: a plan that is kept may answer the first parameters' rows.
        planned = ladybug.PreparedStatement(connection, text, parameters) if parameters else text
        answer = connection.execute(planned, parameters)
        assert isinstance(answer, ladybug.QueryResult)  # a list of them is for several statements
        return answer.get_all()

    try:
        yield bare
    finally:
        connection.close()
        database.close()


@contextmanager
def bare_neo4j(server: Neo4jServer) -> Iterator[Bare]:
    """Neo4j's own driver."""
    # Off, as in the store: published data has no shares, and the server remarks on that with every answer.
    auth = (server.user, server.password)
    with neo4j.GraphDatabase.driver(server.url, auth=auth, notifications_min_severity="OFF") as driver:

        def bare(text: str, parameters: dict[str, Any]) -> object:
            read = neo4j.RoutingControl.READ
            return driver.execute_query(
                f"CYPHER 5 {text}", parameters, database_=server.database, routing_=read
            ).records

        yield bare


def query_ratios(graph: Graph, engine: str, bare: Bare) -> Iterator[Ratio]:
    """Every query that the run has enough for, with the first classes and neurons there are."""
    [holdings] = graph.query("run_contents").rows
    for query in graph.catalogue:
        if all(holdings[need] for need in query.header.needs):
            values = some_values(graph, query)
            rows, ours, theirs = beside_bare(graph.store, query, values, bare, ROUNDS)
            yield Ratio(f"{engine}: {query.name}, {rows} rows", f"{engine}: its own call", ours, theirs)


def beside_bare(
    store: Store, query: Query, values: dict[str, Any], bare: Bare, rounds: int
) -> tuple[int, float, float]:
    """How many rows a query answers, and the median times in ms of our answer and of its text sent bare.

    A query with a search function of ours fetches with its text, and may fetch more: that is in our time alone.
    """
    answer = run_query(store, query, values)
    text = query.text(store.dialect)
    bound = {name: answer.parameters[name] for name in parameters_of(text)}
    if "limit" in bound:
        # We ask for one row more than the page, to know whether there is another.
        bound["limit"] = NO_LIMIT if bound["limit"] is None else bound["limit"] + 1
    ours, theirs = alternate(lambda: run_query(store, query, values), lambda: bare(text, bound), rounds)
    return len(answer.rows), ours, theirs


def some_values(graph: Graph, query: Query) -> dict[str, Any]:
    """Values for what a query requires: the first classes, the neuron at the first one's strongest edge, its layer."""
    numbers = [row["class"] for row in graph.query("classes", limit=2).rows]
    [edge] = graph.query("class_edges", **{"class": numbers[0], "limit": 1}).rows
    given = {"class": numbers[0], "class_a": numbers[0], "class_b": numbers[1], "classes": numbers}
    given |= {"neuron": edge["target"], "layer": edge["target"].rpartition("/")[0]}
    return {parameter.name: given[parameter.name] for parameter in query.parameters if parameter.required}
