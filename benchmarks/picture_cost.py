"""What drawing examples costs an ingest, and what their copy next to a store takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ingest_cost import CLASSES, IMAGE_PX, generate_images
from benchmarks.ratio import Ratio, milliseconds
from ingest.pipeline import ingest
from summit_graph.pictures import PICTURES, Shelf, index_folder
from summit_graph.run import Parameters

MODEL = "googlenet"
IMAGES_PER_CLASS = 256
"""Strips over all classes are as many for few images as for many: the more images, the smaller their share."""


def ratios() -> Iterator[Ratio]:
    """An ingest's pictures against all else that it does; their copy against reading and hashing them."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        images, classes = generate_images(Path(folder), per_class=IMAGES_PER_CLASS)
        run = Path(folder) / "run"
        parameters = Parameters(model=MODEL, weights="none", resize=IMAGE_PX, crop=224)
        summary = ingest(parameters, images, run, classes=classes)
        pictures_s = summary.seconds["pictures"] + summary.beside["pictures"]
        # What is done beside the counting takes its cores all the same.
        strips = len(index_folder(run / PICTURES))
        yield Ratio(
            f"{MODEL}, {CLASSES * IMAGES_PER_CLASS} images: {strips:,} strips of examples",
            "the rest of the ingest after preparation",
            pictures_s * 1000,
            (summary.seconds["total"] - summary.seconds["preparing"] - summary.seconds["pictures"]) * 1000,
        )
        indexed_ms = milliseconds(lambda: index_folder(run / PICTURES))
        copied_ms = milliseconds(lambda: Shelf(Path(folder) / "shelf").put("run", run))
        yield Ratio(
            f"{strips:,} strips: checked and copied next to a store", "reading and hashing", copied_ms, indexed_ms
        )
