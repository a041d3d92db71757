"""Reads, on both engines: right rows on one connection again and again, limits, plain values, and no writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import ladybug
import pytest

from summit_graph.errors import InvalidParameter, QueryTimeout, SummitError
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.caller import Caller, asking
from summit_graph.store.ladybug import LadybugStore, content, seccomp
from summit_graph.store.ladybug import store as ladybug_store
from summit_graph.store.ladybug.engine import execute
from summit_graph.store.ladybug.plans import check_plan
from summit_graph.store.neo4j import Neo4jStore
from tests.runs import make_run
from tests.store.naive_rows import naive_rows
from tests.store.stored import count_nodes, run_states

RUNAWAY = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS s"


@pytest.fixture
def loaded(store: Store, small_run: Run) -> Store:
    store.load(small_run)
    return store


def test_a_query_repeated_with_other_parameters_on_one_connection_answers_each(store: Store, tmp_path: Path) -> None:
    """A plan that the embedded engine runs again keeps the first call's parameters, and so answers wrong rows."""
    run = make_run(
        tmp_path / "run",
        classes=[f"class {number}" for number in range(6)],
        layers={"low": 60, "high": 60},
        examples=False,
        predictions=False,
    )
    store.load(run, scope="all")
    rows = naive_rows(run, "all")
    share_of = {(row[0], row[1]): row[2] for row in rows["ACTIVATES"]}
    text = (
        "MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)-[i:INFLUENCES]->(m:Neuron) "
        "RETURN n.id AS source, m.id AS target, i.count AS count, a.count >= $least AS enough"
    )
    for _ in range(2):
        for number in run.class_numbers:
            for least in (1, 5, 9):
                own = {neuron for (of, neuron), count in share_of.items() if of == f"small/{number}" and count >= least}
                expected = sorted((row[0], row[1], row[3]) for row in rows["INFLUENCES"] if row[0] in own)
                answer = store.read(text, {"class": f"small/{number}", "least": least})
                assert sorted(row[:3] for row in answer.rows if row[3]) == expected


def test_a_row_limit_says_whether_more_is_there(loaded: Store) -> None:
    text = "MATCH (n:Neuron) RETURN n.id AS id ORDER BY n.id"
    everything = loaded.read(text, {})
    count = len(everything.rows)
    assert count > 3
    assert not everything.truncated
    assert loaded.read(text, {}, row_limit=count) == everything
    first = loaded.read(text, {}, row_limit=3)
    assert (first.rows, first.truncated) == (everything.rows[:3], True)


def test_a_stream_has_the_rows_of_a_read_in_bounded_batches(loaded: Store) -> None:
    text = "UNWIND range(1, 25000) AS number RETURN number, number % $divisor = 0 AS divides"
    with loaded.stream(text, {"divisor": 7}) as stream:
        assert stream.columns == ("number", "divides")
        batches = list(stream.batches)
    assert [len(batch) for batch in batches] == [10_000, 10_000, 5_000]
    assert [row for batch in batches for row in batch] == loaded.read(text, {"divisor": 7}).rows
    with loaded.stream("MATCH (n:Neuron) WHERE n.channel < 0 RETURN n.id AS id", {}) as stream:
        assert list(stream.batches) == []


def test_a_stream_may_be_left_before_its_end_and_the_next_query_answers(loaded: Store) -> None:
    for _ in range(3):
        with loaded.stream("UNWIND range(1, 25000) AS number RETURN number", {}) as stream:
            assert len(next(stream.batches)) == 10_000
    assert loaded.read("RETURN 1 AS one", {}).rows == [(1,)]


def test_what_goes_wrong_while_a_stream_is_used_is_no_error_of_the_store(loaded: Store) -> None:
    with pytest.raises(BrokenPipeError), loaded.stream("RETURN 1 AS one", {}):
        raise BrokenPipeError
    with pytest.raises(QueryTimeout), loaded.stream(RUNAWAY, {}, timeout_ms=200) as stream:
        list(stream.batches)
    with pytest.raises(SummitError, match="cannot stand there"), loaded.stream("CREATE (n:Neuron)", {}):
        pass


