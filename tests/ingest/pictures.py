"""Small images on disk for the tests of the ingest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.images.preprocessing import Normalisation
from ingest.images.source import ImageSource
from ingest.images.worker import Decoding


def picture(seed: int, size: tuple[int, int] = (6, 5)) -> Image.Image:
    """An RGB image of random pixels; `size` is width and height."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


def write_folders(root: Path, images: Mapping[str, int], size: tuple[int, int] = (6, 5)) -> Path:
    """A folder per class with so many images, all of them different."""
    for place, (name, count) in enumerate(images.items()):
        (root / name).mkdir(parents=True)
        for index in range(count):
            picture(1000 * place + index, size).save(root / name / f"{index:03d}.png")
    return root


def held_pixels(source: ImageSource) -> dict[str, list[NDArray[Any]]]:
    """The pixels of a source's images by class."""
    decoding = Decoding(source.reader, Normalisation().pixels)
    return {entry.name: [decoding.read(image) for image in entry.images] for entry in source.classes}
