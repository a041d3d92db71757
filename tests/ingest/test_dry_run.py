"""What a dry run says that an ingest will take, against what ingests took."""

from __future__ import annotations

from pathlib import Path

from ingest.dry_run import rehearse
from ingest.pipeline import ingest
from summit_graph.run import Parameters, Run
from tests.ingest.pictures import write_folders
from tests.ingest.tiny_model import MODEL
from tests.resnet_run import FACTORY, IMAGES_PER_CLASS, MEAN, STD, cifar_files, resnet_run

__all__ = ["cifar_files", "resnet_run"]

FACTOR = 3
"""The estimate of disk space is an upper bound, and at most so many times what is written."""


def _size_mb(directory: Path) -> float:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 1e6


def test_the_disk_of_a_trained_models_run_is_estimated_from_two_batches(cifar_files: Path, resnet_run: Run) -> None:
    parameters = Parameters(
        model=f"{FACTORY}:resnet20",
        weights=str(cifar_files / "resnet20.th"),
        mean=MEAN,
        std=STD,
        limit=IMAGES_PER_CLASS,
        accept_labels=True,
    )
    estimate = rehearse(parameters, cifar_files / "test.zip")
    written = _size_mb(resnet_run.directory)
    assert 0.9 * written < estimate.disk_mb < FACTOR * written, (estimate.disk_mb, written)


def test_the_disk_of_a_small_run_is_estimated(tmp_path: Path) -> None:
    (tmp_path / "tiny_model.py").write_text(MODEL)
    images = write_folders(tmp_path / "images", {"ant": 40, "bee": 40, "cat": 40})
    parameters = Parameters(
        model=f"{tmp_path / 'tiny_model.py'}:tiny",
        layers=("first", "second", "third"),
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        accept_labels=True,
        batch_size=8,
    )
    estimate = rehearse(parameters, images)
    ingest(parameters, images, tmp_path / "run")
    written = _size_mb(tmp_path / "run")
    # Files this small are mostly headers, and those of the whole run are not estimated.
    assert written / FACTOR < estimate.disk_mb < FACTOR * written, (estimate.disk_mb, written)
