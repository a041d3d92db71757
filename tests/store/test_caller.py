"""Who waits for a read bounds it and can end it, on both engines."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest

from summit_graph.errors import QueryTimeout, SummitError
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.caller import Caller, asking, current_caller
from tests.services.neo4j_server import Neo4jServer

RUNAWAY = (
    "MATCH (a:Vertex), (b:Vertex), (c:Vertex), (d:Vertex), (e:Vertex), (f:Vertex), (g:Vertex) "
    "WHERE a.count + b.count + c.count + d.count + e.count + f.count + g.count > 3 RETURN count(*) AS sevens"
)


@pytest.fixture(scope="module", params=["ladybug", "neo4j"])
def loaded(request: pytest.FixtureRequest, small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The generated run in either engine."""
    with pytest.MonkeyPatch.context() as patch:
        url = str(tmp_path_factory.mktemp("caller") / "small.lbug")
        if request.param == "neo4j":
            server: Neo4jServer = request.getfixturevalue("neo4j_empty")
            for name, value in server.environment.items():
                patch.setenv(name, value)
            url = server.url
        store = open_store(url, must_exist=False)
        store.load(small_run)
        yield store
        store.close()


LIMIT_MS = 60_000
"""Of the runaway query itself: what ends it sooner is its caller, however busy the machine is."""


def stop_until(ended: threading.Event, caller: Caller, every_s: float | None) -> None:
    """Stops a caller again and again: a stop that comes just before the query begins may miss it."""
    while not ended.wait(every_s):
        # A busy server may not answer in time; the service goes on then too.
        with contextlib.suppress(SummitError):
            caller.stop()


def stopped_after_s(store: Store, caller: Caller, stop_every_s: float | None = None) -> float:
    """Seconds until a runaway query ends; stopped from another thread where that is said."""
    begin, ended = time.monotonic(), threading.Event()

    thread = threading.Thread(target=lambda: stop_until(ended, caller, stop_every_s))
    if stop_every_s is not None:
        thread.start()
    try:
        with asking(caller), pytest.raises(QueryTimeout):
            store.read(RUNAWAY, {}, timeout_ms=LIMIT_MS)
    finally:
        ended.set()
    if stop_every_s is not None:
        thread.join()
    return time.monotonic() - begin


def test_stopping_the_caller_ends_what_runs(loaded: Store) -> None:
    caller = Caller("stopped-by-a-test", timeout_ms=LIMIT_MS)
    assert 0.5 <= stopped_after_s(loaded, caller, stop_every_s=0.5) < LIMIT_MS / 1000
    with asking(caller), pytest.raises(QueryTimeout):
        loaded.read("MATCH (r:Run) RETURN count(*) AS runs", {})
    assert loaded.read("MATCH (r:Run) RETURN count(*) AS runs", {}).rows == [(1,)]


def test_the_reads_of_a_caller_share_its_time(loaded: Store) -> None:
    begin = time.monotonic()
    caller = Caller("timed", timeout_ms=700)
    stopped_after_s(loaded, caller)
    # The server looks for what ran too long every two seconds.
    assert 0.6 <= time.monotonic() - begin < LIMIT_MS / 1000
    with asking(caller), pytest.raises(QueryTimeout):
        loaded.read("MATCH (r:Run) RETURN count(*) AS runs", {})


def test_a_callers_reads_are_named_in_the_servers_list(neo4j_empty: Neo4jServer, small_run: Run) -> None:
    listed: list[dict[str, str]] = []
    ended = threading.Event()

    def look() -> None:
        with neo4j.GraphDatabase.driver(neo4j_empty.url, auth=(neo4j_empty.user, neo4j_empty.password)) as driver:
            for _ in range(1_000):
                rows = driver.execute_query("SHOW TRANSACTIONS YIELD metaData RETURN metaData").records
                listed.extend(row["metaData"] for row in rows if row["metaData"].get("request_id") == "listed")
                if listed:
                    break
                time.sleep(0.05)
        stop_until(ended, caller, 0.5)

    caller = Caller("listed", timeout_ms=LIMIT_MS)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in neo4j_empty.environment.items():
            patch.setenv(name, value)
        store = open_store(neo4j_empty.url)
        try:
            store.load(small_run)
            thread = threading.Thread(target=look)
            thread.start()
            with asking(caller), pytest.raises(QueryTimeout):
                store.read(RUNAWAY, {}, label="shared_neurons", timeout_ms=LIMIT_MS)
            ended.set()
            thread.join()
        finally:
            store.close()
    assert listed[0]["query"] == "shared_neurons"
    assert listed[0]["app"].startswith("summit-graph/")


def test_who_is_nobody_waits_for_ever_and_an_end_is_forgotten(tmp_path: Path) -> None:
    assert current_caller().time_left_ms(0) == 0
    assert current_caller().time_left_ms(250) == 250
    caller = Caller("x", timeout_ms=60_000)
    with asking(caller):
        assert current_caller() is caller
        assert 0 < caller.time_left_ms(0) <= 60_000
        assert caller.time_left_ms(300) == 300
    assert current_caller() is not caller
