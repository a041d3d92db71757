"""What a dry run says that an ingest will take, against what ingests took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.dry_run import rehearse
from ingest.pipeline import ingest
from summit_graph.run import Parameters, Run
from tests.ingest.pictures import write_folders
from tests.ingest.tiny_model import MODEL
from tests.kept_run import PROJECT
from tests.resnet_run import FACTORY, IMAGES_PER_CLASS, MEAN, STD, cifar_files, resnet_run
from tests.services.evidence import Section

__all__ = ["cifar_files", "resnet_run"]

FACTOR = 3
"""The estimates of time and disk space are at most so many times what an ingest takes; that of memory is as near."""
RESNET_20 = ["{factory}:resnet20", "{files}/test.zip", "--weights", "{files}/resnet20.th", "--limit", "200"]
RESNET_18 = ["resnet18", "{files}/test.zip", "--model-arg", "num_classes=10", "--resize", "64", "--crop", "64"]
RESNET_18 += ["--weights", "none", "--limit", "40"]


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


def _measured(words: Sequence[str]) -> tuple[dict[str, Any], float]:
    """What `summit-graph ingest WORDS` prints, and the largest resident size of its process in MB."""
    program = [sys.executable, "-m", "summit_graph", "ingest", *words, "--quiet"]
    with subprocess.Popen(program, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return json.loads(printed), used.ru_maxrss / 1000


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the size of a process is counted in Linux's units")
@pytest.mark.parametrize(("model", "words"), [("ResNet-20", RESNET_20), ("ResNet-18, 64 x 64", RESNET_18)])
def test_hours_memory_and_disk_are_estimated_within_a_factor(
    cifar_files: Path, tmp_path: Path, evidence: Section, model: str, words: list[str]
) -> None:
    given = [word.format(factory=FACTORY, files=cifar_files) for word in words]
    given += ["--mean", ",".join(map(str, MEAN)), "--std", ",".join(map(str, STD)), "--accept-labels"]
    estimate, _ = _measured([*given, "--dry-run"])
    report, memory_mb = _measured([*given, "--out", str(tmp_path / "run")])
    written_mb, held = _size_mb(tmp_path / "run"), []
    for what, estimated, taken, unit in (
        ("time", estimate["hours"] * 3600, report["seconds"]["total"], "s"),
        ("memory", estimate["memory_mb"], memory_mb, "MB"),
        ("disk", estimate["disk_mb"], written_mb, "MB"),
    ):
        said = f"{estimated:,.0f} {unit} estimated, {taken:,.0f} {unit} taken"
        evidence.record(f"Dry runs ({report['images']:,} images of CIFAR-10)", f"{model}: {what}", said)
        held.append(taken / FACTOR < estimated < FACTOR * taken)
    assert all(held), evidence.topics
