"""What ingesting costs beside the model's bare forward pass on the same images, a model at a time.

The bare pass is the module called batch by batch with all of torch's threads, as a user would; ingest counts as many
batches at once as there are threads.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.ratio import Ratio, milliseconds
from ingest.images.batches import ImageBatch, Skipped
from ingest.lanes import Lanes
from ingest.pipeline import ingest
from ingest.preparation import Preparation, prepare
from summit_graph.run import Parameters

WHOLE = ("googlenet", "resnet18", "mobilenet_v2")
"""Measured in all their parts: inception modules, 3x3 convolutions only, depthwise convolutions."""
FAMILIES = (
    "alexnet", "vgg11_bn", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "inception_v3", "densenet121",
    "squeezenet1_0", "mobilenet_v3_small", "shufflenet_v2_x1_0", "mnasnet0_5", "efficientnet_b0", "efficientnet_v2_s",
    "regnet_x_400mf", "convnext_tiny",
)  # fmt: skip
"""One model of each further family: counting only, in the long tests."""
CLASSES = 2
IMAGES_PER_CLASS = 32
FEW_PER_CLASS = 8
"""For the further families: two batches."""
IMAGE_PX = 256
BATCH = 8
ROUNDS = 2


def ratios() -> Iterator[Ratio]:
    """For each model of WHOLE: activations, all counting, and the whole ingest but for its preparation."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        images, classes = generate_images(Path(folder))
        for model in WHOLE:
            yield from _whole(Bench(model, images, classes), images, classes, Path(folder) / f"run-{model}")


def generate_images(folder: Path, per_class: int = IMAGES_PER_CLASS) -> tuple[Path, Path]:
    """JPEGs of smooth noise in one folder per class, and the CSV that numbers the classes."""
    generator = np.random.default_rng(0)
    images = folder / "images"
    for number in range(CLASSES):
        (images / f"class-{number}").mkdir(parents=True)
        for index in range(per_class):
            coarse = generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BICUBIC)
            picture.save(images / f"class-{number}" / f"{index:03d}.jpg")
    classes = folder / "classes.csv"
    with classes.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("folder", "number", "name"))
        rows.writerows((f"class-{number}", number, f"class {number}") for number in range(CLASSES))
    return images, classes


class Bench:
    """A model with random weights, traced, and its decoded batches."""

    def __init__(self, model: str, images: Path, classes: Path) -> None:
        self.model = model
        self.parameters = Parameters(model=model, weights="none", resize=IMAGE_PX, crop=224, batch_size=BATCH)
        self.preparation = prepare(self.parameters, images, classes=classes)
        self.batches = decoded(self.preparation)
        self._counter = self.preparation.counter()
        self._module = self.preparation.model.module
        self.activation_share = 0.0
        """Of the time that the lanes took in the last `count`, what activations took."""

    def forward(self) -> None:
        """The bare forward pass on every batch."""
        with torch.inference_mode():
            for batch in self.batches:
                self._module(batch.pixels)

    def count(self) -> None:
        """Forward pass, activations and influences on every batch."""
        tally = self._counter.tally()
        with Lanes(self._counter, self.preparation.device) as lanes:
            found = list(lanes.counted(self.batches, tally))
        self._counter.take(tally)
        activation_s = sum(one.counted.activation_seconds for one in found)
        self.activation_share = activation_s / sum(one.seconds for one in found)

    def times(self, rounds: int) -> tuple[float, float]:
        """Shortest milliseconds of `count` and of `forward`, taken in turn after one call each that does not count."""
        self.count()
        self.forward()
        pairs = [(milliseconds(self.count), milliseconds(self.forward)) for _ in range(rounds)]
        return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)

    def counting(self, count_ms: float, forward_ms: float) -> Ratio:
        """All counting against the bare forward pass."""
        return Ratio(f"{self.model}: forward, activations, influences", "bare forward pass", count_ms, forward_ms)


def _whole(bench: Bench, images: Path, classes: Path, out: Path) -> Iterator[Ratio]:
    count_ms, forward_ms = bench.times(ROUNDS)
    activation_ms = count_ms * bench.activation_share
    yield Ratio(f"{bench.model}: activations alone", "bare forward pass", activation_ms, forward_ms)
    yield bench.counting(count_ms, forward_ms)
    decode_ms = milliseconds(lambda: decoded(bench.preparation))
    # Without pictures: strips over all classes are as many for few images as for many (picture_cost has them).
    seconds = ingest(bench.parameters, images, out, classes=classes, pictures=False).seconds
    whole_ms = (seconds["total"] - seconds["preparing"]) * 1000
    yield Ratio(
        f"{bench.model}: whole ingest after preparation",
        "decoding, then the bare forward pass",
        whole_ms,
        decode_ms + min(forward_ms, milliseconds(bench.forward)),
    )


def decoded(preparation: Preparation) -> list[ImageBatch]:
    """Every image, as the batches that an ingest would count."""
    skipped = Skipped(preparation.images, preparation.parameters.max_bad)
    with preparation.loader() as loader:
        return [batch for _, one in preparation.classes for batch in loader.batches(one.images, skipped, [])]
