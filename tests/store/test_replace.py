"""A run put in another's place while it is served: who asks gets the old one until the new one is whole."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale_run import SMALL, make_scale_run
from summit_graph import schema
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.exchange.summit_import import import_summit
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.neo4j import Neo4jStore, area, content
from summit_graph.store.neo4j.lease import Lease
from tests.services.evidence import Section
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_server import Neo4jServer, running_neo4j, temporary_home
from tests.store.naive_rows import naive_rows
from tests.store.stop_points import REPLACING, When, standing_load
from tests.store.stored import count_nodes, run_states
from tests.store.test_contract import assert_holds
from tests.store.test_kill import HAPPENS_ONCE, KILLS

SOON: tuple[tuple[str, str, int, When], ...] = (
    ("neo4j", "switch", 0, "within"),
    ("neo4j", "deletion", 3, "after"),
)
"""The kills of every day; the rest takes minutes."""
CLOSING_S = 60
"""How long a server may take to end what a killed load has asked of it, on a busy machine."""


def served_digest(store: Store, run: str = "small") -> str | None:
    """The digest of the run of that id that queries see."""
    text = "MATCH (r:Run) WHERE r.id = $run AND r.state = 'ready' RETURN r.digest"
    rows = store.read(text, {"run": run}).rows
    assert len(rows) < 2
    return str(rows[0][0]) if rows else None


def assert_holds_alone(store: Store, run: Run) -> None:
    """The run is there row by row, and nothing else is: no other node, and no constraint of what lies aside."""
    assert_holds(store, run)
    expected = naive_rows(run, "selected")
    assert count_nodes(store) == sum(len(expected[label.name]) for label in schema.LABELS)
    if isinstance(store, Neo4jStore):
        text = "SHOW CONSTRAINTS YIELD name RETURN name"
        names = store._server.read(text, {}, lambda result: result.value(), label="constraints")
        assert not [name for name in names if name.startswith(("summit_new_", "summit_old_"))]


def test_the_old_run_is_served_until_the_new_one_is_whole(
    store: Store, place: str, small_run: Run, same_name_run: Run
) -> None:
    store.load(small_run)
    digests = {small_run.manifest.digest: "old", same_name_run.manifest.digest: "new"}
    seen, lines = list[str](), list[tuple[str, str]]()
    is_over = threading.Event()

    def ask() -> None:
        with closing(open_store(place)) as reader:
            while not is_over.is_set():
                seen.append(digests[str(served_digest(reader))])
                is_over.wait(0.005)

    def note(line: str) -> None:
        lines.append((line, digests[str(served_digest(store))]))
        if "visible" in line or "replaced" in line:
            assert_holds(store, small_run if lines[-1][1] == "old" else same_name_run)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        with closing(open_store(place)) as loader:
            assert not loader.load(same_name_run, replace=True, progress=note).already_loaded
    finally:
        is_over.set()
        asking.join()
    assert seen == sorted(seen, key=["old", "new"].index), "never the old one after the new one, and always one"
    until_then = [state for line, state in lines if "replaced" not in line]
    assert len(until_then) > 5
    assert set(until_then) == {"old"}
    # In Neo4j the old rows are deleted when the new ones are served.
    assert [state for line, state in lines if "replaced" in line] == ["new"] * isinstance(store, Neo4jStore)
    assert_holds_alone(store, same_name_run)


def kill_a_replacing_load(store: Store, place: str, old: Run, new: Run, phase: str, event: int, when: When) -> str:
    """Kills a load that puts `new` in the place of `old`, and ends its work; what was served after the kill."""
    with standing_load(new.directory, place, phase, event, when, "--replace"):
        if when == "within":
            time.sleep(float(np.random.default_rng([event, len(phase)]).uniform(0, 0.1)))
        else:
            is_new = phase == "deletion" or (phase in ("switch", "rename") and when == "after")
            assert_holds(store, new if is_new else old)
    if isinstance(store, Neo4jStore):
        _wait_for_the_last_switch(store)
    is_new = served_digest(store) == new.manifest.digest
    assert_holds(store, new if is_new else old)
    with closing(open_store(place)) as next_loader:
        # What was put in place before the kill is all there is to load.
        assert next_loader.load(new, replace=not is_new).already_loaded == is_new
    assert_holds_alone(store, new)
    if place.endswith(".lbug"):
        assert [entry.name for entry in Path(place).parent.iterdir()] == [Path(place).name]
    return "the new one" if is_new else "the old one"


def _wait_for_the_last_switch(store: Neo4jStore) -> None:
    """A server that was asked to commit does so, whether or not somebody still waits for that."""
    text = "SHOW TRANSACTIONS YIELD metaData WHERE metaData.query = 'switch' RETURN count(*)"
    deadline = time.monotonic() + CLOSING_S
    while store._server.read(text, {}, lambda result: result.value(), label="transactions")[0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("place", "phase", "event", "when"), SOON, indirect=["place"])
def test_a_killed_load_that_replaces_a_run_leaves_one_of_the_two_whole(
    store: Store, place: str, small_run: Run, same_name_run: Run, phase: str, event: int, when: When
) -> None:
    store.load(small_run)
    served = kill_a_replacing_load(store, place, small_run, same_name_run, phase, event, when)
    if when != "within":
        assert served == ("the new one" if phase == "deletion" else "the old one")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_five_kills_in_every_phase_of_a_replacement_leave_one_of_the_two_whole(
    store: Store, place: str, small_run: Run, same_name_run: Run, evidence: Section
) -> None:
    engine = "ladybug" if place.endswith(".lbug") else "neo4j"
    kills, served = Counter[str](), Counter[tuple[str, str]]()
    old, new = small_run, same_name_run
    store.load(old)
    for phase in REPLACING[engine]:
        for event, when in KILLS:
            if (phase in HAPPENS_ONCE and (engine, phase) != ("neo4j", "reading back")) or phase == "switch":
                event = 0
            found = kill_a_replacing_load(store, place, old, new, phase, event, when)
            old, new = new, old
            served[phase, found] += 1
            kills[phase] += 1
    for phase in REPLACING[engine]:
        said = ", ".join(f"{served[phase, run]} times {run}" for run in ("the old one", "the new one"))
        print(f"{engine}: {phase}: killed {kills[phase]}, then served whole: {said}")
        topic = "Loads that replace a run, killed (SIGKILL): what was served then, whole; the next load succeeded"
        evidence.record(topic, f"{engine}, in {phase}", f"{kills[phase]}: {said}")
    assert min(kills.values()) >= 5


@pytest.fixture
def server_store(neo4j_place: Neo4jServer) -> Iterator[Neo4jStore]:
    """An empty store on the session's server."""
    with closing(open_store(neo4j_place.url)) as opened:
        assert isinstance(opened, Neo4jStore)
        yield opened


