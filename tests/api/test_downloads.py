"""Whole results: every row in one answer, sent as it is read, and never a part that passes for the whole."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from api.app import create_app
from api.downloads import Parts
from summit_graph.run import Run
from summit_graph.store import open_store
from summit_graph.store.caller import Caller
from tests.api.clients import client_of
from tests.api.problem import problem_of
from tests.api.serving import Serving, serving
from tests.api.test_formats import READERS
from tests.runs import make_run
from tests.services.evidence import Section

EDGES = "/api/v1/queries/class_edges?class=4"
LARGE = (
    "// title: Pairs\n// answers: Which vertices of a run are there, three at a time?\n// column a: text\n"
    "// column b: text\n// column c: text\n"
    "MATCH (x:Vertex), (y:Vertex), (z:Vertex)\nWHERE x.run = $run AND y.run = $run AND z.run = $run\n"
    "RETURN x.id AS a, y.id AS b, z.id AS c\nORDER BY a, b, c\n"
)


@pytest.mark.parametrize("chosen", ["json", "jsonl", "csv", "parquet", "arrow"])
def test_all_rows_come_where_no_limit_is_given(store_path: Path, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_MAXIMUM_ROWS", "3")
    with client_of(create_app(str(store_path))) as client:
        paged = client.get(EDGES).json()
        assert (len(paged["rows"]), paged["truncated"]) == (3, True)
        whole = client.get(f"{EDGES}&format={chosen}")
        rows = READERS[chosen](whole.content)
        assert len(rows) > 3
        assert rows[:3] == paged["rows"]
        assert "link" not in whole.headers
        assert len(READERS[chosen](client.get(f"{EDGES}&format={chosen}&limit=2").content)) == 2
        held = client.get(f"{EDGES}&format={chosen}", headers={"If-None-Match": whole.headers["ETag"]})
        assert (held.status_code, held.content) == (304, b"")
        everything = client.get(f"{EDGES}&scope=all&format={chosen}")
        assert len(READERS[chosen](everything.content)) >= len(rows)
        assert "ETag" not in everything.headers


def test_whole_json_has_the_keys_of_a_page(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_MAXIMUM_ROWS", "3")
    with client_of(create_app(str(store_path))) as client:
        whole, paged = client.get(f"{EDGES}&format=json"), client.get(EDGES, headers={"Accept": "application/json"})
        assert whole.headers["Content-Type"] == "application/json"
        assert (whole.json()["truncated"], whole.json()["next"]) == (False, None)
        assert list(whole.json()) == list(paged.json())
        assert {**whole.json(), "rows": whole.json()["rows"][:3]} == {**paged.json(), "truncated": False, "next": None}
        # A page of it goes on as a page.
        further = client.get(f"{EDGES}&format=json&page={paged.json()['next']}").json()
        assert further["rows"] == whole.json()["rows"][3:6]


def test_what_is_wrong_is_told_before_anything_is_sent(store_path: Path) -> None:
    with client_of(create_app(str(store_path))) as client:
        problem_of(client.get(f"{EDGES.replace('4', 'nobody')}&format=csv"), 404)
        problem_of(client.get(f"{EDGES}&format=csv&limit=0"), 422)


@pytest.fixture(scope="module")
def large_options(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """What the command is told to serve a run of which a query answers some hundred thousand rows."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "pairs.cypher").write_text(LARGE, encoding="utf-8")
    run: Run = make_run(folder / "run", layers={"low": 16, "high": 16})
    store = open_store(str(folder / "large.lbug"), must_exist=False)
    store.load(run)
    store.close()
    return "--db", str(folder / "large.lbug"), "--queries", str(folder)


@pytest.fixture(scope="module")
def large(large_options: tuple[str, ...]) -> Iterator[Serving]:
    """The command with one seat for whole results, and little time."""
    options = ("--concurrent-downloads", "1", "--download-timeout-ms", "8000", "--queue-timeout-ms", "200")
    with serving(*large_options, *options) as served:
        yield served


