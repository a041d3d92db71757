"""What it takes to bring many neurons' pictures next to a store."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from summit_graph.loading import load_run
from summit_graph.pictures import PICTURES, Shelf, examples_path
from summit_graph.pictures.strips import Patch, strip
from tests.runs import make_run
from tests.services.evidence import Section

LAYERS = {f"layer{number}": 500 for number in range(10)}
PATCHES, SIDE_PX = 10, 112
"""A strip as large as they get: those of GoogLeNet's upper layers on images of 224 pixels."""
STRIPS = 50
"""That differ; each neuron has one of them."""
SECONDS_AT_MOST = 10


@pytest.mark.long
def test_the_strips_of_5_000_neurons_come_beside_the_store_in_ten_seconds(tmp_path: Path, evidence: Section) -> None:
    run = make_run(tmp_path / "run", classes=["a"], layers=LAYERS, edge_share=0.0001, examples=False)
    load_run(run, str(tmp_path / "g.lbug"))
    generator = np.random.default_rng(0)
    contents = []
    for _ in range(STRIPS):
        coarse = generator.integers(0, 256, (PATCHES, 14, 14, 3), dtype=np.uint8)
        images = [Image.fromarray(one).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC) for one in coarse]
        contents.append(strip([Patch(image) for image in images], SIDE_PX))
    for layer, channels in LAYERS.items():
        for channel in range(channels):
            path = run.directory / PICTURES / examples_path(layer, channel)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[channel % STRIPS])
    started = time.monotonic()
    load_run(run, str(tmp_path / "g.lbug"))
    seconds = time.monotonic() - started
    there = Shelf(tmp_path / "g.lbug.pictures").pictures("small").pictures
    assert len(there) == 5000
    megabytes = sum(picture.size for picture in there) / 1e6
    evidence.record(
        "Pictures beside a store", f"strips of 5,000 neurons ({megabytes:.0f} MB), loaded", f"{seconds:.1f} s"
    )
    assert seconds <= SECONDS_AT_MOST
