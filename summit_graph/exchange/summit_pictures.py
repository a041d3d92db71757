"""A run's pictures under the names by which Summit's page asks for them, as JPEG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from summit_graph.exchange.summit_layers import SummitLayer
from summit_graph.pictures import examples_path, visualization_path

DIVERSE = 4
"""Diverse images of a neuron that the page shows."""
QUALITY = 90
"""Of the JPEG files, from 1 to 95."""


def write_pictures(source: Path | None, target: Path, layers: Sequence[SummitLayer], neurons: Iterable[str]) -> int:
    """Writes the pictures that there are of the neurons (layer/channel); returns how many files.

    `channel/<layer>-<channel>-channel.jpg` is the visualization, `diversity-<0…3>/…` its diverse ones, and
    `dataset-p/…-dataset-p-<0…9>.jpg` the patches of the strip of examples.
    """
    if source is None:
        return 0
    theirs = {layer.ours: layer.name for layer in layers if layer.ours is not None}
    written = 0

    def save(picture: Image.Image, kind: str, name: str, channel: int, suffix: str) -> None:
        nonlocal written
        path = target / kind / f"{name}-{channel}-{suffix}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.convert("RGB").save(path, quality=QUALITY)
        written += 1

    for neuron in sorted(neurons):
        layer, _, number = neuron.rpartition("/")
        name, channel = theirs[layer], int(number)
        for variant in (None, *range(DIVERSE)):
            path = source / visualization_path(layer, channel, variant)
            kind = "channel" if variant is None else f"diversity-{variant}"
            if path.is_file():
                with Image.open(path) as picture:
                    save(picture, kind, name, channel, kind)
        strip = source / examples_path(layer, channel)
        if strip.is_file():
            with Image.open(strip) as picture:
                # Patches are squares, side by side.
                side = picture.height
                for place in range(picture.width // side):
                    patch = picture.crop((place * side, 0, (place + 1) * side, side))
                    save(patch, "dataset-p", name, channel, f"dataset-p-{place}")
    return written
