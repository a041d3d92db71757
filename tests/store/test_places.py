"""Places that are no store of ours: one clear line each, and nothing is written there."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import ladybug
import pytest
from neo4j import GraphDatabase

from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.services.neo4j_server import Neo4jServer
from tests.services.ports import free_port
from tests.store.stored import run_states


def test_a_path_without_a_store_says_how_to_load_one(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="summit-graph load RUN --db"):
        open_store(str(tmp_path / "nothing.lbug"))
    assert list(tmp_path.iterdir()) == []


def test_the_setting_names_the_store_where_no_url_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_DB", str(tmp_path / "set.lbug"))
    with pytest.raises(StoreUnavailable, match=r"set\.lbug"):
        open_store()


def test_a_path_that_is_no_database_is_refused_and_stays_as_it_is(tmp_path: Path, small_run: Run) -> None:
    contents = {"text": b"hello " * 2000, "short": b"x", "empty": b"", "zeros": bytes(8192)}
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(StoreUnavailable, match=name) as refused:
            open_store(str(path))
        assert "\n" not in str(refused.value)
        with pytest.raises(StoreUnavailable):
            with closing(open_store(str(path), must_exist=False)) as store:
                store.load(small_run)
        assert path.read_bytes() == content
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(contents)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="directory"):
        open_store(str(tmp_path))


def test_a_truncated_store_is_refused(tmp_path: Path, small_run: Run) -> None:
    path = tmp_path / "graph.lbug"
    with closing(open_store(str(path), must_exist=False)) as store:
        store.load(small_run)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SummitError) as refused:
        with closing(open_store(str(path))) as store:
            run_states(store)
    assert "\n" not in str(refused.value)


def test_somebody_elses_embedded_database_is_refused_and_stays_as_it_is(tmp_path: Path, small_run: Run) -> None:
    path = tmp_path / "other.lbug"
    with ladybug.Database(path) as database, ladybug.Connection(database, num_threads=1) as connection:
        connection.execute("CREATE NODE TABLE Person(name STRING PRIMARY KEY)")
        connection.execute("CHECKPOINT")
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable, match="without our tables"):
        open_store(str(path), must_exist=False)
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, small_run: Run) -> None:
    with closing(open_store(str(tmp_path / "no" / "graph.lbug"), must_exist=False)) as store:
        with pytest.raises(StoreUnavailable, match="No such file or directory"):
            store.load(small_run)


@pytest.mark.parametrize("url", ["http://127.0.0.1:7474", "postgres://x", "neo4j+x://y", "bolt://"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SummitError) as refused:
        open_store(url)
    assert "\n" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said_so_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_NEO4J_CONNECT_TIMEOUT_MS", "500")
    with pytest.raises(StoreUnavailable, match="does not answer") as refused:
        open_store(f"bolt://127.0.0.1:{free_port()}")
    assert "\n" not in str(refused.value)


def test_a_wrong_password_is_said_so(neo4j_place: Neo4jServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "wrong")
    with pytest.raises(StoreUnavailable, match="NEO4J_PASSWORD"):
        open_store(neo4j_place.url)


def test_a_database_that_the_server_has_not_is_named(neo4j_place: Neo4jServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_DATABASE", "elsewhere")
    with pytest.raises(StoreUnavailable, match="elsewhere"):
        open_store(neo4j_place.url)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (:Layer {name: 'somebody else''s'})".replace("''", ""),
        "CREATE (:Class {run: 'their run', id: 'x'})",
        "CREATE (:Run {id: 'marathon'})",
        "CREATE (:Person:Image {path: 'x'})",
    ],
)
def test_other_peoples_nodes_under_our_labels_are_left_alone(
    neo4j_place: Neo4jServer, small_run: Run, statement: str
) -> None:
    with GraphDatabase.driver(neo4j_place.url, auth=(neo4j_place.user, neo4j_place.password)) as driver:
        driver.execute_query(statement, database_=neo4j_place.database)
        with closing(open_store(neo4j_place.url)) as store:
            with pytest.raises(StoreUnavailable, match="not of summit-graph"):
                store.load(small_run)
        records = driver.execute_query("MATCH (n) RETURN count(n) AS n", database_=neo4j_place.database).records
        assert records[0]["n"] == 1


def test_other_peoples_other_labels_do_not_matter(neo4j_place: Neo4jServer, small_run: Run) -> None:
    with GraphDatabase.driver(neo4j_place.url, auth=(neo4j_place.user, neo4j_place.password)) as driver:
        driver.execute_query("CREATE (:Person {name: 'Ada'})", database_=neo4j_place.database)
        with closing(open_store(neo4j_place.url)) as store:
            store.load(small_run)
            store.delete_run("small")
        records = driver.execute_query("MATCH (n) RETURN labels(n) AS l", database_=neo4j_place.database).records
        assert [record["l"] for record in records] == [["Person"]]
