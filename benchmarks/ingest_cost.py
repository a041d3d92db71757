"""What ingesting costs beside the model's bare forward pass on the same images."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.ratio import Ratio, milliseconds
from ingest.images.batches import Skipped
from ingest.pipeline import ingest
from ingest.preparation import Preparation, prepare
from summit_graph.run import Parameters

MODELS = ("googlenet", "resnet18")
CLASSES = 2
IMAGES_PER_CLASS = 16
IMAGE_PX = 256
ROUNDS = 2


def ratios() -> Iterator[Ratio]:
    """For each model: counting alone, and the whole ingest but for its preparation, against the forward pass."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        images, classes = generate_images(Path(folder))
        for model in MODELS:
            yield from model_ratios(model, images, classes, Path(folder) / f"run-{model}")


def generate_images(folder: Path) -> tuple[Path, Path]:
    """JPEGs of smooth noise in one folder per class, and the CSV that numbers the classes."""
    generator = np.random.default_rng(0)
    images = folder / "images"
    for number in range(CLASSES):
        (images / f"class-{number}").mkdir(parents=True)
        for index in range(IMAGES_PER_CLASS):
            coarse = generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BICUBIC)
            picture.save(images / f"class-{number}" / f"{index:03d}.jpg")
    classes = folder / "classes.csv"
    with classes.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("folder", "number", "name"))
        rows.writerows((f"class-{number}", number, f"class {number}") for number in range(CLASSES))
    return images, classes


def model_ratios(model: str, images: Path, classes: Path, out: Path) -> Iterator[Ratio]:
    """The two ratios of one model."""
    parameters = Parameters(model=model, weights="none", resize=IMAGE_PX, crop=224, batch_size=16)
    preparation = prepare(parameters, images, classes=classes)
    batches = decoded(preparation)
    counter = preparation.counter()
    module = preparation.model.module

    def forward() -> None:
        with torch.inference_mode():
            for batch in batches:
                module(batch)

    def count() -> None:
        for batch in batches:
            counter.add(batch)
        counter.take()

    counter.add(batches[0])  # the first batch prepares what the later ones use
    counter.take()
    forward()
    pairs = [(milliseconds(count), milliseconds(forward)) for _ in range(ROUNDS)]
    count_ms, forward_ms = (sum(times) / ROUNDS for times in zip(*pairs, strict=True))
    yardstick = f"{model}: bare forward pass"
    yield Ratio(f"{model}: forward, activations, influences", yardstick, count_ms, forward_ms)
    seconds = ingest(parameters, images, out, classes=classes).seconds
    whole_ms = (seconds["total"] - seconds["preparing"]) * 1000
    yield Ratio(
        f"{model}: whole ingest after preparation", yardstick, whole_ms, (forward_ms + milliseconds(forward)) / 2
    )


def decoded(preparation: Preparation) -> list[torch.Tensor]:
    """Every image, as the batches that an ingest would count."""
    skipped = Skipped(preparation.images, preparation.parameters.max_bad)
    with preparation.loader() as loader:
        images = [entry.images for _, entry in preparation.classes]
        return [batch.pixels for one in images for batch in loader.batches(one, skipped, [])]
