"""Two loaders at once: one writes, the other says so; one that stands still for too long has written its last row."""

from __future__ import annotations

import signal
import time
from contextlib import closing

import pytest

from summit_graph import schema
from summit_graph.errors import StoreUnavailable
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.neo4j import Neo4jStore, loading
from summit_graph.store.neo4j.lease import Lease
from tests.services.neo4j_server import Neo4jServer
from tests.store.stop_points import standing_load
from tests.store.stored import count_nodes, run_states
from tests.store.test_contract import assert_holds


def test_a_second_loader_says_that_another_one_writes_and_a_killed_one_is_no_obstacle(
    store: Store, place: str, small_run: Run, other_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for a heart that beats five times as often, however busy the machine is.
    monkeypatch.setenv("SUMMIT_LEASE_MS", "5000")
    with standing_load(small_run.directory, place, "relationships", 2, "before"):
        if isinstance(store, Neo4jStore):
            # It gives signs of life, for longer than the lease of one that gives none.
            time.sleep(6)
        with closing(open_store(place, must_exist=False)) as second:
            with pytest.raises(StoreUnavailable, match="another load is writing") as refused:
                second.load(other_run)
        assert "\n" not in str(refused.value)
    store.load(other_run)
    assert run_states(store).get("other") == "ready"
    assert_holds(store, other_run)


@pytest.mark.parametrize(
    ("phase", "event"), [("relationships", 3), ("ready flag", 0)], ids=["writing rows", "making them visible"]
)
def test_a_loader_that_stood_still_for_too_long_changes_nothing_any_more(
    neo4j_place: Neo4jServer, small_run: Run, phase: str, event: int
) -> None:
    with closing(open_store(neo4j_place.url)) as store:
        with standing_load(small_run.directory, neo4j_place.url, phase, event, "before") as late:
            late.send_signal(signal.SIGSTOP)  # its heart too
            assert not store.load(small_run).already_loaded
            assert_holds(store, small_run)
            late.send_signal(signal.SIGUSR1)
            late.send_signal(signal.SIGCONT)
            _, said = late.communicate(timeout=60)
            assert late.returncode == 1
        assert "another one has taken over" in said.splitlines()[-1]
        assert run_states(store) == {"small": "ready"}
        assert_holds(store, small_run)


def test_a_deletion_of_a_late_owner_deletes_nothing(neo4j_place: Neo4jServer, small_run: Run) -> None:
    with closing(open_store(neo4j_place.url)) as store:
        assert isinstance(store, Neo4jStore)
        store.load(small_run)
        late = Lease(store._server, "small")  # never taken: another's by now
        with pytest.raises(StoreUnavailable, match="taken over"):
            loading._delete(store._server, "small", late)
        for table in schema.TABLES.values():
            with pytest.raises(StoreUnavailable, match="taken over"):
                loading.delete_rows(store._server, table, "small", late)
        assert run_states(store) == {"small": schema.READY}
        assert_holds(store, small_run)


def test_a_lease_leaves_no_node(neo4j_place: Neo4jServer, small_run: Run) -> None:
    with closing(open_store(neo4j_place.url)) as store:
        store.load(small_run)
        store.delete_run("small")
        assert count_nodes(store) == 0
