"""Every canned query is a command, a route and a Python call, which answer the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

import summit_graph
from api.app import create_app
from summit_graph.graph import Graph
from summit_graph.queries import packaged_catalogue
from tests.api.clients import client_of
from tests.contract.cases import cases
from tests.contract.oracle import Oracle
from tests.contract.scenarios import printed

QUERIES = [query.name for query in packaged_catalogue() if query.chooses_run]
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="package")
def graph(database: str) -> Iterator[Graph]:
    """The store from Python."""
    with summit_graph.connect(database) as opened:
        yield opened


@pytest.fixture(scope="package")
def client(database: str) -> Iterator[TestClient]:
    """The service over the store."""
    with client_of(create_app(database)) as opened:
        yield opened


def as_text(value: Any) -> str:
    """A value as it is typed."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_answers_alike_as_command_route_and_call(
    database: str, graph: Graph, client: TestClient, oracles: Mapping[str, Oracle], query: str
) -> None:
    for values in cases(oracles["small"], query)[:2]:
        asked = {**values, "run": "small"}
        rows = graph.query(query, **asked).rows
        limit = packaged_catalogue().get(query).parameter("limit").default
        assert rows == [row for _, row in oracles["small"].answer(query, {"limit": limit, **values})]
        typed = {name: as_text(value) for name, value in asked.items()}
        answered = client.get(f"/api/v1/queries/{query}", params=typed)
        assert answered.status_code == 200, answered.text
        assert answered.json()["rows"] == rows
        options = [word for name, value in typed.items() for word in (f"--{name.replace('_', '-')}", value)]
        command = ["summit-graph", "query", query, *options, "--db", database, "--format", "json"]
        assert json.loads(printed(command))["rows"] == rows
