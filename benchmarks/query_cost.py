"""What a canned query costs from Python beside the same text sent to the engine bare, on both engines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import ladybug
import neo4j

import summit_graph
from benchmarks.machine import PROJECT
from benchmarks.ratio import Ratio, alternate
from summit_graph.exchange import summit_import
from summit_graph.graph import Graph
from summit_graph.queries import Query, run_query
from summit_graph.queries.catalogue import parameters_of
from summit_graph.queries.running import NO_LIMIT
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.runs import make_run
from tests.services.missing import ToolMissing
from tests.services.neo4j_server import running_neo4j, temporary_home

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


def embedded_ratios(run: Run, path: Path) -> Iterator[Ratio]:
    """The embedded engine: its own connection, with one thread, on the same file."""
    with closing(open_store(str(path), must_exist=False)) as store:
        store.load(run)
    with summit_graph.connect(path) as graph:
        database = ladybug.Database(str(path), read_only=True)
        connection = ladybug.Connection(database, num_threads=1)
        try:

            def bare(text: str, parameters: dict[str, Any]) -> object:
                answer = connection.execute(text, parameters)
                assert isinstance(answer, ladybug.QueryResult)  # a list of them is for several statements
                return answer.get_all()

            yield from query_ratios(graph, "embedded", bare)
        finally:
            connection.close()
            database.close()


def neo4j_ratios(run: Run) -> Iterator[Ratio]:
    """A Neo4j server of this benchmark's own: its own driver. Nothing where the machine cannot give one."""
    try:
        with temporary_home() as home, running_neo4j(Path(home), heap_mb=1024, page_cache_mb=512) as server:
            os.environ.update(server.environment)
            auth = (server.user, server.password)
            # Off, as in the store: published data has no shares, and the server remarks on that with every answer.
            driver = neo4j.GraphDatabase.driver(server.url, auth=auth, notifications_min_severity="OFF")
            with summit_graph.connect(server.url) as graph, driver:
                graph.store.load(run)

                def bare(text: str, parameters: dict[str, Any]) -> object:
                    read = neo4j.RoutingControl.READ
                    return driver.execute_query(
                        f"CYPHER 5 {text}", parameters, database_=server.database, routing_=read
                    ).records

                yield from query_ratios(graph, "neo4j", bare)
    except ToolMissing as missing:
        print(f"no Neo4j to compare with: {missing}", file=sys.stderr)


def query_ratios(graph: Graph, engine: str, bare: Bare) -> Iterator[Ratio]:
    """Every query that is one text (path searches are several calls), with the first classes and neurons there are."""
    for query in graph.catalogue:
        if query.header.search is None:
            values = some_values(graph, query)
            answer = run_query(graph.store, query, values)
            text = query.text(graph.store.dialect)
            bound = {name: answer.parameters[name] for name in parameters_of(text)}
            if "limit" in bound:
                # We ask for one row more than the page, to know whether there is another.
                bound["limit"] = NO_LIMIT if bound["limit"] is None else bound["limit"] + 1
            ours, theirs = alternate(
                lambda query=query, values=values: run_query(graph.store, query, values),  # type: ignore[misc]
                lambda text=text, bound=bound: bare(text, bound),  # type: ignore[misc]
                ROUNDS,
            )
            yield Ratio(f"{engine}: {query.name}, {len(answer.rows)} rows", f"{engine}: its own call", ours, theirs)


def some_values(graph: Graph, query: Query) -> dict[str, Any]:
    """Values for what a query requires: the first two classes, the neuron at the first one's strongest edge."""
    first, second = (row["class"] for row in graph.query("classes", limit=2).rows)
    [edge] = graph.query("class_edges", **{"class": first, "limit": 1}).rows
    required = [parameter for parameter in query.parameters if parameter.required]
    classes = [parameter.name for parameter in required if parameter.type == "class"]
    neurons = [parameter.name for parameter in required if parameter.type == "neuron"]
    return {**dict(zip(classes, (first, second), strict=False)), **dict.fromkeys(neurons, edge["target"])}