def asked(served: Serving) -> socket.socket:
    """A connection that asked for all rows, and reads slowly or not at all."""
    address = urlsplit(served.address)
    connection = socket.create_connection((str(address.hostname), address.port), timeout=30)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.sendall(b"GET /api/v1/queries/pairs?format=jsonl HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection


def status_of(served: Serving, path: str) -> int:
    address = urlsplit(served.address)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def wait_for(served: Serving, path: str, status: int, within_s: float) -> None:
    begin = time.monotonic()
    while status_of(served, path) != status:
        assert time.monotonic() - begin < within_s


def test_a_client_that_goes_away_or_does_not_read_frees_its_seat(large: Serving) -> None:
    small = "/api/v1/queries/classes?format=csv"
    assert status_of(large, small) == 200
    slow = asked(large)
    assert slow.recv(12) == b"HTTP/1.1 200"
    # The one seat is taken; queries have their own.
    assert status_of(large, small) == 503
    assert status_of(large, "/api/v1/queries/classes") == 200
    slow.close()
    wait_for(large, small, 200, 5)
    stuck = asked(large)
    assert stuck.recv(12) == b"HTTP/1.1 200"
    # Past its time it is broken off: what came has no end.
    wait_for(large, small, 200, 15)
    told = b"".join(iter(lambda: stuck.recv(1 << 20), b""))
    stuck.close()
    assert not told.endswith(b"0\r\n\r\n")


def test_a_large_result_arrives_whole(large_options: tuple[str, ...]) -> None:
    found = {}
    with serving(*large_options) as served:
        address = urlsplit(served.address)
        for chosen in ("jsonl", "parquet"):
            connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
            connection.request("GET", f"/api/v1/queries/pairs?format={chosen}")
            response = connection.getresponse()
            assert response.status == 200
            # Text of this size comes in parts; the same rows are few bytes of Parquet.
            assert chosen == "parquet" or response.headers["Transfer-Encoding"] == "chunked"
            found[chosen] = response.read()
            connection.close()
    table = pq.read_table(io.BytesIO(found["parquet"]))
    assert table.num_rows == found["jsonl"].count(b"\n") == round(table.num_rows ** (1 / 3)) ** 3 > 50_000
    assert table.group_by(["a", "b", "c"]).aggregate([]).num_rows == table.num_rows


@pytest.mark.measured
def test_a_result_that_is_being_sent_is_sent_whole_when_the_service_is_stopped(
    large_options: tuple[str, ...], evidence: Section
) -> None:
    with serving(*large_options, "--shutdown-timeout-ms", "60000") as served:
        connection = asked(served)
        told = connection.recv(12)
        assert told == b"HTTP/1.1 200"
        # The rest does not fit into what lies between the two: the service waits for this client.
        served.process.send_signal(signal.SIGTERM)
        told += b"".join(iter(lambda: connection.recv(1 << 20), b""))
        connection.close()
        assert served.process.wait(30) == 0
    rows = told.count(b"\n{")
    assert told.endswith(b"0\r\n\r\n")
    assert rows > 50_000
    evidence.record("SIGTERM", "a result that is being sent: rows that came whole, the service's exit", f"{rows:,}, 0")


def test_a_part_that_is_still_read_is_waited_for_before_its_connection_is_let_go() -> None:
    reading, go, seen = threading.Event(), threading.Event(), []

    def parts() -> Iterator[bytes]:
        try:
            yield b"first"
            reading.set()
            go.wait(20)
            seen.append("read")
            yield b"second"
        finally:
            seen.append("let go")

    async def left_alone() -> None:
        # Two threads: while one reads, the other could let go of what is being read.
        with ThreadPoolExecutor(2) as threads:
            taken = Parts(parts(), Caller(), threads)

            async def send() -> None:
                async for _ in taken:
                    pass

            sending = asyncio.create_task(send())
            await asyncio.to_thread(reading.wait, 20)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
            ending = asyncio.create_task(taken.end())
            await asyncio.wait({ending}, timeout=0.3)
            assert not ending.done()
            assert seen == []
            go.set()
            await ending
        assert seen == ["read", "let go"]

    asyncio.run(left_alone())
