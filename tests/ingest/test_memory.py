"""An ingest's memory is bounded by one class's tables and a batch, whatever the number of images and classes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kept_run import PROJECT
from tests.services.evidence import Section

TOPIC = "Memory of an ingest (GoogLeNet's tables): growth of RSS above that after the first batch"


def growth_mb(out: Path, classes: int, images_per_class: int) -> float:
    """By how much the peak is above what the process held after its first batch."""
    program = [sys.executable, "-m", "tests.ingest.measured_ingest", str(out), str(classes), str(images_per_class)]
    done = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    growth: float = json.loads(done.stdout)["growth_mb"]
    return growth


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize(
    ("few", "many"), [((1, 500), (1, 5000)), ((10, 2), (1000, 2))], ids=["images of a class", "classes"]
)
def test_memory_does_not_grow_with(
    few: tuple[int, int], many: tuple[int, int], tmp_path: Path, evidence: Section
) -> None:
    small, large = growth_mb(tmp_path / "few", *few), growth_mb(tmp_path / "many", *many)
    for (classes, images), growth in ((few, small), (many, large)):
        evidence.record(TOPIC, f"classes: {classes:,}, images a class: {images:,}", f"{growth:.0f} MB")
    print(few, small, many, large)
    assert large <= 1.05 * small