def test_values_are_plain(loaded: Store) -> None:
    text = (
        "MATCH p = (c:Class {id: 'small/0'})-[a:ACTIVATES]->(n:Neuron {id: 'small/stem.0/0'}) "
        "RETURN c, a, sum(a.count) AS total, [n.layer, n.id] AS list, {id: n.id} AS map, n.id = 'x' AS no, p AS path"
    )
    answer = loaded.read(text, {})
    row = dict(zip(answer.columns, answer.rows[0], strict=True))
    assert row["c"]["name"] == "tench"
    assert row["c"]["number"] == 0
    assert set(row["a"]) == {"count", "share", "importance", "selected"}
    assert (row["total"], type(row["total"])) == (row["a"]["count"], int)
    assert row["list"] == ["stem.0", "small/stem.0/0"]
    assert row["map"] == {"id": "small/stem.0/0"}
    assert row["no"] is False
    assert [node["id"] for node in row["path"]["nodes"]] == ["small/0", "small/stem.0/0"]
    assert _is_plain(row)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _is_plain(entry) for key, entry in value.items())
    if isinstance(value, list):
        return all(_is_plain(entry) for entry in value)
    return value is None or type(value) in {bool, int, float, str}


def test_values_of_every_kind_arrive_as_they_were_sent(loaded: Store) -> None:
    for value in ["", "O'Brien's \"dog\" \\ ärm", 0, -(2**63), 2**63 - 1, 1e300, -0.5, True, None, ["a", "b"], [1, 2]]:
        assert loaded.read("RETURN $value AS value", {"value": value}).rows == [(value,)]


MANY = 200
"""Rows enough that the embedded store takes them column by column."""


@pytest.mark.parametrize(
    "values",
    [
        ["", "O'Brien", "ärm", None],
        [0, -(2**63), 2**63 - 1, None],
        [1e300, -0.5, 0.0, None],
        [True, False, None],
        [[1, 2], [], [3]],
        [["a", "b"], ["c"], []],
        [[0.5], [1.5, 2.5]],
        [[[1, 2], [3]], [[4]]],
    ],
)
def test_values_of_many_rows_are_those_of_few(loaded: Store, values: list[Any]) -> None:
    sent = (values * MANY)[:MANY]
    found = loaded.read("UNWIND $values AS value RETURN value", {"values": sent}).rows
    assert found == [(value,) for value in sent]
    assert all(type(one) is type(value) for (one,), value in zip(found, sent, strict=True))


def test_sums_and_nodes_of_many_rows_are_plain(loaded: Store) -> None:
    sums = loaded.read("UNWIND range(1, 200) AS a RETURN a, sum(a * a) AS squares ORDER BY a", {}).rows
    assert sums == [(a, a * a) for a in range(1, MANY + 1)]
    assert all(_is_plain(list(row)) for row in sums)
    if loaded.dialect == "ladybug":
        # Neo4j's whole numbers end at 64 bits.
        text = "UNWIND range(1, 200) AS a UNWIND [1, 2] AS b RETURN a, sum(9223372036854775807) AS large ORDER BY a"
        assert loaded.read(text, {}).rows == [(a, 2 * (2**63 - 1)) for a in range(1, MANY + 1)]
    nodes = loaded.read(f"MATCH (n:Neuron) RETURN n, n.channel AS channel LIMIT {MANY}", {}).rows
    assert all(node["channel"] == channel for node, channel in nodes)
    assert all(_is_plain(list(row)) for row in nodes)


def test_a_limit_holds_for_many_rows(loaded: Store) -> None:
    for most, left_out in ((150, True), (MANY - 1, True), (MANY, False), (MANY + 1, False)):
        answer = loaded.read(f"UNWIND range(1, {MANY}) AS a RETURN a ORDER BY a", {}, row_limit=most)
        assert [a for (a,) in answer.rows] == list(range(1, min(most, MANY) + 1))
        assert answer.truncated == left_out


def test_a_runaway_query_is_stopped_and_the_next_one_answers(loaded: Store) -> None:
    with pytest.raises(QueryTimeout, match="time limit"):
        loaded.read(RUNAWAY, {}, timeout_ms=200)
    assert loaded.read("RETURN 1 AS one", {}).rows == [(1,)]


def test_the_time_limit_of_one_query_is_not_the_next_ones(loaded: Store) -> None:
    with pytest.raises(QueryTimeout):
        loaded.read(RUNAWAY, {}, timeout_ms=1)
    text = "UNWIND range(1, 300000) AS a RETURN sum(a) AS s"
    assert loaded.read(text, {}, timeout_ms=0).rows == [(45000150000,)]


def test_an_error_of_the_engine_is_one_line(loaded: Store) -> None:
    for text in ("MATCH (n RETURN n", "RETURN nothing", "RETURN size(1, 2, 3) AS x"):
        with pytest.raises(SummitError, match="refused the query") as refused:
            loaded.read(text, {})
        assert "\n" not in str(refused.value)


