"""The store goes away and comes back, a load replaces it, the disk is full: what a client is told meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import open_store
from tests.api.serving import PROJECT, command_line, serving
from tests.services.evidence import Section
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_server import running_neo4j, temporary_home
from tests.services.ports import free_port

GRAPH = "api/v1/graph?class=4"


def status_of(address: str) -> int:
    """The status, with a problem's body looked at."""
    try:
        with urllib.request.urlopen(address, timeout=60) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        answer = error
    assert json.load(answer)["status"] == answer.code
    if answer.code == 503:
        assert int(answer.headers["Retry-After"]) > 0
    return answer.code


class Asking:
    """A client that asks without a pause from a thread of its own, and counts what it is told."""

    def __init__(self, address: str) -> None:
        self.told: Counter[int] = Counter()
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def go_on(self, answers: int) -> None:
        """Returns when so many more answers have come."""
        wanted, begin = self.told.total() + answers, time.monotonic()
        while self.told.total() < wanted:
            assert time.monotonic() - begin < 60
            time.sleep(0.05)

    def _ask(self) -> None:
        while not self._ended.is_set():
            self.told[status_of(self._address)] += 1


@pytest.mark.measured
def test_a_load_is_picked_up_and_no_request_fails(
    store_path: Path, countless_run: Run, tmp_path: Path, evidence: Section
) -> None:
    path = tmp_path / "small.lbug"
    path.write_bytes(store_path.read_bytes())
    with (
        serving("--db", str(path), "--no-request-log") as served,
        Asking(f"{served.address}{GRAPH}&run=small") as asking,
    ):
        store = open_store(str(path))
        store.load(countless_run)
        store.close()
        with urllib.request.urlopen(f"{served.address}api/v1/runs", timeout=60) as response:
            assert {run["run"] for run in json.load(response)["runs"]} == {"small", "countless"}
        asking.go_on(4)
    assert set(asking.told) == {200}
    evidence.record("Faults", "a load replaces the embedded file: requests meanwhile, failed", f"{asking.told[200]}, 0")


def test_the_embedded_file_goes_away_and_comes_back(store_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.lbug"
    path.write_bytes(store_path.read_bytes())
    with serving("--db", str(path)) as served:
        assert status_of(f"{served.address}{GRAPH}") == 200
        path.rename(tmp_path / "elsewhere")
        assert status_of(f"{served.address}{GRAPH}") == 503
        assert status_of(f"{served.address}readyz") == 503
        assert status_of(f"{served.address}healthz") == 200
        (tmp_path / "elsewhere").rename(path)
        assert status_of(f"{served.address}{GRAPH}") == 200


@pytest.mark.long
def test_a_neo4j_server_is_started_again(small_run: Run, evidence: Section) -> None:
    port = free_port()
    with temporary_home() as home, pytest.MonkeyPatch.context() as patch:
        try:
            with running_neo4j(Path(home), bolt_port=port) as server:
                for name, value in server.environment.items():
                    patch.setenv(name, value)
                store = open_store(server.url)
                store.load(small_run)
                store.close()
                # Stays while the server goes: it is stopped after the block.
                service = serving("--db", server.url, environment={"SUMMIT_NEO4J_CONNECT_TIMEOUT_MS": "1000"})
                served = service.__enter__()
                assert status_of(f"{served.address}{GRAPH}") == 200
                asking = Asking(f"{served.address}{GRAPH}").__enter__()
                time.sleep(0.5)
        except ToolMissing as missing:
            skip_or_fail(str(missing))
        try:
            assert status_of(f"{served.address}{GRAPH}") == 503
            assert status_of(f"{served.address}healthz") == 200
            with running_neo4j(Path(home), bolt_port=port):
                begin = time.monotonic()
                while status_of(f"{served.address}{GRAPH}") != 200:
                    assert time.monotonic() - begin < 60
                back_s = time.monotonic() - begin
                asking.__exit__()
        finally:
            service.__exit__(None, None, None)
    assert set(asking.told) <= {200, 503, 504}
    assert asking.told[503]
    evidence.record("Faults", "Neo4j stops and starts: statuses meanwhile", dict(asking.told))
    evidence.record("Faults", "Neo4j is up again: first answer after", f"{back_s:.1f} s")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
def test_a_full_disk_under_the_log_stops_nobody(store_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="ascii") as full:
        process = subprocess.Popen(
            command_line("serve", "--port", "0", "--db", str(store_path)),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert [status_of(f"{address}{GRAPH}") for _ in range(3)] == [200] * 3
        finally:
            process.terminate()
            process.communicate(timeout=30)
    assert process.returncode == 0


def test_several_processes_answer_alike(store_path: Path) -> None:
    with serving("--db", str(store_path), "--workers", "2") as served:
        told = []
        for _ in range(12):
            host = served.address.removeprefix("http://").rstrip("/")
            connection = http.client.HTTPConnection(host, timeout=30)
            connection.request("GET", f"/{GRAPH}")
            response = connection.getresponse()
            told.append((response.status, response.headers["ETag"], response.read()))
            connection.close()
        assert {status for status, _, _ in told} == {200}
        assert len(set(told)) == 1


def test_the_demo_is_served_to_somebody_without_torch() -> None:
    with serving("--demo", environment={"SUMMIT_DB": os.devnull}) as served:
        with urllib.request.urlopen(f"{served.address}api/v1/runs", timeout=60) as response:
            [run] = json.load(response)["runs"]
        assert run["classes"] == 10
        with urllib.request.urlopen(f"{served.address}api/v1/graph?class=digit%203", timeout=60) as response:
            graph = json.load(response)
    assert len(graph["nodes"]) > 10
    assert len(graph["edges"]) > 10
