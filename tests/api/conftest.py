"""A generated run in an embedded store, the application over it, and the real command serving it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.api.clients import client_of
from tests.api.serving import Serving, serving
from tests.published import published_files, published_run
from tests.runs import countless_run, small_run

__all__ = ["countless_run", "published_files", "published_run", "small_run"]


@pytest.fixture(scope="session")
def store_path(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store that holds the generated run."""
    path = tmp_path_factory.mktemp("store") / "small.lbug"
    store = open_store(str(path), must_exist=False)
    try:
        store.load(small_run)
    finally:
        store.close()
    return path


@pytest.fixture(scope="session")
def two_runs_path(store_path: Path, countless_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store with the generated run and an older one, of which only counts are known."""
    path = tmp_path_factory.mktemp("two") / "two.lbug"
    shutil.copyfile(store_path, path)
    store = open_store(str(path))
    try:
        store.load(countless_run)
    finally:
        store.close()
    return path


@pytest.fixture(scope="session")
def empty_store_path(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store whose only run was deleted."""
    path = tmp_path_factory.mktemp("empty") / "empty.lbug"
    shutil.copyfile(store_path, path)
    store = open_store(str(path))
    try:
        store.delete_run("small")
    finally:
        store.close()
    return path


@pytest.fixture(scope="session")
def client(store_path: Path) -> Iterator[TestClient]:
    """The application over that store."""
    with client_of(create_app(str(store_path))) as client:
        yield client


@pytest.fixture(scope="module")
def served(store_path: Path) -> Iterator[Serving]:
    """`summit-graph serve` in a process of its own, on a free port."""
    with serving("--db", str(store_path)) as process:
        yield process
