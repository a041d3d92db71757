"""From pixels in 0..1 to a model's input, by the model's own preprocessing, so that gradients reach the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ingest.images.preprocessing import Preprocess, input_of
from summit_graph.errors import SummitError

_TOLERANCE = 1 / 255


@dataclass(frozen=True)
class InputSpace:
    """The size of a model's input, and the scale and offset that turn a pixel value into an input value."""

    size: tuple[int, int, int]
    """Channels (1 or 3), height, width."""
    scale: Tensor
    """(C, 1, 1)"""
    offset: Tensor
    """(C, 1, 1)"""

    def to_input(self, images: Tensor) -> Tensor:
        """Images in 0..1 as the model takes them.  (N, C, H, W) -> (N, C, H, W)"""
        return images * self.scale.to(images.device) + self.offset.to(images.device)

    def to_pixels(self, inputs: Tensor) -> NDArray[np.uint8]:
        """The images that a batch of the model's input, on the CPU, was made of.  (N, C, H, W) -> (N, H, W, C)"""
        factor = torch.where(self.scale == 0, 0, 255 / self.scale)  # (C, 1, 1)
        pixels = (inputs - self.offset).mul_(factor).round_().clamp_(0, 255).to(torch.uint8)  # (N, C, H, W)
        array: NDArray[np.uint8] = pixels.permute(0, 2, 3, 1).numpy()  # (N, H, W, C)
        return array


def find_input_space(preprocess: Preprocess, size: tuple[int, int, int]) -> InputSpace:
    """The scale and offset of a preprocessing, read off what it makes of plain black, white, grey, red and blue.

    Raises SummitError where it is more than a scale and an offset for each channel: then an optimized image could not
    be shown as pixels.
    """
    channels, height, width = size
    if channels not in (1, 3):
        raise SummitError(f"the model's input has {channels} channels: pictures are made of 1 (grey) or 3")

    def colour(red: int, green: int, blue: int) -> Tensor:
        tensor = input_of(preprocess, Image.new("RGB", (width, height), (red, green, blue)))
        if tuple(tensor.shape) != size:
            raise SummitError(
                f"{preprocess.description} makes {tuple(tensor.shape)} of an image of the input's own size, {size}"
            )
        return tensor

    black, white = colour(0, 0, 0), colour(255, 255, 255)
    offset = black.mean(dim=(1, 2), keepdim=True)  # (C, 1, 1)
    scale = white.mean(dim=(1, 2), keepdim=True) - offset
    found = InputSpace(size, scale, offset)
    tried = [(51, 51, 51), (255, 0, 0), (0, 0, 255)] if channels == 3 else [(51, 51, 51)]
    for pixel in tried:
        expected = found.to_input(torch.tensor(pixel[:channels])[:, None, None].expand(size) / 255)
        if bool(((colour(*pixel) - expected).abs() > _TOLERANCE * scale.abs()).any()):
            raise SummitError(
                f"{preprocess.description} is more than a scale and an offset for each channel: no image can be made "
                "for it; --preprocess FILE.py:function takes another one"
            )
    return found
