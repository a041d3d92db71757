"""The routes answer what the run directory holds."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from summit_graph import __version__
from summit_graph.queries import packaged_catalogue
from summit_graph.run import Run

CLASS = 4
GIVEN: dict[str, str | int] = {
    "class": CLASS,
    "class_a": 0,
    "class_b": CLASS,
    "classes": "0,4",
    "neuron": "mixed4/1",
    "layer": "mixed4",
}
"""Values of the parameters that a query may demand."""


def answer(client: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    value: dict[str, Any] = response.json()
    return value


def neuron_names(run: Run) -> dict[int, str]:
    """Number of each neuron of the run directory → layer/channel."""
    layers = {layer.index: layer.name for layer in run.manifest.layers}
    rows = run.table("neurons").to_pylist()
    return {row["neuron"]: f"{layers[row['layer_index']]}/{row['channel']}" for row in rows}


def images_of(run: Run, number: int) -> int:
    return int(next(row["images"] for row in run.table("classes").to_pylist() if row["class"] == number))


def test_runs_are_listed_with_what_they_hold(client: TestClient, small_run: Run) -> None:
    (run,) = answer(client, "/api/v1/runs")["runs"]
    assert run["run"] == run["name"] == "small"
    assert run["model"] == "tests.runs"
    assert run["state"] == "ready"
    assert run["digest"] == small_run.manifest.digest
    assert run["classes"] == small_run.table("classes").num_rows


def test_the_catalogue_has_every_query_with_its_text_and_parameters(client: TestClient) -> None:
    entries = {entry["name"]: entry for entry in answer(client, "/api/v1/queries")["queries"]}
    assert tuple(entries) == packaged_catalogue().names
    shared = entries["shared_neurons"]
    assert shared["title"] == "Neurons that two classes share"
    assert "MATCH" in shared["text"]["neo4j"]
    parameters = {entry["name"]: entry for entry in shared["parameters"]}
    assert parameters["class_a"]["required"]
    assert parameters["scope"]["default"] == "selected"
    assert parameters["scope"]["choices"] == ["selected", "all"]
    assert {"name": "neuron", "type": "neuron"} in shared["columns"]


def test_the_graph_is_the_selected_part_of_the_class(client: TestClient, small_run: Run) -> None:
    graph = answer(client, "/api/v1/graph", **{"class": CLASS})
    names, images = neuron_names(small_run), images_of(small_run, CLASS)
    wanted_nodes = {
        names[row["neuron"]]: (row["count"], row["count"] / images, row["importance"])
        for row in small_run.table("activations", CLASS).to_pylist()
        if row["selected"]
    }
    wanted_edges = {
        (names[row["source"]], names[row["target"]]): (row["count"], row["count"] / images)
        for row in small_run.table("influences", CLASS).to_pylist()
        if row["selected"]
    }
    assert len(wanted_nodes) >= 8
    assert len(wanted_edges) >= 8
    assert {
        node["neuron"]: (node["count"], node["share"], node["importance"]) for node in graph["nodes"]
    } == wanted_nodes
    assert {(edge["source"], edge["target"]): (edge["count"], edge["share"]) for edge in graph["edges"]} == wanted_edges
    assert len(graph["nodes"]) == len(wanted_nodes)
    assert len(graph["edges"]) == len(wanted_edges)
    assert graph["run"] == "small"
    assert graph["class"] == CLASS


def test_a_node_says_its_layer_and_a_slot_of_its_own_in_it(client: TestClient, small_run: Run) -> None:
    graph = answer(client, "/api/v1/graph", **{"class": CLASS})
    layers = {layer.index: layer for layer in small_run.manifest.layers}
    assert graph["layers"] == [
        {"layer": layer.name, "layer_index": index, "channels": layer.channels} for index, layer in layers.items()
    ]
    slots: dict[int, list[int]] = {}
    for node in graph["nodes"]:
        assert node["neuron"] == f"{layers[node['layer_index']].name}/{node['channel']}"
        assert node["pictures"] is None
        slots.setdefault(node["layer_index"], []).append(node["slot"])
    for own in slots.values():
        assert sorted(own) == list(range(len(own)))


def test_the_graph_says_what_part_of_the_whole_it_keeps(client: TestClient, small_run: Run) -> None:
    kept = answer(client, "/api/v1/graph", **{"class": CLASS})["kept"]
    totals = small_run.manifest.totals[str(CLASS)]
    rows = [row for row in small_run.table("activations", CLASS).to_pylist() if row["selected"]]
    whole = sum(of_layer["importance"] for of_layer in totals.values())
    assert kept["importance"] == pytest.approx(sum(row["importance"] for row in rows) / whole)
    assert 0 < kept["influence"] < 1


@pytest.mark.parametrize("said", ["4", "brown bear", "small/4", "Brown_Bear"])
def test_a_class_is_taken_by_number_name_or_id(client: TestClient, said: str) -> None:
    assert answer(client, "/api/v1/graph", **{"class": said})["class"] == CLASS
    rows = answer(client, "/api/v1/queries/class_neurons", **{"class": said})
    assert rows["rows"] == answer(client, "/api/v1/queries/class_neurons", **{"class": CLASS})["rows"]


def test_a_query_answers_rows_by_column_and_their_types(client: TestClient) -> None:
    told = answer(client, "/api/v1/queries/class_neurons", **{"class": CLASS, "limit": 3})
    assert set(told) == {"run", "query", "columns", "rows", "truncated", "next"}
    assert told["run"] == "small"
    assert told["query"] == "class_neurons"
    names = [column["name"] for column in told["columns"]]
    assert {"name": "share", "type": "share"} in told["columns"]
    assert len(told["rows"]) == 3
    assert all(list(row) == names for row in told["rows"])
    assert told["truncated"]


def test_pages_put_together_are_the_whole_answer(client: TestClient) -> None:
    whole = answer(client, "/api/v1/queries/class_edges", **{"class": CLASS})
    assert whole["next"] is None
    assert not whole["truncated"]
    pages: list[dict[str, Any]] = []
    page = None
    while page is not None or not pages:
        told = answer(
            client, "/api/v1/queries/class_edges", **{"class": CLASS, "limit": 3} | ({"page": page} if page else {})
        )
        assert len(told["rows"]) == 3 or told["next"] is None
        pages.append(told)
        page = told["next"]
    assert len(pages) >= 3
    assert [row for told in pages for row in told["rows"]] == whole["rows"]


def test_scope_all_answers_more_than_what_is_selected(client: TestClient, small_run: Run) -> None:
    rows = answer(client, "/api/v1/queries/class_neurons", **{"class": CLASS, "scope": "all"})["rows"]
    selected = answer(client, "/api/v1/queries/class_neurons", **{"class": CLASS})["rows"]
    assert len(rows) > len(selected) == sum(row["selected"] for row in rows)


@pytest.mark.parametrize("query", packaged_catalogue(), ids=lambda query: query.name)
def test_every_query_has_a_route(client: TestClient, query: Any) -> None:
    asked = {parameter.name: GIVEN[parameter.name] for parameter in query.parameters if parameter.required}
    told = answer(client, f"/api/v1/queries/{query.name}", **asked)
    assert told["query"] == query.name
    assert [column["name"] for column in told["columns"]] == [column.name for column in query.columns]


def test_health_and_readiness_are_told(client: TestClient) -> None:
    assert answer(client, "/healthz") == {"status": "alive", "version": __version__}
    assert answer(client, "/readyz") == {"status": "ready", "runs": 1}
