"""Who is let in: by key, by cookie, by host, by origin."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.hosts import host_name
from api.keys import COOKIE, Keys
from summit_graph.errors import SummitError
from tests.api.clients import ORIGIN, client_of
from tests.api.problem import problem_of

KEY = "a key of some length"
HEADER = {"X-API-Key": KEY}
RUNS = "/api/v1/runs"
PAGE = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def locked(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The application with a key, under a path of a proxy."""
    monkeypatch.setenv("SUMMIT_API_KEY", KEY)
    monkeypatch.setenv("SUMMIT_ALLOW_CYPHER", "1")
    with client_of(create_app(str(store_path), root_path="/summit")) as client:
        yield client


def test_without_the_key_nothing_is_told(locked: TestClient) -> None:
    for address in (
        RUNS,
        "/api/v1/queries",
        "/api/v1/graph?class=4",
        "/openapi.json",
        "/metrics",
        "/readyz",
        "/docs",
        "/",
    ):
        response = locked.get(address)
        told = problem_of(response, 401)
        assert "X-API-Key" in told["detail"]
        assert "X-API-Key" in response.headers["www-authenticate"]
        assert locked.get(address, headers={"X-API-Key": "wrong"}).status_code == 401
    problem_of(locked.post("/api/v1/cypher", json={"query": "RETURN 1 AS x"}), 401)
    assert locked.get("/healthz").status_code == 200


def test_with_the_key_a_program_is_answered(locked: TestClient) -> None:
    for address in (RUNS, "/openapi.json", "/metrics", "/summit/api/v1/queries"):
        assert locked.get(address, headers=HEADER).status_code == 200


def test_the_page_shows_a_form_whose_cookie_lets_in(locked: TestClient) -> None:
    shown = locked.get("/", headers=PAGE)
    assert shown.status_code == 401
    assert shown.headers["content-type"].startswith("text/html")
    assert 'action="login"' in shown.text
    wrong = locked.post("/login", data={"key": "wrong"})
    assert wrong.status_code == 401
    assert "not the key" in wrong.text
    assert COOKIE not in wrong.cookies
    taken = locked.post("/login", data={"key": KEY}, follow_redirects=False)
    assert (taken.status_code, taken.headers["location"]) == (303, "./")
    said = taken.headers["set-cookie"]
    assert {"HttpOnly", "Path=/summit", "SameSite=strict"} <= {part.strip() for part in said.split(";")}
    assert KEY not in said
    value = re.match(rf"{COOKIE}=([^;]+)", said)
    assert value is not None
    with_cookie = {"Cookie": f"other=1; {COOKIE}={value[1]}"}
    for address in ("/", RUNS, "/openapi.json"):
        assert locked.get(address, headers=with_cookie).status_code == 200
    forged = value[1][:-1] + ("0" if value[1][-1] != "0" else "1")
    assert locked.get(RUNS, headers={"Cookie": f"{COOKIE}={forged}"}).status_code == 401


def test_the_form_leads_to_the_view_that_was_asked_for_and_nowhere_else(locked: TestClient) -> None:
    view = "?run=small&class=brown%20bear&neuron=mixed4/1"
    for shown in (locked.get(f"/{view}", headers=PAGE), locked.get(f"/login{view}")):
        assert f'value="{html.escape(view)}"' in shown.text
    wrong = locked.post("/login", data={"key": "wrong", "view": view})
    assert f'value="{html.escape(view)}"' in wrong.text
    taken = locked.post("/login", data={"key": KEY, "view": view}, follow_redirects=False)
    assert (taken.status_code, taken.headers["location"]) == (303, f"./{view}")
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "?a=//evil.example",
        "?a\r\nSet-Cookie: b=c",
        "?a\n",
        "?ä",
        "x",
    ):
        assert "evil" not in locked.post("/login", data={"key": "wrong", "view": elsewhere}).text
        told = locked.post("/login", data={"key": KEY, "view": elsewhere}, follow_redirects=False)
        assert told.headers["location"] == "./"
        assert len(told.headers.get_list("set-cookie")) == 1
    assert '"><script>' not in locked.post("/login", data={"key": "wrong", "view": '?"><script>'}).text


