"""What this room's tests use from elsewhere, and the generated runs in an embedded store."""

from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import open_store
from tests.published import published_files, published_run
from tests.runs import countless_run, small_run

__all__ = ["countless_run", "published_files", "published_run", "small_run"]


@pytest.fixture(scope="session")
def exported_store(small_run: Run, countless_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store of both generated runs."""
    path = tmp_path_factory.mktemp("exchange") / "graph.lbug"
    store = open_store(str(path), must_exist=False)
    for run in (small_run, countless_run):
        store.load(run, scope="all")
    store.close()
    return path