def leave_aside(store: Neo4jStore, place: str, run: Run) -> None:
    """Leaves what a load of the run in the place of another one had written when it was killed."""
    with standing_load(run.directory, place, "relationships", 3, "after", "--replace"):
        pass
    assert content.run_ids(store._server, area.Area.NEW) == [run.manifest.run]


def test_the_next_load_of_the_same_run_goes_on_with_what_lies_aside(
    server_store: Neo4jStore, neo4j_place: Neo4jServer, small_run: Run, same_name_run: Run, other_run: Run
) -> None:
    server_store.load(small_run)
    leave_aside(server_store, neo4j_place.url, same_name_run)
    assert run_states(server_store) == {"small": "ready"}
    # A load of another run leaves it.
    server_store.load(other_run)
    server_store.delete_run("other")
    lines: list[str] = []
    server_store.load(same_name_run, replace=True, progress=lines.append)
    vertices = len(naive_rows(same_name_run, "selected")["Vertex"])
    assert f"small: Vertex, {vertices} rows, {vertices} of them there" in lines
    assert_holds_alone(server_store, same_name_run)


def test_what_lies_aside_is_cleared_by_a_load_of_what_is_served_and_with_the_run(
    server_store: Neo4jStore, neo4j_place: Neo4jServer, small_run: Run, same_name_run: Run
) -> None:
    server_store.load(small_run)
    leave_aside(server_store, neo4j_place.url, same_name_run)
    assert server_store.load(small_run).already_loaded
    assert_holds_alone(server_store, small_run)
    leave_aside(server_store, neo4j_place.url, same_name_run)
    server_store.delete_run("small")
    assert count_nodes(server_store) == 0


