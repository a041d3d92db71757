"""From an image to its pixels in the model's input size, with Pillow alone: what the decoder processes do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.reference import load_object, one_line
from summit_graph.errors import SummitError


class Pixels(Protocol):
    """Turns an upright RGB image into an array; goes to the decoder processes, so it can be pickled."""

    def __call__(self, image: Image.Image) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Geometry:
    """Resize the shorter side, then crop the centre, as torchvision's presets do; None leaves a step out.

    Gives uint8: (H, W, 3), or (H, W, 1) of a grey image where `grey`.
    """

    resize: int | None = None
    crop: int | None = None
    grey: bool = False
    resampling: Image.Resampling = Image.Resampling.BILINEAR

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        if self.grey:
            image = image.convert("L")
        if self.resize is not None:
            image = _resized(image, self.resize, self.resampling)
        if self.crop is not None:
            image = _centre(image, self.crop)
        pixels = np.asarray(image)
        return pixels[:, :, None] if self.grey else pixels


@dataclass(frozen=True)
class UserFunction:
    """A function named on the command line (`FILE.py:FUNCTION`): a PIL image in, a tensor (C, H, W) out."""

    reference: str

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        return called(load_object(self.reference, meaning="preprocessing function"), image, self.reference)


@dataclass(frozen=True)
class Transform:
    """A library's own transform: a PIL image in, a tensor (C, H, W) out."""

    function: Callable[[Image.Image], Any]
    description: str

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        return called(self.function, image, self.description)


def called(function: Callable[[Image.Image], Any], image: Image.Image, name: str) -> NDArray[np.float32]:
    """What a preprocessing function makes of an image, float32 (C, H, W); raises SummitError where it fails."""
    try:
        made = function(image)
    except Exception as error:
        raise SummitError(f"{name} failed: {one_line(error)}") from error
    if not hasattr(made, "detach") or made.ndim != 3:
        got = f"of shape {tuple(made.shape)}" if hasattr(made, "detach") else type(made).__name__
        raise SummitError(f"{name} must return a tensor (channels, height, width), not one {got}")
    pixels: NDArray[np.float32] = made.detach().cpu().float().numpy()
    return pixels


def _resized(image: Image.Image, side: int, resampling: Image.Resampling) -> Image.Image:
    width, height = image.size
    if min(width, height) == side:
        return image
    # The longer side is rounded down, as torchvision does it.
    longer = int(side * max(width, height) / min(width, height))
    return image.resize((side, longer) if width <= height else (longer, side), resampling)


def _centre(image: Image.Image, side: int) -> Image.Image:
    left, top = (round((length - side) / 2.0) if length >= side else -((side - length) // 2) for length in image.size)
    # Beyond the image Pillow fills with zeros.
    return image.crop((left, top, left + side, top + side))
