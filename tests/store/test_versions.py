"""What was looked up before is used without asking again, and never for longer than the store's runs stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from summit_graph.errors import NotFound, QueryRefused, StoreChanged
from summit_graph.pinned import PinnedStore
from summit_graph.queries import class_graph, packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.neo4j.lease import Lease
from summit_graph.store.neo4j.store import Neo4jStore
from summit_graph.store.neo4j.version import can_be_held
from tests.runs import make_run
from tests.services.neo4j_server import Neo4jServer

COUNT = "MATCH (c:Class) RETURN count(*) AS classes"
EVERY_NAME = "MATCH (c:Class) WITH c.number AS class, c.name AS name RETURN *"


@pytest.fixture
def loader(place: str, small_run: Run) -> Iterator[Store]:
    """Another process's store at the same place, which holds one run."""
    with closing(open_store(place, must_exist=False)) as opened:
        opened.load(small_run)
        yield opened


@pytest.fixture
def reader(loader: Store, place: str) -> Iterator[Store]:
    with closing(open_store(place)) as opened:
        yield opened


def changes(other_run: Run, same_name_run: Run) -> dict[str, Callable[[Store], object]]:
    return {
        "another run": lambda store: store.load(other_run),
        "a replaced run": lambda store: store.load(same_name_run, replace=True),
        "a deleted run": lambda store: store.delete_run("small"),
    }


@pytest.mark.parametrize("change", ["another run", "a replaced run", "a deleted run"])
@pytest.mark.parametrize("text", [COUNT, EVERY_NAME])
def test_a_read_is_held_to_its_version(
    loader: Store, reader: Store, other_run: Run, same_name_run: Run, change: str, text: str
) -> None:
    version = reader.version()
    assert reader.last_version() == version
    held = reader.read(text, {}, version=version)
    assert held == reader.read(text, {})
    pinned = PinnedStore(reader, version)
    with pinned.stream(text, {}) as found:
        assert [row for batch in found.batches for row in batch] == held.rows

    changes(other_run, same_name_run)[change](loader)
    with pytest.raises(StoreChanged, match="ask again"):
        reader.read(text, {}, version=version)
    with pytest.raises(StoreChanged), pinned.stream(text, {}):
        pass
    assert reader.last_version() == reader.version() != version
    assert reader.read(text, {}, version=reader.version()) == reader.read(text, {})


def test_a_text_that_fails_by_itself_is_told_as_ever(reader: Store) -> None:
    with pytest.raises(QueryRefused, match="zero"):
        reader.read("MATCH (c:Class) RETURN 1 / (c.number - c.number) AS x", {}, version=reader.version())


def classes_of(store: Store, **values: object) -> list[str]:
    return [row["name"] for row in run_query(store, packaged_catalogue().get("classes"), values).rows]


def test_names_follow_what_others_load_and_delete(
    loader: Store, reader: Store, small_run: Run, other_run: Run, tmp_path: Path
) -> None:
    before = classes_of(reader)
    with pytest.raises(NotFound):
        classes_of(reader, run="other")
    with pytest.raises(NotFound):
        class_graph(reader, "walrus")
    loader.load(other_run)
    assert classes_of(reader, run="other") == ["cat", "dog", "never seen"]
    assert classes_of(reader, run="small") == before

    walrus = make_run(tmp_path / "walrus", run="small", classes=["walrus", "dog"], created="2027-01-01T00:00:00Z")
    loader.load(walrus, replace=True)
    assert class_graph(reader, "walrus", "small").of_class.number == 0
    # And the newest run is another one now.
    assert classes_of(reader) == ["walrus", "dog", "never seen"]

    loader.delete_run("small")
    assert classes_of(reader) == ["cat", "dog", "never seen"]
    with pytest.raises(NotFound):
        class_graph(reader, "walrus", "small")
    loader.load(small_run)
    assert classes_of(reader, run="small") == before


@pytest.fixture
def server(neo4j_place: Neo4jServer, small_run: Run) -> Iterator[Neo4jStore]:
    with closing(Neo4jStore(neo4j_place.url)) as opened:
        opened.load(small_run)
        yield opened


def test_a_question_is_one_round_trip_to_a_server(server: Neo4jStore, monkeypatch: pytest.MonkeyPatch) -> None:
    query = packaged_catalogue().get("class_edges")
    run_query(server, query, {"class": 0})
    asked: list[str] = []
    read = server._server.read

    def counted(text: str, *arguments: object, **tags: object) -> object:
        asked.append(str(tags["label"]))
        return read(text, *arguments, **tags)  # type: ignore[arg-type]

    monkeypatch.setattr(server._server, "read", counted)
    run_query(server, query, {"class": 1})
    assert asked == ["class_edges"]
    class_graph(server, 1)
    assert sorted(asked) == ["class_edges", "class_edges", "class_layers", "class_neurons"]


def test_while_a_run_is_loaded_a_read_is_held_to_its_version_to_the_end(
    server: Neo4jStore, neo4j_place: Neo4jServer
) -> None:
    loader = Neo4jStore(neo4j_place.url)
    with closing(loader), Lease(loader._server, "small"):
        version = server.version()
        assert server.read(COUNT, {}, version=version).rows[0][0] > 0

        def replaced_meanwhile(text: str, *arguments: object, **tags: object) -> object:
            found: object = read(text, *arguments, **tags)  # type: ignore[arg-type]
            if tags["label"] == "held":
                loader._server.write("MATCH (r:Run) SET r.digest = 'other'", {}, label="test")
            return found

        with pytest.MonkeyPatch.context() as patch:
            read = server._server.read
            patch.setattr(server._server, "read", replaced_meanwhile)
            with pytest.raises(StoreChanged):
                server.read(COUNT, {}, version=version, label="held")


@pytest.mark.parametrize("text", ["MATCH (n) RETURN count(*) AS n", "MATCH (n) WITH n.x * 2 AS y RETURN y", COUNT])
def test_a_text_that_names_what_it_returns_can_be_held(text: str) -> None:
    assert can_be_held(text)


@pytest.mark.parametrize(
    "text", ["MATCH (n) RETURN *", "MATCH (n) RETURN DISTINCT *", "MATCH (n) WITH *, 1 AS x RETURN x"]
)
def test_one_that_takes_every_name_cannot(text: str) -> None:
    assert not can_be_held(text)
