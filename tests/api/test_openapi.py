"""The specification: what is dropped into a folder of queries is in it by itself, and answers are as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from summit_graph.errors import SummitError
from summit_graph.queries import load_catalogue, packaged_catalogue
from tests.api.clients import client_of
from tests.api.test_routes import CLASS, GIVEN

STRONG_NEURONS = """\
// title: Strong neurons
// answers: Which neurons does a class activate in at least so many of its images?
// parameter class: class, required
// parameter least: integer = 5, 1..1000
// parameter part: number = 0.5, 0..1
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..500
// column neuron: neuron · count: count · share: share
// example: class=0 least=5
MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)
WHERE a.count >= $least AND a.share >= $part AND n.layer = coalesce($layer, n.layer) AND ($scope = 'all' OR a.selected)
RETURN n.id AS neuron, a.count AS count, a.share AS share
ORDER BY a.count DESC, n.layer_index DESC, n.channel
"""


@pytest.fixture
def extended(store_path: Path, tmp_path: Path) -> TestClient:
    """The application with one more query, dropped into a folder."""
    (tmp_path / "strong_neurons.cypher").write_text(STRONG_NEURONS, encoding="utf-8")
    return client_of(create_app(str(store_path), catalogue=load_catalogue(tmp_path)))


def operation(client: TestClient, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()["paths"][path]["get"]
    return found


def test_a_query_file_becomes_a_documented_operation(extended: TestClient) -> None:
    with extended as client:
        described = operation(client, "/api/v1/queries/strong_neurons")
        parameters = {entry["name"]: entry for entry in described["parameters"]}
        assert described["summary"] == "Strong neurons"
        assert described["operationId"] == "strong_neurons"
        assert set(parameters) == {"class", "least", "part", "layer", "scope", "limit", "run", "page", "format"}
        assert [name for name, entry in parameters.items() if entry["required"]] == ["class"]
        schemas = {name: entry["schema"] for name, entry in parameters.items()}
        assert (schemas["least"]["type"], schemas["least"]["minimum"], schemas["least"]["maximum"]) == (
            "integer",
            1,
            1000,
        )
        assert (schemas["part"]["type"], schemas["part"]["default"]) == ("number", 0.5)
        assert schemas["scope"]["enum"] == ["selected", "all"]
        assert schemas["limit"]["maximum"] == 500
        assert parameters["least"]["examples"]["example"]["value"] == "5"
        row = described["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["rows"]["items"]
        assert list(row["properties"]) == ["neuron", "count", "share"]


def test_a_query_file_becomes_a_validated_route(extended: TestClient) -> None:
    with extended as client:
        rows = client.get(f"/api/v1/queries/strong_neurons?class={CLASS}&least=8&scope=all").json()["rows"]
        assert len(rows) >= 3
        assert all(row["count"] >= 8 for row in rows)
        assert client.get(f"/api/v1/queries/strong_neurons?class={CLASS}&least=0").status_code == 422
        assert client.get(f"/api/v1/queries/strong_neurons?class={CLASS}&part=nan").status_code == 422
        assert client.get(f"/api/v1/queries/strong_neurons?class={CLASS}&part=inf").status_code == 422
        assert "strong_neurons" in [entry["name"] for entry in client.get("/api/v1/queries").json()["queries"]]


def test_a_wrong_query_file_keeps_the_service_from_starting(tmp_path: Path) -> None:
    (tmp_path / "broken.cypher").write_text(STRONG_NEURONS.replace("class, required", "klass, required"), "utf-8")
    with pytest.raises(SummitError, match=r"broken\.cypher:3"):
        load_catalogue(tmp_path)


def test_every_operation_documents_its_answer_and_its_errors(client: TestClient) -> None:
    specification = client.get("/openapi.json").json()
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    identifiers = []
    for path, operations in specification["paths"].items():
        for described in operations.values():
            identifiers.append(described["operationId"])
            assert described["summary"]
            [*kinds] = described["responses"]["200"]["content"].values()
            assert all(kind["schema"] for kind in kinds), path
            assert {"400", "401", "403", "429", "500"} <= set(described["responses"]), path
            for status, response in described["responses"].items():
                assert status == "200" or response["content"] == problem, path
            for parameter in described.get("parameters", []):
                assert parameter["description"], (path, parameter["name"])
    assert len(identifiers) == len(set(identifiers)) >= len(packaged_catalogue())


def test_every_reference_of_the_specification_leads_somewhere(client: TestClient) -> None:
    text = client.get("/openapi.json").text
    specification = json.loads(text)
    references = {part.split('"')[0] for part in text.split('"$ref":"')[1:]}
    assert references
    for reference in references:
        found: Any = specification
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def misfits(schema: dict[str, Any], value: Any, place: str = "$") -> list[str]:
    """Where a value is not what a JSON schema of the kinds that we write says."""
    if "anyOf" in schema:
        return [] if any(not misfits(option, value) for option in schema["anyOf"]) else [f"{place}: {value!r}"]
    if not schema:
        return []
    if schema["type"] == "null":
        return [] if value is None else [place]
    if not isinstance(value, TYPES[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return [f"{place}: {value!r} is no {schema['type']}"]
    if schema["type"] == "array":
        return [
            wrong for index, item in enumerate(value) for wrong in misfits(schema["items"], item, f"{place}[{index}]")
        ]
    if schema["type"] == "object" and "properties" in schema:
        wrong = [] if set(schema["required"]) == set(value) else [f"{place} has {sorted(value)}"]
        for name, inner in schema["properties"].items():
            wrong += misfits(inner, value.get(name), f"{place}.{name}")
        return wrong
    return []


@pytest.mark.parametrize(
    "address",
    ["runs", "queries", f"graph?class={CLASS}"]
    + [
        f"queries/{query.name}?"
        + "&".join(f"{parameter.name}={GIVEN[parameter.name]}" for parameter in query.parameters if parameter.required)
        for query in packaged_catalogue()
    ],
)
def test_answers_are_as_the_specification_says(client: TestClient, address: str) -> None:
    path = f"/api/v1/{address.partition('?')[0]}"
    schema = operation(client, path)["responses"]["200"]["content"]["application/json"]["schema"]
    assert misfits(schema, client.get(f"/api/v1/{address}").json()) == []


def test_the_check_of_answers_can_fail() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert misfits(schema, {"a": 1}) == []
    assert misfits(schema, {"a": 1.5})
    assert misfits(schema, {"a": 1, "b": 2})
    assert misfits({"anyOf": [schema, {"type": "null"}]}, {"a": "x"})
