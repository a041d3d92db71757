"""An answer that a client holds is not sent again; a tag never stands for other bytes."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api.caching
from tests.api.clients import client_of

EDGES = "/api/v1/queries/class_edges?class=4"
ANSWERS = ("/api/v1/runs", "/api/v1/queries", EDGES, "/api/v1/graph?class=4", f"{EDGES}&format=csv", "/")
PLAIN = {"Accept-Encoding": "identity"}


def tag_of(client: TestClient, address: str, **headers: str) -> str:
    return str(client.get(address, headers=headers).headers["etag"])


@pytest.mark.parametrize("address", ANSWERS)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_tag_that_still_holds_is_answered_304(client: TestClient, address: str, encoding: str) -> None:
    asked = {"Accept-Encoding": encoding}
    first = client.get(address, headers=asked)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for said in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(address, headers={**asked, "If-None-Match": said})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
    assert client.get(address, headers={**asked, "If-None-Match": '"other"'}).content == first.content


@pytest.mark.parametrize("address", ANSWERS)
def test_each_encoding_has_a_tag_of_its_own(client: TestClient, address: str) -> None:
    plain, zipped = tag_of(client, address, **PLAIN), tag_of(client, address, **{"Accept-Encoding": "gzip"})
    assert plain != zipped
    crossed = client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": plain})
    assert crossed.status_code == 200


def test_what_an_answer_depends_on_is_in_its_tag(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [EDGES, f"{EDGES}&limit=3", f"{EDGES}&scope=all", f"{EDGES}&format=jsonl", f"{EDGES}&format=arrow"]
    addresses += ["/api/v1/queries/class_edges?class=0", "/api/v1/queries/class_neurons?class=4"]
    tags = [tag_of(client, address) for address in addresses]
    assert len(set(tags)) == len(addresses)
    assert tags == [tag_of(client, address) for address in addresses]
    monkeypatch.setattr(api.caching, "_software", lambda: "another version")
    assert all(tag_of(client, address) != tag for address, tag in zip(addresses, tags, strict=True))


def test_a_query_whose_answer_is_held_does_not_run(client: TestClient) -> None:
    app: Any = client.app
    service = app.state.service
    tag = tag_of(client, EDGES)
    asked: list[str] = []
    read = service.store.read

    def noting(*arguments: Any, **options: Any) -> Any:
        asked.append(options["label"])
        return read(*arguments, **options)

    service.store.read = noting
    try:
        assert client.get(EDGES, headers={"If-None-Match": tag}).status_code == 304
    finally:
        del service.store.read
    assert "class_edges" not in asked


def test_large_text_is_compressed_and_small_is_not(client: TestClient) -> None:
    address = "/api/v1/queries"
    zipped = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < len(zipped.content) / 3
    plain = client.get(address, headers=PLAIN)
    assert "content-encoding" not in plain.headers
    assert plain.content == zipped.content
    assert "Accept-Encoding" in zipped.headers["vary"]
    assert "content-encoding" not in client.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers
    refused = client.get(address, headers={"Accept-Encoding": "gzip;q=0, br"})
    assert "content-encoding" not in refused.headers


def test_a_stream_is_compressed_part_by_part(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = client.get(EDGES, headers=PLAIN).content
    monkeypatch.setattr("api.formats.PART_BYTES", 100)
    with client.stream("GET", EDGES, headers={"Accept-Encoding": "gzip"}) as response:
        assert "content-length" not in response.headers
        raw = b"".join(response.iter_raw())
    assert gzip.decompress(raw) == plain
    assert client.get(EDGES, headers=PLAIN).content == plain


@pytest.mark.parametrize("address", [*ANSWERS, "/healthz", "/nothing", "/openapi.json"])
def test_head_is_get_without_the_body(client: TestClient, address: str) -> None:
    got, head = client.get(address, headers=PLAIN), client.head(address, headers=PLAIN)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers.get("etag") == got.headers.get("etag")


def test_another_page_size_of_the_service_is_another_answer(store_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.app import create_app

    tags = []
    for rows in ("3", "4"):
        monkeypatch.setenv("SUMMIT_MAXIMUM_ROWS", rows)
        with client_of(create_app(str(store_path))) as client:
            assert len(client.get(EDGES).json()["rows"]) == int(rows)
            tags.append(tag_of(client, EDGES))
    assert tags[0] != tags[1]
