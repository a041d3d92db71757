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
from contextlib import ExitStack
from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import open_store
from tests.api.pictured import CLASS, pictured
from tests.api.serving import PROJECT, command_line, serving
from tests.api.test_deadlines import RUNAWAY, wait_until
from tests.services.evidence import Section
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_server import running_neo4j, temporary_home
from tests.services.ports import free_port

GRAPH = "api/v1/graph?class=4"
PATIENT = ("--query-timeout-ms", "60000")
"""What is looked at is what a fault does: on a busy machine the first query may take longer than the default."""


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
    """A client that asks without a pause, so often or until it is ended, in a thread; it counts what it is told."""

    def __init__(self, address: str, times: int | None = None) -> None:
        self.told: Counter[int] = Counter()
        self.last = 0
        """The status that it was told last."""
        self._address = address
        self._times = times
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Asks no more."""
        self._ended.set()
        self.wait()

    def wait(self) -> None:
        """Returns when it has asked as often as it was to."""
        self._thread.join(120)
        assert not self._thread.is_alive()

    def go_on(self, answers: int) -> None:
        """Returns when so many more answers have come."""
        wanted, begin = self.told.total() + answers, time.monotonic()
        while self.told.total() < wanted:
            assert time.monotonic() - begin < 60
            time.sleep(0.05)

    def _ask(self) -> None:
        while not self._ended.is_set() and self.told.total() != self._times:
            self.last = status_of(self._address)
            self.told[self.last] += 1


@pytest.mark.measured
def test_a_load_is_picked_up_and_no_request_fails(
    store_path: Path, countless_run: Run, tmp_path: Path, evidence: Section
) -> None:
    path = tmp_path / "small.lbug"
    path.write_bytes(store_path.read_bytes())
    with (
        serving("--db", str(path), "--no-request-log", *PATIENT) as served,
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


@pytest.mark.measured
def test_the_embedded_file_goes_away_and_comes_back(store_path: Path, tmp_path: Path, evidence: Section) -> None:
    path = tmp_path / "small.lbug"
    path.write_bytes(store_path.read_bytes())
    with (
        serving("--db", str(path), "--no-request-log", *PATIENT) as served,
        Asking(f"{served.address}{GRAPH}") as asking,
    ):
        asking.go_on(2)
        path.rename(tmp_path / "elsewhere")
        assert status_of(f"{served.address}{GRAPH}") == 503
        assert status_of(f"{served.address}readyz") == 503
        assert status_of(f"{served.address}healthz") == 200
        asking.go_on(2)
        (tmp_path / "elsewhere").rename(path)
        assert status_of(f"{served.address}{GRAPH}") == 200
        asking.go_on(2)
    assert set(asking.told) == {200, 503}
    evidence.record("Faults", "the embedded file goes away and comes back: statuses meanwhile", dict(asking.told))


@pytest.mark.long
def test_a_neo4j_server_is_started_again(small_run: Run, tmp_path: Path, evidence: Section) -> None:
    (tmp_path / "runaway.cypher").write_text(RUNAWAY, encoding="utf-8")
    port = free_port()
    with temporary_home() as home, pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        try:
            with running_neo4j(Path(home), bolt_port=port) as server:
                for name, value in server.environment.items():
                    patch.setenv(name, value)
                store = open_store(server.url)
                store.load(small_run)
                store.close()
                options = (*PATIENT, "--neo4j-connect-timeout-ms", "1000")
                # Stays while the server goes: it is stopped after the block.
                served = stack.enter_context(serving("--db", server.url, "--queries", str(tmp_path), *options))
                asking = stack.enter_context(Asking(f"{served.address}{GRAPH}"))
                asking.go_on(2)
                # It would run for hours: the server is stopped while it runs.
                cut = stack.enter_context(Asking(f"{served.address}api/v1/queries/runaway", times=1))
                wait_until(True, ("neo4j", served, server), 60)
        except ToolMissing as missing:
            skip_or_fail(str(missing))
        cut.wait()
        assert status_of(f"{served.address}{GRAPH}") == 503
        assert status_of(f"{served.address}healthz") == 200
        with running_neo4j(Path(home), bolt_port=port):
            begin = time.monotonic()
            while status_of(f"{served.address}{GRAPH}") != 200:
                assert time.monotonic() - begin < 60
            back_s = time.monotonic() - begin
            asking.go_on(2)
            asking.end()
    assert set(cut.told) <= {503, 504}
    assert set(asking.told) <= {200, 503, 504}
    assert asking.told[503]
    assert asking.last == 200
    evidence.record("Faults", "Neo4j stops under a query that runs: its status", next(iter(cut.told)))
    evidence.record("Faults", "Neo4j stops and starts: statuses of others meanwhile", dict(asking.told))
    evidence.record("Faults", "Neo4j is up again: first answer after", f"{back_s:.1f} s")


@pytest.mark.measured
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
def test_a_full_disk_stops_nobody(store_path: Path, tmp_path: Path, evidence: Section) -> None:
    """The log is on a full disk, and no file that is written to may grow."""
    path = pictured(store_path, tmp_path)
    command = ["bash", "-c", 'ulimit -f 0; exec "$@"', "bash"]
    command += command_line("serve", "--port", "0", "--db", str(path), "--allow-cypher", *PATIENT)
    with Path("/dev/full").open("w", encoding="ascii") as full:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=full, text=True)
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            with urllib.request.urlopen(f"{address}api/v1/graph?class={CLASS}", timeout=60) as response:
                atlas = json.load(response)["atlas"]["path"]
            asked = (GRAPH, f"api/v1/{atlas}", "api/v1/queries/class_edges?class=4&format=parquet", "readyz")
            told = Counter(status_of(f"{address}{one}") for one in asked for _ in range(3))
            body = json.dumps({"query": "MATCH (n:Run) RETURN n.id AS id"}).encode()
            typed = {"Content-Type": "application/json"}
            with urllib.request.urlopen(
                urllib.request.Request(f"{address}api/v1/cypher", body, typed), timeout=60
            ) as one:
                told[one.status] += 1
        finally:
            process.terminate()
            process.communicate(timeout=30)
    assert process.returncode == 0
    assert set(told) == {200}
    evidence.record("Faults", "a full disk: statuses of graph, atlas, Parquet, one's own query", dict(told))


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
