"""The service over a real Neo4j server answers, byte for byte, what it answers over the embedded store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from summit_graph.queries import Query, packaged_catalogue
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.api.clients import client_of
from tests.api.problem import get_problem
from tests.api.test_routes import CLASS, GIVEN
from tests.runs import make_run
from tests.services.neo4j_server import Neo4jServer


@pytest.fixture(scope="module")
def neo4j_client(neo4j_empty: Neo4jServer, small_run: Run) -> Iterator[TestClient]:
    """The application over a Neo4j server that holds the generated run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in neo4j_empty.environment.items():
            patch.setenv(name, value)
        store = open_store(neo4j_empty.url)
        try:
            store.load(small_run)
        finally:
            store.close()
        with client_of(create_app(neo4j_empty.url)) as client:
            yield client


@pytest.mark.parametrize("query", packaged_catalogue(), ids=lambda query: query.name)
def test_a_query_answers_the_same(client: TestClient, neo4j_client: TestClient, query: Query) -> None:
    asked = {parameter.name: GIVEN[parameter.name] for parameter in query.parameters if parameter.required}
    address = f"/api/v1/queries/{query.name}"
    assert neo4j_client.get(address, params=asked).json() == client.get(address, params=asked).json()


@pytest.mark.parametrize("address", ["/api/v1/runs", "/readyz", *(f"/api/v1/graph?class={n}" for n in (0, CLASS, 9))])
def test_runs_and_graphs_are_the_same(client: TestClient, neo4j_client: TestClient, address: str) -> None:
    assert neo4j_client.get(address).content == client.get(address).content


@pytest.mark.parametrize("chosen", ["jsonl", "csv"])
def test_whole_results_are_the_same(client: TestClient, neo4j_client: TestClient, chosen: str) -> None:
    address = f"/api/v1/queries/class_edges?class={CLASS}&format={chosen}"
    assert len(client.get(address).content.splitlines()) > 5
    assert neo4j_client.get(address).content == client.get(address).content


def test_a_page_token_holds_on_both(client: TestClient, neo4j_client: TestClient) -> None:
    first = f"/api/v1/queries/class_edges?class={CLASS}&limit=2"
    token = client.get(first).json()["next"]
    second = f"{first}&page={token}"
    assert neo4j_client.get(second).json() == client.get(second).json()


def test_errors_are_the_same(neo4j_client: TestClient) -> None:
    assert "tench" in get_problem(neo4j_client, "/api/v1/graph?class=tenhc", 404)["nearest"]
    get_problem(neo4j_client, f"/api/v1/graph?class={'9' * 26}", 404)
    get_problem(neo4j_client, f"/api/v1/queries/class_neurons?class=4&limit={'9' * 26}", 422)


def test_a_tag_does_not_outlive_the_run_that_it_stands_for(
    neo4j_client: TestClient, neo4j_empty: Neo4jServer, tmp_path: Path
) -> None:
    address = "/api/v1/queries/class_edges?class=0&run=replaced"
    store = open_store(neo4j_empty.url)
    try:
        store.load(make_run(tmp_path / "first", run="replaced", seed=1))
        first = neo4j_client.get(address)
        assert neo4j_client.get(address).content == first.content
        held = {"If-None-Match": first.headers["etag"]}
        assert neo4j_client.get(address, headers=held).status_code == 304
        store.load(make_run(tmp_path / "second", run="replaced", seed=2), replace=True)
        for headers in (held, {}):
            second = neo4j_client.get(address, headers=headers)
            assert second.status_code == 200
            assert second.headers["etag"] != first.headers["etag"]
            assert second.json()["rows"] != first.json()["rows"]
    finally:
        store.delete_run("replaced")
        store.close()
    assert neo4j_client.get(address).status_code == 404
