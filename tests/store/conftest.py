"""Places for graph stores, one an engine: an empty one for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.runs import countless_run, make_run, small_run
from tests.services.neo4j_server import Neo4jServer

__all__ = ["countless_run", "small_run"]


@pytest.fixture(params=["ladybug", "neo4j"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URL at which there is nothing yet, on each engine."""
    if request.param == "ladybug":
        return str(tmp_path / "graph's store.lbug")
    server: Neo4jServer = request.getfixturevalue("neo4j_place")
    return server.url


@pytest.fixture
def neo4j_place(neo4j_server: Neo4jServer, monkeypatch: pytest.MonkeyPatch) -> Neo4jServer:
    """The session's server without nodes, and the environment that opens it."""
    for name, value in neo4j_server.environment.items():
        monkeypatch.setenv(name, value)
    # A load that was killed keeps others waiting for so long.
    monkeypatch.setenv("SUMMIT_LEASE_MS", "1500")
    neo4j_server.delete_nodes()
    return neo4j_server


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    """An empty store, on each engine."""
    with closing(open_store(place, must_exist=False)) as opened:
        yield opened


@pytest.fixture(scope="session")
def other_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of another name than `small_run`."""
    return make_run(tmp_path_factory.mktemp("runs") / "other", run="other", seed=5, classes=["cat", "dog"])


@pytest.fixture(scope="session")
def same_name_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Another run of the name of `small_run`."""
    return make_run(tmp_path_factory.mktemp("runs") / "same name", seed=6)
