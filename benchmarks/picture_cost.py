"""What drawing examples costs an ingest, what their copy next to a store takes, and how fast neurons are visualized."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.ingest_cost import CLASSES, IMAGE_PX, generate_images
from benchmarks.ratio import Ratio, milliseconds
from ingest.models import load_model
from ingest.pictures.input_space import InputSpace
from ingest.pictures.maximization import LayerAt, Maximization, output_of
from ingest.pictures.visualize import most_together
from ingest.pipeline import ingest
from ingest.preparation import choose_device
from summit_graph.pictures import PICTURES, Shelf, index_folder
from summit_graph.run import Parameters

MODEL = "googlenet"
IMAGES_PER_CLASS = 256
"""Strips over all classes are as many for few images as for many: the more images, the smaller their share."""
SHARE_AT_MOST = 0.05
PASS_ROUNDS = 2


def ratios() -> Iterator[Ratio]:
    """Examples' strips, and their copy; visualizations."""
    yield from strip_ratios()
    for sitter in SITTERS:
        yield visualization_ratio(sitter)


def strip_ratios() -> Iterator[Ratio]:
    """An ingest's pictures against all else that it does; their copy against reading and hashing them."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        images, classes = generate_images(Path(folder), per_class=IMAGES_PER_CLASS)
        run = Path(folder) / "run"
        parameters = Parameters(model=MODEL, weights="none", resize=IMAGE_PX, crop=224)
        summary = ingest(parameters, images, run, classes=classes)
        # What is done beside the counting takes its cores all the same.
        pictures_s = summary.seconds["pictures"] + summary.beside["pictures"]
        rest_s = summary.seconds["total"] - summary.seconds["preparing"] - summary.seconds["pictures"]
        strips, images_drawn_of = len(index_folder(run / PICTURES)), CLASSES * IMAGES_PER_CLASS
        # As if none of it grew with the images; the rest does.
        enough = pictures_s / rest_s / SHARE_AT_MOST * images_drawn_of
        yield Ratio(
            f"{MODEL}, {images_drawn_of} images: {strips:,} strips of examples; "
            f"{SHARE_AT_MOST} from {enough:,.0f} images in as many classes on",
            "the rest of the ingest after preparation",
            pictures_s * 1000,
            rest_s * 1000,
        )
        indexed_ms = milliseconds(lambda: index_folder(run / PICTURES))
        copied_ms = milliseconds(lambda: Shelf(Path(folder) / "shelf").put("run", run))
        yield Ratio(
            f"{strips:,} strips: checked and copied next to a store", "reading and hashing", copied_ms, indexed_ms
        )


@dataclass(frozen=True)
class Sitter:
    """A model of which neurons are visualized, with random weights, and how many steps are enough to measure it."""

    model: str
    side_px: int
    layer: str
    steps: int


SITTERS = (
    Sitter(f"{Path(__file__).parents[1] / 'tests' / 'models' / 'resnet20.py'}:resnet20", 32, "layer3.1", 32),
    Sitter("googlenet", 224, "inception4d", 8),
)


def visualization_ratio(sitter: Sitter) -> Ratio:
    """A batch of neurons as `summit-graph visualize` optimizes them, against the model's bare passes to the layer."""
    device, size = choose_device("auto"), (3, sitter.side_px, sitter.side_px)
    model = load_model(sitter.model).module.to(device)
    layer, channels = LayerAt(sitter.layer, 1), list(range(most_together(size, device)))
    space = InputSpace(size, torch.ones(3, 1, 1), torch.zeros(3, 1, 1))

    def draw() -> None:
        Maximization(steps=sitter.steps).run(model, layer, channels, channels, space, device=device)

    def passes() -> None:
        for _ in range(sitter.steps):
            pixels = torch.full((len(channels), *size), 0.5, device=device, requires_grad=True)  # (N, C, H, W)
            with torch.enable_grad():
                output_of(model, layer, pixels).mean().backward()

    draw()
    drawn_ms = min(milliseconds(draw) for _ in range(PASS_ROUNDS))
    minutes = drawn_ms / 60_000 * Maximization.steps / sitter.steps
    name = Path(sitter.model).stem
    return Ratio(
        f"{name}, {sitter.layer} on {device.type}: {len(channels) / minutes:,.1f} neurons visualized a minute",
        f"{sitter.steps} bare passes to the layer and back",
        drawn_ms,
        min(milliseconds(passes) for _ in range(PASS_ROUNDS)),
    )
