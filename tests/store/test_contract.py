"""What every store does, on both engines: loads that are exact, repeatable and undone where they fail."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import ladybug
import pytest

from summit_graph import schema
from summit_graph.errors import NotFound, SummitError
from summit_graph.run import Run
from summit_graph.store import LoadReport, Store, open_store
from summit_graph.store.ladybug import building
from summit_graph.store.neo4j import loading
from summit_graph.store.neo4j.server import Server
from summit_graph.store.staging import Staged
from tests.store.naive_rows import naive_rows
from tests.store.stored import count_nodes, run_states, stored_rows


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def assert_holds(store: Store, run: Run, scope: Literal["selected", "all"] = "selected") -> None:
    """The store's rows of a run are those of the definition, table by table."""
    expected = naive_rows(run, scope)
    for table in schema.TABLES:
        assert in_order(stored_rows(store, table, run.manifest.run)) == in_order(expected[table]), table


@pytest.mark.parametrize("scope", ["selected", "all"])
def test_a_loaded_run_is_there_row_by_row(store: Store, small_run: Run, scope: Literal["selected", "all"]) -> None:
    lines: list[str] = []
    report = store.load(small_run, scope=scope, progress=lines.append)
    assert report.counts == {table: len(naive_rows(small_run, scope)[table]) for table in schema.TABLES}
    assert not report.already_loaded
    assert any("FEEDS" in line for line in lines)
    assert_holds(store, small_run, scope)


def test_a_run_of_which_only_counts_are_known_has_nulls(store: Store, countless_run: Run) -> None:
    store.load(countless_run)
    assert_holds(store, countless_run)


