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
LARGEST_LAYER = 1_024
"""Channels of GoogLeNet's last inception module: the embedding works on one layer's counts of all classes."""

Growth = dict[str, float]
"""Part of the ingest -> by how many MB its peak was above what the process held after its first batch."""


def growth_mb(out: Path, classes: int, images_per_class: int) -> Growth:
    """Of an ingest in a process of its own; see `tests.ingest.measured_ingest`."""
    program = [sys.executable, "-m", "tests.ingest.measured_ingest", str(out), str(classes), str(images_per_class)]
    done = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: Growth = json.loads(done.stdout)
    return found


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize(
    ("few", "many"), [((1, 500), (1, 5000)), ((10, 1), (1000, 1))], ids=["images of a class", "classes"]
)
def test_memory_does_not_grow_with(
    few: tuple[int, int], many: tuple[int, int], tmp_path: Path, evidence: Section
) -> None:
    small, large = growth_mb(tmp_path / "few", *few), growth_mb(tmp_path / "many", *many)
    for (classes, images), growth in ((few, small), (many, large)):
        parts = {"counting and writing the classes": "classes", "embedding them": "embedding", "the end": "end"}
        shown = ", ".join(f"{name} {growth[part]:.0f} MB" for name, part in parts.items())
        evidence.record(TOPIC, f"{classes:,} classes of {images:,} images", shown)
    print(few, small, many, large)
    assert large["classes"] <= 1.05 * small["classes"]
    # UMAP and its compiler are loaded when there are classes enough, and hold one layer of all classes a few times.
    layers_mb = 4 * many[0] * LARGEST_LAYER * 8 / 2**20
    for part in ("embedding", "end"):
        assert large[part] <= 1.05 * small[part] + layers_mb, part
