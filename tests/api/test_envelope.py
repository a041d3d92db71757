"""Headers on every answer, and a service that works under a path of a proxy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.clients import client_of

POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200),
        ("/page/favicon.svg", 200),
        ("/healthz", 200),
        ("/openapi.json", 200),
        ("/api/v1/runs", 200),
        ("/api/v1/graph?class=4", 200),
        ("/api/v1/graph", 422),
        ("/api/v1/graph?class=nobody", 404),
        ("/nothing", 404),
    ],
)
def test_every_answer_has_the_security_headers_and_an_id(client: TestClient, address: str, status: int) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["x-request-id"] != client.get(address).headers["x-request-id"]


def test_the_page_is_asked_for_again_after_an_update(client: TestClient) -> None:
    first = client.get("/page/favicon.svg")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/page/favicon.svg", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_the_page_and_its_files_name_no_absolute_address() -> None:
    folder = Path("api/page")
    files = [*folder.glob("*.html"), *folder.glob("*.js"), *folder.glob("*.css")]
    assert len(files) >= 2
    for file in files:
        # Names of XML's vocabularies look like addresses, and nothing is asked there.
        text = re.sub(r"http://www\.w3\.org/[\w/]+", "", file.read_text(encoding="utf-8"))
        assert "http:" not in text, file
        assert "https:" not in text, file
        assert '="/' not in text, file
        assert '"/api' not in text, file


@pytest.mark.parametrize("proxy_strips", [True, False])
@pytest.mark.parametrize("root_path", ["/summit", "/a/b", "/api/summit", "/summit/"])
def test_it_works_under_a_path_whether_or_not_the_proxy_strips_it(
    store_path: Path, root_path: str, proxy_strips: bool
) -> None:
    prefix = "" if proxy_strips else root_path.rstrip("/")
    with client_of(create_app(str(store_path), root_path=root_path)) as client:
        for address in ("/", "/page/favicon.svg", "/healthz", "/api/v1/runs", "/api/v1/graph?class=4"):
            assert client.get(prefix + address).status_code == 200, address
        assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": root_path.rstrip("/")}]