def test_loading_twice_changes_nothing_and_says_so(store: Store, place: str, small_run: Run) -> None:
    first = store.load(small_run)
    file = Path(place)
    before = file.stat() if file.exists() else None
    second = store.load(small_run)
    assert second == LoadReport(first.run, first.counts, already_loaded=True)
    if before is not None:
        assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_load_says_how_far_it_is_in_writing_and_in_reading_back(
    store: Store, small_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("summit_graph.store.pace.EVERY_S", 0.0)
    lines: list[str] = []
    store.load(small_run, progress=lines.append)
    for doing in ("small: FEEDS", "small, read back: FEEDS"):
        assert any(re.fullmatch(rf"{doing}, 40 of 40 rows, about \d+ s left", line) for line in lines), lines


def test_runs_lie_side_by_side(store: Store, small_run: Run, other_run: Run) -> None:
    store.load(small_run)
    store.load(other_run)
    assert_holds(store, small_run)
    assert_holds(store, other_run)


def test_another_run_of_the_same_name_needs_replace(
    store: Store, small_run: Run, other_run: Run, same_name_run: Run
) -> None:
    store.load(small_run)
    store.load(other_run)
    with pytest.raises(SummitError, match="--replace"):
        store.load(same_name_run)
    assert_holds(store, small_run)
    assert not store.load(same_name_run, replace=True).already_loaded
    assert_holds(store, same_name_run)
    assert_holds(store, other_run)


def test_the_same_run_in_another_scope_needs_replace(store: Store, small_run: Run) -> None:
    store.load(small_run)
    with pytest.raises(SummitError, match=r"--scope selected.*--replace"):
        store.load(small_run, scope="all")
    store.load(small_run, scope="all", replace=True)
    assert_holds(store, small_run, "all")
    with pytest.raises(SummitError, match="--scope all"):
        store.load(small_run)


def test_a_deleted_run_is_gone_and_the_others_stay(store: Store, small_run: Run, other_run: Run) -> None:
    store.load(small_run)
    store.load(other_run)
    store.delete_run("small")
    assert_holds(store, other_run)
    assert count_nodes(store) == sum(
        len(rows)
        for table, rows in naive_rows(other_run, "selected").items()
        if table in {n.name for n in schema.LABELS}
    )
    store.delete_run("other")
    assert count_nodes(store) == 0
    store.load(small_run)
    assert_holds(store, small_run)


def test_deleting_a_run_that_is_not_there_names_those_that_are(store: Store, small_run: Run) -> None:
    store.load(small_run)
    with pytest.raises(NotFound, match="smal") as refused:
        store.delete_run("smal")
    assert refused.value.nearest == ("small",)


def test_a_damaged_run_is_refused_before_anything_is_written(
    store: Store, place: str, small_run: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_run.directory, copy)
    table = copy / "influences" / "00004.parquet"
    table.write_bytes(table.read_bytes()[:-20])
    with pytest.raises(SummitError, match=r"00004\.parquet"):
        store.load(Run.open(copy))
    if place.endswith(".lbug"):
        assert not Path(place).exists()
    else:
        assert count_nodes(store) == 0


MUTATIONS = {
    "one value changed": (
        "MATCH (c:Class {id: 'small/0'})-[a:ACTIVATES]->(n:Neuron {id: 'small/stem.0/0'}) SET a.count = a.count + 1",
        "other values in ACTIVATES",
    ),
    "a null in place of a value": ("MATCH (c:Class {id: 'small/0'}) SET c.images = NULL", "other values in Class"),
    "a text changed by one letter": (
        "MATCH (n:Image) WHERE n.run = 'small' SET n.path = n.path + 'x'",
        "other values in Image",
    ),
    "one edge dropped": (
        "MATCH (v:Vertex)-[f:FEEDS]->(w:Vertex) WHERE v.run = 'small' WITH v, w, f ORDER BY v.id, w.id LIMIT 1 "
        "DELETE f",
        "39 rows instead of 40 in FEEDS",
    ),
    "one edge doubled": (
        "MATCH (v:Vertex)-[f:FEEDS]->(w:Vertex) WHERE v.run = 'small' WITH v, w, f ORDER BY v.id, w.id LIMIT 1 "
        "CREATE (v)-[:FEEDS {count: f.count, share: f.share, selected: f.selected}]->(w)",
        "41 rows instead of 40 in FEEDS",
    ),
    "two edges' ends exchanged": (
        "MATCH (c:Class {id: 'small/0'})-[h:CONFUSED_WITH]->(d:Class) WITH c, d, h ORDER BY d.id LIMIT 1 "
        "CREATE (d)-[:CONFUSED_WITH {count: h.count}]->(c) DELETE h",
        "other values in CONFUSED_WITH",
    ),
}


@pytest.fixture
def mutate_before_verification(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a statement change what a load has just written, before the load reads it back."""

    def arrange(statement: str) -> None:
        fill, write = building._fill, loading._write

        def fill_and_mutate(built: Path, runs: list[Staged], **options: Any) -> None:
            fill(built, runs, **options)
            with ladybug.Database(built) as database, ladybug.Connection(database, num_threads=1) as connection:
                connection.execute(statement)
                connection.execute("CHECKPOINT")

        def write_and_mutate(server: Server, *arguments: Any) -> None:
            write(server, *arguments)
            server.write(statement, {}, label="mutation")

        monkeypatch.setattr(building, "_fill", fill_and_mutate)
        monkeypatch.setattr(loading, "_write", write_and_mutate)

    return arrange


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_difference_between_store_and_run_fails_the_load_and_removes_it(
    store: Store, small_run: Run, other_run: Run, mutation: str, mutate_before_verification: Callable[[str], None]
) -> None:
    store.load(other_run)
    statement, said = MUTATIONS[mutation]
    mutate_before_verification(statement)
    with pytest.raises(SummitError, match=said):
        store.load(small_run)
    assert run_states(store) == {"other": "ready"}
    assert_holds(store, other_run)


def test_a_store_that_is_open_sees_what_another_one_loads(
    store: Store, place: str, small_run: Run, other_run: Run
) -> None:
    store.load(small_run)
    assert run_states(store) == {"small": "ready"}
    with closing(open_store(place)) as loader:
        loader.load(other_run)
    assert run_states(store) == {"small": "ready", "other": "ready"}
    assert_holds(store, other_run)