def test_a_new_run_that_is_not_what_was_written_is_not_put_in_place(
    server_store: Neo4jStore, small_run: Run, same_name_run: Run
) -> None:
    server_store.load(small_run)

    def lose_an_edge(line: str) -> None:
        if line == "reading back what was written":
            text = "MATCH (:SummitNewVertex)-[f:FEEDS]->() WITH f LIMIT 1 DELETE f"
            server_store._server.write(text, {}, label="mutation")

    with pytest.raises(SummitError, match=r"rows instead of \d+ in FEEDS"):
        server_store.load(same_name_run, replace=True, progress=lose_an_edge)
    assert_holds_alone(server_store, small_run)


@pytest.mark.parametrize("is_late", ["before the transaction", "within it"])
def test_a_late_owner_switches_nothing(
    server_store: Neo4jStore, small_run: Run, is_late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_store.load(small_run)
    if is_late == "within it":
        monkeypatch.setattr(Lease, "renew", lambda lease: None)
    late = Lease(server_store._server, "small")  # never taken: another's by now
    with pytest.raises(StoreUnavailable, match="taken over"):
        area.switch(server_store._server, "small", schema.READY, late)
    assert_holds(server_store, small_run)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_where_the_servers_memory_does_not_suffice_the_old_run_is_served_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Section
) -> None:
    runs = [make_scale_run(tmp_path / name, SMALL, classes) for name, classes in (("old", 20), ("new", 22))]
    # Small transactions suffice for all but the switch, which needs some 3 KB a node.
    monkeypatch.setattr(content, "ROWS_PER_BATCH", 500)
    limits = {"db.memory.transaction.max": "8m"}
    try:
        with temporary_home() as home:
            with running_neo4j(Path(home), further=limits) as server:
                for name, value in server.environment.items():
                    monkeypatch.setenv(name, value)
                with closing(open_store(server.url)) as store:
                    assert isinstance(store, Neo4jStore)
                    old = store.load(runs[0])
                    with pytest.raises(StoreUnavailable, match=r"heap\.max_size.*delete-run scale") as said:
                        store.load(runs[1], replace=True)
                    assert "\n" not in str(said.value)
                    assert served_digest(store, "scale") == runs[0].manifest.digest
                    assert content.counts(store._server, "scale") == old.counts
            with running_neo4j(Path(home)) as server, closing(open_store(server.url)) as store:
                lines: list[str] = []
                new = store.load(runs[1], replace=True, progress=lines.append)
                edges = f"{new.counts['FEEDS']:,}"
                assert f"scale: FEEDS, {edges} rows, {edges} of them there" in lines
                assert served_digest(store, "scale") == runs[1].manifest.digest
                assert count_nodes(store) == sum(new.counts[label.name] for label in schema.LABELS)
                told = "one line that names server.memory.heap.max_size; the old one served, the next load went on"
                evidence.record("Replacing a run in Neo4j", "where the server's memory does not suffice", told)
    except ToolMissing as missing:
        skip_or_fail(str(missing))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_summits_published_graphs_are_asked_all_the_while_that_they_are_replaced(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Section
) -> None:
    data = shared / "data" / "summit-published"
    import_summit(
        data / "attribution-graphs.zip", tmp_path / "run", classes=data / "classes.csv", images_per_class=None
    )
    run = Run.open(tmp_path / "run")
    waits_s, counted, is_over = list[float](), set[int](), threading.Event()
    query, values = packaged_catalogue().get("class_neurons"), {"class": run.class_numbers[7]}

    def ask(reader: Store) -> None:
        while not is_over.is_set():
            began_s = time.monotonic()
            counted.add(len(run_query(reader, query, values).rows))
            waits_s.append(time.monotonic() - began_s)
            is_over.wait(0.05)

    try:
        with temporary_home() as home, running_neo4j(Path(home)) as server:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            with closing(open_store(server.url)) as store:
                store.load(run)
                asking = threading.Thread(target=ask, args=[store])
                asking.start()
                began_s = time.monotonic()
                try:
                    assert not store.load(run, replace=True).already_loaded
                finally:
                    is_over.set()
                    asking.join()
                taken_s = time.monotonic() - began_s
                nodes = count_nodes(store)
    except ToolMissing as missing:
        skip_or_fail(str(missing))
    assert len(counted) == 1, "every answer was whole"
    told = f"{taken_s:.1f} s, {len(waits_s)} questions meanwhile, the longest took {max(waits_s):.2f} s"
    print(told)
    evidence.record("Replacing a run in Neo4j", f"Summit's published graphs, {nodes:,} nodes, heap of 512 MB", told)
    assert max(waits_s) < 60
