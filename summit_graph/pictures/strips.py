"""A neuron's patches as one picture: squares side by side, the strongest first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

LARGEST_SIDE_PX = 112
"""Squares that would be larger are scaled down to this."""
LOSSLESS_UP_TO_PX = 32
"""Side of the squares up to which a strip is stored without loss: in small ones single pixels count."""
WEBP_QUALITY = 85


@dataclass(frozen=True)
class Patch:
    """A part of an image, and where its corner lies in its square: away from the image's border where that cut it."""

    image: Image.Image
    x: int = 0
    y: int = 0


def strip(patches: Sequence[Patch], side_px: int) -> bytes:
    """A WebP image of squares of that side, one for each patch; transparent where a patch does not reach."""
    shown_px = min(side_px, LARGEST_SIDE_PX)
    cut = any(patch.image.size != (side_px, side_px) or patch.image.mode == "RGBA" for patch in patches)
    mode = "RGBA" if cut else "RGB"
    squares = Image.new(mode, (shown_px * len(patches), shown_px))
    for place, patch in enumerate(patches):
        squares.paste(_square(patch, side_px, shown_px, mode), (place * shown_px, 0))
    return encoded(squares, lossless=shown_px <= LOSSLESS_UP_TO_PX)


def _square(patch: Patch, side_px: int, shown_px: int, mode: str) -> Image.Image:
    square = patch.image.convert(mode)
    if square.size != (side_px, side_px):
        whole = Image.new(mode, (side_px, side_px))
        whole.paste(square, (patch.x, patch.y))
        square = whole
    if shown_px == side_px:
        return square
    if mode == "RGB" and side_px % shown_px == 0:
        return square.reduce(side_px // shown_px)  # the same means as BOX, four times as fast
    return square.resize((shown_px, shown_px), Image.Resampling.BOX)


def most_bytes(patches: int, side_px: int) -> float:
    """What a strip takes on the disk at most, but for its header: without loss as much as its pixels, else a sixth."""
    shown_px = min(side_px, LARGEST_SIDE_PX)
    return patches * shown_px**2 * (3 if shown_px <= LOSSLESS_UP_TO_PX else 0.5)


def encoded(image: Image.Image, *, lossless: bool, quality: int = WEBP_QUALITY, effort: int = 0) -> bytes:
    """An image as a WebP file.

    Efforts above 0 (up to 6) take up to a hundred times as long for a tenth of the bytes: too much for thousands of
    strips.
    """
    held = io.BytesIO()
    image.save(held, "WEBP", method=effort, lossless=lossless, quality=100 if lossless else quality)
    return held.getvalue()
