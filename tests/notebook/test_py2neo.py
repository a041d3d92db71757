"""The catalogue through a `py2neo.Graph` on a real Neo4j server: the rows of the driver, as DataFrames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import summit_graph
from summit_graph.errors import InvalidParameter, NotFound, StoreUnavailable, SummitError
from summit_graph.graph import Graph
from summit_graph.notebook import NotebookCatalogue, catalogue
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.services.neo4j_server import Neo4jServer

py2neo = pytest.importorskip("py2neo", reason="py2neo is not installed: pip install 'summit-graph[notebook]'")


@pytest.fixture(scope="module")
def server(neo4j_empty: Neo4jServer, small_run: Run) -> Iterator[Neo4jServer]:
    """A Neo4j server with the generated run, whatever is in it."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in neo4j_empty.environment.items():
            environment.setenv(name, value)
        store = open_store(neo4j_empty.url, must_exist=False)
        store.load(small_run, scope="all")
        store.close()
        yield neo4j_empty


@pytest.fixture(scope="module")
def through_py2neo(server: Neo4jServer) -> Iterator[NotebookCatalogue]:
    """The catalogue as a researcher with py2neo has it."""
    graph = py2neo.Graph(server.url, auth=(server.user, server.password), name=server.database)
    yield catalogue(graph)
    graph.service.connector.close()


@pytest.fixture(scope="module")
def through_driver(server: Neo4jServer) -> Iterator[Graph]:
    """The same graph through our own driver."""
    with summit_graph.connect(server.url) as graph:
        yield graph


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("runs", {}),
    ("layers", {}),
    ("classes", {"sort": "accuracy"}),
    ("class_neurons", {"class_": "tench", "scope": "all"}),
    ("class_edges", {"class_": 4}),
    ("class_layers", {"class_": 9}),
    ("shared_neurons", {"class_a": "tench", "class_b": 4, "layer": "head"}),
    ("neuron_classes", {"neuron": "head/1"}),
    ("neuron_inputs", {"class_": 0, "neuron": "head/0", "scope": "all"}),
    ("meeting", {"class_a": 0, "class_b": 4, "scope": "all"}),
]


@pytest.mark.parametrize(("name", "parameters"), ASKED, ids=[name for name, _ in ASKED])
def test_a_frame_holds_the_driver_s_rows(
    through_py2neo: NotebookCatalogue, through_driver: Graph, name: str, parameters: dict[str, Any]
) -> None:
    frame = through_py2neo.query(name, **parameters)
    assert frame.equals(through_driver.query(name, **parameters).to_pandas())
    assert len(frame) > 0 or name == "class_layers"


def test_a_class_s_graph_is_the_same(through_py2neo: NotebookCatalogue, through_driver: Graph) -> None:
    assert through_py2neo.class_graph("brown bear") == through_driver.class_graph("brown bear")


def test_a_frame_is_cut_at_its_limit(through_py2neo: NotebookCatalogue) -> None:
    assert len(through_py2neo.query("class_edges", class_=4, scope="all", limit=3)) == 3


def test_the_catalogue_is_a_frame_too(through_py2neo: NotebookCatalogue, through_driver: Graph) -> None:
    assert tuple(through_py2neo.queries()["query"]) == through_driver.catalogue.names


def test_what_is_wrong_is_said_as_everywhere(through_py2neo: NotebookCatalogue) -> None:
    with pytest.raises(NotFound, match="the nearest is tench"):
        through_py2neo.query("class_edges", class_="tnch")
    with pytest.raises(InvalidParameter, match="did you mean class_a"):
        through_py2neo.query("shared_neurons", clas_a=1)
    with pytest.raises(SummitError):
        through_py2neo.cypher("MATCH (n:Neuron RETURN n")


def test_nothing_can_be_written(through_py2neo: NotebookCatalogue, through_driver: Graph) -> None:
    count = "MATCH (c:Class) RETURN count(c) AS classes"
    before = through_driver.cypher(count).rows
    with pytest.raises(SummitError):
        through_py2neo.cypher("CREATE (c:Class {id: 'mine'}) RETURN c.id AS id")
    assert through_py2neo.cypher(count)["classes"].tolist() == [before[0]["classes"]]
    for write in (through_py2neo.graph.store.load, through_py2neo.graph.store.delete_run):
        with pytest.raises(SummitError, match="a py2neo graph is only read"):
            write("small")  # type: ignore[arg-type]


def test_a_text_that_does_more_than_read_is_not_sent() -> None:
    class Unasked:
        def query(self, cypher: str, parameters: object = None) -> object:
            raise AssertionError(f"sent: {cypher}")

    for text in ("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line", "CALL db.labels()"):
        with pytest.raises(SummitError, match="only reads"):
            catalogue(Unasked()).cypher(text)
    with pytest.raises(InvalidParameter, match=r"uses \$id, which was not given"):
        catalogue(Unasked()).cypher("MATCH (c:Class {id: $id}) RETURN c.name AS name")


def test_a_server_that_has_gone_is_said(through_py2neo: NotebookCatalogue) -> None:
    class Gone:
        def query(self, cypher: str, parameters: object = None) -> object:
            raise OSError("connection refused")

    with pytest.raises(StoreUnavailable, match="does not answer: connection refused"):
        catalogue(Gone()).query("layers")


def test_a_graph_of_ours_is_taken_as_it_is(through_driver: Graph) -> None:
    assert catalogue(through_driver).graph is through_driver
