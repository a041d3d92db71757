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


def test_a_query_file_has_links_of_its_own(extended: TestClient) -> None:
    with extended as client:
        links = operation(client, "/api/v1/queries/strong_neurons")["responses"]["200"]["links"]
        assert list(links) == ["next", "pictures"]
        assert links["next"]["operationId"] == "strong_neurons"
        assert links["next"]["parameters"]["page"] == "$response.body#/next"
        assert links["next"]["parameters"]["least"] == "$request.query.least"
        assert links["pictures"]["parameters"]["neuron"] == "$response.body#/rows/0/neuron"
        of_runs = operation(client, "/api/v1/runs")["responses"]["200"]["links"]
        assert of_runs["strong_neurons"]["parameters"] == {"run": "$response.body#/runs/0/run"}


def followed(client: TestClient, path: str, values: dict[str, Any]) -> dict[str, int]:
    """Each link of an operation's answer to these values, and what is answered where it leads."""
    asked = client.get(path, params=values)
    specification = client.get("/openapi.json").json()["paths"]
    by_id = {one["get"]["operationId"]: (path, one["get"]) for path, one in specification.items() if "get" in one}
    statuses = {}
    for name, link in specification[path]["get"]["responses"]["200"]["links"].items():
        target, described = by_id[link["operationId"]]
        taken = {one["name"]: one["required"] for one in described["parameters"]}
        assert link["parameters"].keys() <= taken.keys()
        found = {key: meant(said, asked.json(), values) for key, said in link["parameters"].items()}
        given = {key: value for key, value in found.items() if value is not None}
        if all(key in given for key, required in taken.items() if required):
            statuses[name] = client.get(target, params=given).status_code
    return statuses


def meant(expression: str, found: Any, values: dict[str, Any]) -> Any:
    """What a link's expression stands for: a parameter that was given, or a place in the answer that was found."""
    if expression.startswith("$request.query."):
        return values.get(expression.removeprefix("$request.query."))
    for step in expression.removeprefix("$response.body#/").split("/"):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def test_every_link_leads_to_an_answer(client: TestClient) -> None:
    from_runs = followed(client, "/api/v1/runs", {})
    assert {"classes", "layers", "hub_neurons"} <= from_runs.keys()
    assert set(from_runs.values()) == {200}
    assert followed(client, "/api/v1/graph", {"class": CLASS}) == {"pictures": 200}
    for query in packaged_catalogue():
        values: dict[str, Any] = {one.name: GIVEN[one.name] for one in query.parameters if one.required}
        rows = client.get(f"/api/v1/queries/{query.name}", params=values).json()["rows"]
        leads_to = {"class": "graph", "neuron": "pictures"}
        expected = {"next", *(leads_to[column.type] for column in query.columns if column.type in leads_to)}
        if rows:
            found = followed(client, f"/api/v1/queries/{query.name}", {**values, "limit": 1})
            assert found == dict.fromkeys(expected, 200), query.name


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
