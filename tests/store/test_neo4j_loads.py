"""What a load into a Neo4j server does beside writing: goes on, repeats what is worth repeating, says how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import neo4j
import pytest
from neo4j import exceptions

from summit_graph.errors import SummitError
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.neo4j import content
from summit_graph.store.neo4j.server import Server
from summit_graph.store.pace import Pace
from tests.services.neo4j_server import Neo4jServer
from tests.store.naive_rows import naive_rows
from tests.store.stop_points import kill_a_load
from tests.store.stored import count_nodes, run_states
from tests.store.test_contract import assert_holds


@pytest.fixture
def server_store(neo4j_place: Neo4jServer) -> Iterator[Store]:
    """An empty store on the session's server."""
    with closing(open_store(neo4j_place.url)) as opened:
        yield opened


def test_a_load_goes_on_after_the_rows_that_a_killed_one_has_left(
    server_store: Store, neo4j_place: Neo4jServer, small_run: Run
) -> None:
    kill_a_load(small_run.directory, neo4j_place.url, "relationships", 2, "after")
    lines: list[str] = []
    server_store.load(small_run, progress=lines.append)
    assert not any("deleting" in line for line in lines)
    vertices, edges = (len(naive_rows(small_run, "selected")[table]) for table in ("Vertex", "FEEDS"))
    assert f"small: Vertex, {vertices} rows, {vertices} of them there" in lines
    assert f"small: FEEDS, {edges} rows" in lines
    assert_holds(server_store, small_run)


def test_another_run_of_the_name_does_not_go_on_with_them(
    server_store: Store, neo4j_place: Neo4jServer, small_run: Run, same_name_run: Run
) -> None:
    kill_a_load(small_run.directory, neo4j_place.url, "nodes", 3, "after")
    lines: list[str] = []
    server_store.load(same_name_run, progress=lines.append)
    assert any("deleting" in line for line in lines)
    assert_holds(server_store, same_name_run)


@pytest.mark.parametrize("transient", [True, False])
def test_what_passes_is_tried_again_and_what_does_not_is_not(
    server_store: Store, small_run: Run, monkeypatch: pytest.MonkeyPatch, transient: bool
) -> None:
    run, tries = neo4j.ManagedTransaction.run, list[str]()

    def failing(transaction: neo4j.ManagedTransaction, query: Any, *arguments: Any) -> neo4j.Result:
        if "-[:FEEDS " in str(query) and "CREATE" in str(query):
            tries.append(str(query))
            if len(tries) == 1:
                raise exceptions.TransientError("a deadlock") if transient else exceptions.ClientError("a mistake")
        return run(transaction, query, *arguments)

    monkeypatch.setattr(neo4j.ManagedTransaction, "run", failing)
    if transient:
        server_store.load(small_run)
        assert len(tries) == 2
        assert_holds(server_store, small_run)
    else:
        with pytest.raises(SummitError, match="refused the query") as refused:
            server_store.load(small_run)
        assert "\n" not in str(refused.value)
        assert len(tries) == 1
        assert run_states(server_store) == {}
        assert count_nodes(server_store) == 0


def test_a_load_says_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, lines = [0.0], list[str]()
    monkeypatch.setattr("summit_graph.store.pace.time.monotonic", lambda: now_s[0])
    counted = Pace("digits", 4_000, lines.append)
    counted.begin("FEEDS", 3_000, done=1_000)
    for _ in range(3):
        now_s[0] += 1.5
        counted.add(500)
    assert lines == [
        "digits: FEEDS, 3,000 rows, 1,000 of them there",
        # 1,000 rows in 3 s, and 2,000 are left; what was there already says nothing of the pace.
        "digits: FEEDS, 2,000 of 3,000 rows, about 6 s left",
    ]


def test_a_run_is_deleted_in_transactions_of_bounded_size(
    server_store: Store, small_run: Run, other_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, deleted = Server.write_and_answer, dict[str, list[int]]()

    def counted(server: Server, text: str, parameters: dict[str, Any], *, label: str) -> neo4j.Record | None:
        answer = write(server, text, parameters, label=label)
        if label.startswith("delete ") and answer is not None:
            deleted.setdefault(label.removeprefix("delete "), []).append(answer["rows"])
        return answer

    monkeypatch.setattr(Server, "write_and_answer", counted)
    monkeypatch.setattr(content, "ROWS_PER_BATCH", 7)
    server_store.load(small_run)
    server_store.load(other_run)
    server_store.delete_run("small")
    for table, rows in naive_rows(small_run, "selected").items():
        # The last transaction finds nothing left.
        whole, rest = divmod(len(rows), 7)
        assert deleted[table] == [7] * whole + [rest] * bool(rest) + [0], table
    assert max(len(transactions) for transactions in deleted.values()) > 3
    assert_holds(server_store, other_run)
    server_store.delete_run("other")
    assert count_nodes(server_store) == 0
