"""Fixtures of the room ingest: a real run, and ingests that can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.pictures import write_folders
from tests.ingest.stopped_ingests import IngestServer
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
    (tmp_path / "tiny_model.py").write_text(MODEL)
    write_folders(tmp_path / "images", {"ant": 5, "bee": 9, "cat": 4})
    return tmp_path
