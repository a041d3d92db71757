"""Fixtures of the room ingest: a real run, and ingests that can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from summit_graph.run import Run
from tests.ingest.pictures import write_folders
from tests.ingest.stopped_ingests import COMMAND, IngestServer
from tests.ingest.tiny_model import MODEL
from tests.resnet_run import cifar_files, resnet_run

__all__ = ["cifar_files", "resnet_run"]


@pytest.fixture(scope="session")
def server() -> Iterator[IngestServer]:
    """One process with everything loaded, from which ingests are forked."""
    with IngestServer() as server:
        yield server


@pytest.fixture
def tiny_place(tmp_path: Path) -> Path:
    """A working directory with a model and images of three classes."""
    return _tiny_place(tmp_path)


@pytest.fixture(scope="session")
def undisturbed(server: IngestServer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of an ingest of such a place that nobody stops."""
    place = _tiny_place(tmp_path_factory.mktemp("undisturbed"))
    done = server.run(COMMAND, place)
    assert done.code == 0, done.errors
    return Run.open(place / "run")


def _tiny_place(folder: Path) -> Path:
    (folder / "tiny_model.py").write_text(MODEL)
    write_folders(folder / "images", {"ant": 5, "bee": 9, "cat": 4})
    return folder