def test_a_session_ends_with_its_time_or_with_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_SESSION_MINUTES", "5")
    keys = Keys(KEY)
    assert keys.session_s == 300
    assert keys.is_session(keys.session())
    assert not keys.is_session(keys.session(time.time() - keys.session_s - 1))
    assert not Keys(KEY + "x").is_session(keys.session())
    for said in ("", ".", "99999999999.", "99999999999", "x.y", "é.é"):
        assert not keys.is_session(said)


def test_a_form_that_is_none_is_refused(locked: TestClient) -> None:
    problem_of(locked.post("/login", json={"key": KEY}), 415)
    problem_of(
        locked.post(
            "/login", content=b"key=" + b"x" * 300_000, headers={"Content-Type": "application/x-www-form-urlencoded"}
        ),
        413,
    )


def test_too_many_wrong_keys_are_told_to_wait(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_API_KEY", "plain-key-of-16-and-more")
    monkeypatch.setenv("SUMMIT_WRONG_KEYS_PER_MINUTE", "7")
    with client_of(create_app(str(store_path))) as client:
        statuses = [client.get(RUNS, headers={"X-API-Key": str(n)}).status_code for n in range(9)]
        assert statuses == [401] * 7 + [429] * 2
        response = client.get(RUNS, headers={"X-API-Key": "x"})
        problem_of(response, 429)
        assert int(response.headers["retry-after"]) > 0
        assert client.get(RUNS, headers={"X-API-Key": "plain-key-of-16-and-more"}).status_code == 200


@pytest.mark.parametrize("key", ["short", "long enough, but no header carries it: ä"])
def test_a_key_that_is_none_keeps_the_service_from_starting(
    store_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("SUMMIT_API_KEY", key)
    with pytest.raises(SummitError, match="16 plain characters"):
        create_app(str(store_path))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:8000", "[::1].x", "127.0.0.1@evil.example"],
)
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    problem_of(client.get(RUNS, headers={"Host": host}), 400)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "10.1.2.3", "[::1]"])
def test_an_address_and_this_machines_name_are_answered_to(client: TestClient, host: str) -> None:
    assert client.get(RUNS, headers={"Host": host}).status_code == 200


def test_named_hosts_are_answered_to(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_ALLOWED_HOSTS", "graph.example.org, Other.example.org")
    with client_of(create_app(str(store_path))) as client:
        assert client.get(RUNS, headers={"Host": "graph.example.org"}).status_code == 200
        assert client.get(RUNS, headers={"Host": "other.example.org:443"}).status_code == 200
        problem_of(client.get(RUNS, headers={"Host": "example.org"}), 400)
    assert [host_name(said) for said in ("a.b:80", "a.b", "[::1]:80", "[::1]", "1.2.3.4:", "A")] == [
        "a.b", "a.b", "::1", "::1", "1.2.3.4", "a",
    ]  # fmt: skip


def test_pages_of_other_origins_may_not_read(client: TestClient) -> None:
    foreign = {"Origin": "http://evil.example"}
    assert "access-control-allow-origin" not in client.get(RUNS, headers=foreign).headers
    preflight = {**foreign, "Access-Control-Request-Method": "GET"}
    problem_of(client.options(RUNS, headers=preflight), 403)


def test_pages_of_named_origins_may_read(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_CORS_ORIGINS", "https://notes.example.org, http://localhost:9")
    with client_of(create_app(str(store_path))) as client:
        named = {"Origin": "https://notes.example.org"}
        response = client.get(RUNS, headers=named)
        assert response.headers["access-control-allow-origin"] == "https://notes.example.org"
        assert "Origin" in response.headers["vary"]
        assert "ETag" in response.headers["access-control-expose-headers"]
        preflight = {**named, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
        answered = client.options(RUNS, headers=preflight)
        assert answered.status_code == 204
        assert "x-api-key" in answered.headers["access-control-allow-headers"].lower()
        for other in ("https://notes.example.org.evil", "https://evil", "null"):
            assert "access-control-allow-origin" not in client.get(RUNS, headers={"Origin": other}).headers


def test_a_page_elsewhere_sends_nothing(locked: TestClient) -> None:
    foreign = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    problem_of(locked.post("/api/v1/cypher", content=json.dumps({"query": "RETURN 1 AS x"}), headers=foreign), 403)
    problem_of(locked.post("/login", data={"key": KEY}, headers={"Origin": "null"}), 403)
    assert (
        locked.post("/login", data={"key": KEY}, headers={"Origin": ORIGIN}, follow_redirects=False).status_code == 303
    )
