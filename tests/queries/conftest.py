"""A small run in an embedded store, for tests of what is above the engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.runs import make_run, small_run

__all__ = ["small_run"]


@pytest.fixture(scope="session")
def store_path(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store: the runs `small` (with everything) and `countless` (shares unknown, the older of the two)."""
    older = make_run(
        tmp_path_factory.mktemp("runs") / "older",
        run="countless",
        seed=1,
        images_per_class=None,
        created="2025-01-01T00:00:00Z",
    )
    path = tmp_path_factory.mktemp("queries") / "graph.lbug"
    opened = open_store(str(path), must_exist=False)
    for run in (small_run, older):
        opened.load(run, scope="all")
    opened.close()
    return path


@pytest.fixture(scope="session")
def store(store_path: Path) -> Iterator[Store]:
    """The store, open."""
    opened = open_store(str(store_path))
    yield opened
    opened.close()
