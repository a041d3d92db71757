"""Whether another JPEG decoder than Pillow's would be faster for the same pixels: decoding, resizing and cropping."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

from benchmarks.ratio import Ratio, alternate
from ingest.images.decoding import decode
from ingest.images.geometry import Geometry

SIZE_PX = (500, 375)
"""Of ImageNet's most frequent size."""
QUALITIES = (75, 90, 95)
ROUNDS = 20


def ratios() -> Iterator[Ratio]:
    """torchvision's decoder, whose pixels are Pillow's bit by bit, against Pillow alone; one thread."""
    for subsampling in ("4:2:0", "4:4:4"):
        files = [jpeg(seed, quality, subsampling) for seed, quality in enumerate(QUALITIES)]
        geometry = Geometry(resize=256, crop=224)
        yield _ratio(f"JPEG {subsampling}: torchvision's decoder, resized by Pillow", files, geometry)


def jpeg(seed: int, quality: int, subsampling: str) -> bytes:
    """A JPEG file of smooth colours with noise."""
    generator = np.random.default_rng(seed)
    width, height = SIZE_PX
    coarse = Image.fromarray(generator.integers(0, 256, (24, 32, 3), np.uint8))
    noisy = np.asarray(coarse.resize(SIZE_PX, Image.Resampling.BICUBIC)) + generator.normal(0, 8, (height, width, 3))
    stream = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=quality, subsampling=subsampling)
    return stream.getvalue()


def _ratio(title: str, files: list[bytes], geometry: Geometry) -> Ratio:
    def all_of(read: Callable[[bytes], Image.Image]) -> list[NDArray[np.uint8]]:
        return [np.asarray(geometry(read(content))) for content in files]

    def pillow() -> list[NDArray[np.uint8]]:
        return all_of(lambda content: decode(io.BytesIO(content)))

    def torchvision() -> list[NDArray[np.uint8]]:
        return all_of(_decode_by_torchvision)

    if not all(map(np.array_equal, torchvision(), pillow())):
        raise AssertionError("torchvision's decoder gives other pixels than Pillow's")
    return Ratio(title, "Pillow alone", *alternate(torchvision, pillow, ROUNDS))


def _decode_by_torchvision(content: bytes) -> Image.Image:
    encoded = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    pixels = decode_jpeg(encoded, ImageReadMode.RGB)  # (3, H, W)
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
