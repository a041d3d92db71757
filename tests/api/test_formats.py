"""Rows in every format are the same rows; the address or the header Accept says which."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.formats import MEDIA_TYPES, parts_of
from summit_graph.queries import QueryResult
from tests.api.problem import get_problem, problem_of

EDGES = "/api/v1/queries/class_edges?class=4"


def from_csv(content: bytes) -> list[dict[str, Any]]:
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    return [
        {**row, "count": int(row["count"]), "share": float(row["share"]), "selected": row["selected"] == "true"}
        for row in rows
    ]


READERS: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "json": lambda content: list(json.loads(content)["rows"]),
    "jsonl": lambda content: [json.loads(line) for line in content.splitlines()],
    "csv": from_csv,
    "parquet": lambda content: list(pq.read_table(io.BytesIO(content)).to_pylist()),
    "arrow": lambda content: list(pa.ipc.open_stream(content).read_all().to_pylist()),
}


@pytest.mark.parametrize("chosen", MEDIA_TYPES)
def test_every_format_has_the_same_rows(client: TestClient, chosen: str) -> None:
    rows = client.get(EDGES).json()["rows"]
    assert len(rows) >= 8
    for response in (
        client.get(f"{EDGES}&format={chosen}"),
        client.get(EDGES, headers={"Accept": MEDIA_TYPES[chosen]}),
        client.get(EDGES, headers={"Accept": f"text/html, {MEDIA_TYPES[chosen]};q=0.8, */*;q=0.1"}),
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] == MEDIA_TYPES[chosen]
        assert READERS[chosen](response.content) == rows


@pytest.mark.parametrize("chosen", MEDIA_TYPES)
def test_an_empty_answer_still_has_its_columns(client: TestClient, chosen: str) -> None:
    response = client.get(f"/api/v1/queries/classes?search=nobody&format={chosen}")
    assert READERS[chosen](response.content) == []
    if chosen == "csv":
        assert response.text.startswith("class,name,")
    if chosen == "parquet":
        assert pq.read_schema(io.BytesIO(response.content)).names[:2] == ["class", "name"]


def test_every_format_says_where_the_next_page_is(client: TestClient) -> None:
    whole = client.get(EDGES).json()["rows"]
    for chosen in MEDIA_TYPES:
        address, rows = f"{EDGES}&limit=3&format={chosen}", []
        while address:
            response = client.get(address)
            assert len(READERS[chosen](response.content)) <= 3
            rows += READERS[chosen](response.content)
            link = response.headers.get("link", "")
            address = f"{EDGES.partition('?')[0]}{link[1:].partition('>')[0]}" if link else ""
        assert rows == whole


@pytest.mark.parametrize("accepted", ["text/html", "image/*", "application/json;q=0", "text/csv;q=0, text/html"])
def test_what_nobody_can_send_is_not_acceptable(client: TestClient, accepted: str) -> None:
    for address in (EDGES, "/api/v1/runs", "/api/v1/queries", "/api/v1/graph?class=4"):
        problem_of(client.get(address, headers={"Accept": accepted}), 406)


def test_an_unknown_format_is_refused_before_the_query_runs(client: TestClient) -> None:
    assert "format" in get_problem(client, f"{EDGES}&format=xml", 422)["detail"]


def test_the_most_exact_range_decides(client: TestClient) -> None:
    asked = {"Accept": "*/*;q=0.1, text/*;q=0.2, text/csv;q=0.0, application/json;q=0.05, application/x-ndjson;q=0.9"}
    assert client.get(EDGES, headers=asked).headers["content-type"] == MEDIA_TYPES["jsonl"]


def test_a_large_answer_comes_in_parts() -> None:
    rows = [
        {"neuron": f"layer/{number}", "value": number / 3 if number % 7 else float("nan")} for number in range(5_000)
    ]
    result = QueryResult("run", "query", (("neuron", "neuron"), ("value", "number")), rows, True, "token")
    for chosen, read in READERS.items():
        if chosen == "csv":
            continue
        parts = list(parts_of(result, chosen))
        found = read(b"".join(parts))
        assert len(found) == 5_000
        assert len(parts) > 1 or chosen == "parquet"
        assert found[8] == {"neuron": "layer/8", "value": 8 / 3}
    told = json.loads(b"".join(parts_of(result, "json")))
    assert (told["truncated"], told["next"], told["rows"][7]["value"]) == (True, "token", None)