def test_a_missing_parameter_is_an_error(loaded: Store) -> None:
    with pytest.raises(InvalidParameter, match=r"\$id"):
        loaded.read("MATCH (n:Neuron {id: $id}) RETURN n.id AS id", {})


def test_a_read_writes_nothing(loaded: Store) -> None:
    nodes = count_nodes(loaded)
    for text in ("CREATE (n:Run {id: 'x'})", "MATCH (n:Run) SET n.name = 'x'", "MATCH (n:Image) DETACH DELETE n"):
        with pytest.raises(SummitError, match="only reads"):
            loaded.read(text, {})
        # And where the tokens were not looked at, the engine itself refuses.
        with pytest.raises(SummitError, match=r"(?i)write|read.only|access mode|not allowed"):
            _send_unchecked(loaded, text)
    assert count_nodes(loaded) == nodes


def _send_unchecked(store: Store, text: str) -> None:
    if isinstance(store, Neo4jStore):
        store._server.read(text, {}, lambda result: result.consume(), label="unchecked")
    else:
        assert isinstance(store, LadybugStore)
        with store._opened().connection() as (connection, _):
            execute(connection, text)


def test_many_threads_read_while_a_load_replaces_the_run(
    loaded: Store, place: str, same_name_run: Run, small_run: Run
) -> None:
    """Embedded, each answer is of the old run or the new one, whole; Neo4j also shows none while it is replaced."""
    text = "MATCH (r:Run {state: 'ready'})-[:HAS_CLASS]->(c:Class)-[a:ACTIVATES]->(n:Neuron) RETURN sum(a.count) AS s"
    whole = {sum(row[2] for row in naive_rows(run, "selected")["ACTIVATES"]) for run in (small_run, same_name_run)}
    stop, answers, failures = threading.Event(), set[Any](), list[BaseException]()

    def reader() -> None:
        try:
            while not stop.is_set():
                answers.add(loaded.read(text, {}).rows[0][0])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=reader) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with closing(open_store(place)) as loader:
            loader.load(same_name_run, replace=True)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert loaded.read(text, {}).rows[0][0] in whole
    unready = {None, 0}
    assert answers - unready <= whole
    if isinstance(loaded, LadybugStore):
        assert not answers & unready


@pytest.fixture
def embedded(tmp_path: Path, small_run: Run) -> Iterator[LadybugStore]:
    with closing(LadybugStore(tmp_path / "graph.lbug")) as opened:
        opened.load(small_run)
        yield opened


def test_the_embedded_store_leaves_nothing_beside_its_file(embedded: LadybugStore, other_run: Run) -> None:
    run_states(embedded)
    embedded.load(other_run)
    run_states(embedded)
    embedded.delete_run("small")
    assert [entry.name for entry in embedded.path.parent.iterdir()] == ["graph.lbug"]


def test_a_second_loader_says_that_another_one_is_writing(embedded: LadybugStore, other_run: Run) -> None:
    from summit_graph.store.ladybug import building

    with building._building_folder(embedded.path):
        with pytest.raises(SummitError, match="another load is writing"):
            embedded.load(other_run)
    assert run_states(embedded) == {"small": "ready"}
    embedded.load(other_run)


def test_a_text_that_is_asked_while_a_load_replaces_the_file_is_judged_anew_on_the_new_one(
    embedded: LadybugStore, other_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_of = list[int]()

    def watched(connection: ladybug.Connection, text: str, sent: dict[str, Any]) -> None:
        judged_of.append(len(content.run_ids(connection)))
        check_plan(connection, text, sent)

    class Slow(Caller):
        """Between its connection and its query there is a whole load."""

        def time_left_ms(self, limit_ms: int) -> int:
            embedded.load(other_run)
            return limit_ms

    monkeypatch.setattr(ladybug_store, "check_plan", watched)
    text = "MATCH (r:Run) RETURN r.id AS run ORDER BY run"
    with asking(Slow()):
        assert embedded.read(text, {}).rows == [("small",)]
    for _ in range(2):
        assert embedded.read(text, {}).rows == [("other",), ("small",)]
    assert judged_of == [1, 2]


def test_an_untrusted_query_without_a_time_limit_answers(
    embedded: LadybugStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not seccomp.is_available():
        pytest.skip("no process can be confined here")
    monkeypatch.setenv("SUMMIT_QUERY_TIMEOUT_MS", "0")
    answer = embedded.read_untrusted("MATCH (r:Run) RETURN r.id AS run", {}, row_limit=10, label="test")
    assert answer.rows == [("small",)]


def test_a_closed_store_says_so(embedded: LadybugStore) -> None:
    embedded.close()
    with pytest.raises(SummitError, match="closed"):
        run_states(embedded)
