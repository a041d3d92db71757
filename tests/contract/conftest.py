"""Fixtures of the contract: the runs, made once a session, and a store of either engine that holds them all."""

from collections.abc import Iterator, Mapping

import pytest

from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.contract.runs import SCOPES, oracles, runs
from tests.demo_run import demo_run
from tests.published import published_files, published_run
from tests.resnet_run import cifar_files, resnet_run
from tests.runs import countless_run, small_run
from tests.services.neo4j_server import Neo4jServer

__all__ = [
    "cifar_files",
    "countless_run",
    "demo_run",
    "oracles",
    "published_files",
    "published_run",
    "resnet_run",
    "runs",
    "small_run",
]


@pytest.fixture(scope="package", params=["ladybug", "neo4j"])
def database(
    request: pytest.FixtureRequest, runs: Mapping[str, Run], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where a store of either engine is that holds all runs side by side; a server's password is in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "ladybug":
            url = str(tmp_path_factory.mktemp("contract") / "graph.lbug")
        else:
            server: Neo4jServer = request.getfixturevalue("neo4j_server")
            server.empty()
            for name, value in server.environment.items():
                patch.setenv(name, value)
            url = server.url
        opened = open_store(url, must_exist=False)
        for name, run in runs.items():
            opened.load(run, scope=SCOPES[name])
        opened.close()
        yield url


@pytest.fixture(scope="package")
def store(database: str) -> Iterator[Store]:
    """The store, open."""
    opened = open_store(database)
    yield opened
    opened.close()
