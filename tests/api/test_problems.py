"""Every error is one problem with one line that says what to do, on every path to one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from summit_graph.errors import StoreUnavailable
from summit_graph.queries import load_catalogue
from tests.api.clients import client_of
from tests.api.problem import get_problem, problem_of

HUGE = "9" * 26
NEURONS = "/api/v1/queries/class_neurons"


@pytest.mark.parametrize(
    ("address", "nearest"),
    [
        ("/api/v1/graph?class=tenhc", "tench"),
        ("/api/v1/graph?class=4&run=smal", "small"),
        (f"{NEURONS}?class=brown bea", "brown bear"),
        (f"{NEURONS}?class=4&layer=mixed5", "mixed4"),
        ("/api/v1/queries/clas_neurons?class=4", "class_neurons"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(client: TestClient, address: str, nearest: str) -> None:
    problem = get_problem(client, address, 404)
    assert nearest in problem["nearest"]
    assert nearest in problem["detail"]


@pytest.mark.parametrize("address", ["/nothing", "/api/v1", "/api/v2/runs", "/page/nothing.js", "/page/../app.py"])
def test_a_path_without_anything_is_not_found(client: TestClient, address: str) -> None:
    get_problem(client, address, 404)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "class"),
        ("class=", "class"),
        (f"class={'x' * 1001}", "class"),
        ("class=4&limit=nan", "limit"),
        ("class=4&limit=inf", "limit"),
        ("class=4&limit=1.5", "limit"),
        ("class=4&limit=0", "limit"),
        ("class=4&limit=10001", "limit"),
        (f"class=4&limit={HUGE}", "limit"),
        ("class=4&scope=some", "scope"),
        ("class=4&page=abc", "page"),
        (f"class=4&page={'x' * 200}", "page"),
        ("class=4&class=7", "class"),
        ("class=4&limt=3", "limt"),
        ("class=4&format=xml", "format"),
        ("class=a%00b", "class"),
    ],
)
def test_a_wrong_parameter_is_named(client: TestClient, query: str, parameter: str) -> None:
    problem = get_problem(client, f"{NEURONS}?{query}", 422)
    assert [entry["parameter"] for entry in problem["errors"]] == [parameter]
    assert parameter in problem["detail"]


@pytest.mark.parametrize("query", ["", "class=4&limit=3", "class=4&class=7", "class="])
def test_the_graph_checks_its_parameters_too(client: TestClient, query: str) -> None:
    get_problem(client, f"/api/v1/graph?{query}", 422)


@pytest.mark.parametrize("said", [HUGE, f"-{HUGE}", "nan", "\N{ARABIC LETTER ALEF}", "'", "%F0%9F", "../../etc/passwd"])
def test_a_class_that_is_no_class_is_not_found(client: TestClient, said: str) -> None:
    get_problem(client, f"/api/v1/graph?class={said}", 404)


def test_an_ambiguous_name_lists_its_candidates(client: TestClient) -> None:
    problem = get_problem(client, "/api/v1/graph?class=crane", 400)
    assert "small/1" in problem["detail"]
    assert "small/2" in problem["detail"]


def test_a_page_token_of_another_question_is_refused(client: TestClient) -> None:
    token = client.get(f"{NEURONS}?class=4&limit=2").json()["next"]
    assert client.get(f"{NEURONS}?class=4&limit=2&page={token}").status_code == 200
    for other in (f"{NEURONS}?class=0&limit=2", "/api/v1/queries/class_edges?class=4&limit=2"):
        assert "page" in get_problem(client, f"{other}&page={token}", 422)["detail"]


@pytest.mark.parametrize("address", ["/", "/api/v1/runs", "/api/v1/graph?class=4", "/page/favicon.svg", "/healthz"])
def test_another_method_is_not_allowed(client: TestClient, address: str) -> None:
    problem_of(client.post(address), 405)


def test_a_query_past_its_time_is_stopped(store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runaway.cypher").write_text(
        "// title: Runaway\n// answers: How many fives of vertices are there?\n// column fives: count\n"
        "MATCH (a:Vertex), (b:Vertex), (c:Vertex), (d:Vertex), (e:Vertex)\n"
        "WHERE a.run = $run AND a.count + b.count + c.count + d.count + e.count > 3\nRETURN count(*) AS fives\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("SUMMIT_QUERY_TIMEOUT_MS", "300")
    app = create_app(str(store_path), catalogue=load_catalogue(tmp_path))
    with client_of(app) as client:
        get_problem(client, "/api/v1/queries/runaway", 504)
        assert client.get("/api/v1/graph?class=4").status_code == 200


@contextmanager
def failing_store(app: FastAPI, error: Exception) -> Iterator[None]:
    """The application's store, which fails at every read as long as the block lasts."""
    store: Any = app.state.service.store

    class Failing:
        dialect = store.dialect

        def version(self) -> Any:
            raise error

        last_version = version

        def read(self, *arguments: Any, **options: Any) -> Any:
            raise error

    app.state.service.store = Failing()
    try:
        yield
    finally:
        app.state.service.store = store


ASKING = ("/api/v1/runs", "/api/v1/graph?class=4", f"{NEURONS}?class=4", "/readyz")


@pytest.mark.parametrize("address", ASKING)
def test_a_store_that_is_away_is_told_without_its_place(client: TestClient, address: str) -> None:
    assert isinstance(client.app, FastAPI)
    with failing_store(client.app, StoreUnavailable("bolt://secret-host:7687 does not answer")):
        response = client.get(address)
        problem_of(response, 503)
        assert "secret-host" not in response.text
        assert int(response.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", ASKING)
def test_an_unforeseen_failure_says_nothing_of_the_inside(client: TestClient, address: str) -> None:
    assert isinstance(client.app, FastAPI)
    with failing_store(client.app, RuntimeError("inside: /home/someone/store.py")):
        response = client.get(address)
        problem = problem_of(response, 500)
        assert "inside" not in response.text
        assert problem["request_id"] in problem["detail"]


def test_a_store_without_runs_is_not_ready(empty_store_path: Path) -> None:
    with client_of(create_app(str(empty_store_path))) as client:
        assert "load" in get_problem(client, "/readyz", 503)["detail"]
        assert client.get("/api/v1/runs").json() == {"runs": []}
        assert "load" in get_problem(client, "/api/v1/graph?class=4", 404)["detail"]
