"""Pixels of an image file: upright, RGB, eight bits, as Pillow gives them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError


class UnreadableImage(Exception):
    """A file that is no image, or a damaged one; the message is the reason, in a few words."""


def decode(file: Path | BinaryIO) -> Image.Image:
    """The image, turned upright by its EXIF orientation, as RGB; raises UnreadableImage.

    Transparency is dropped, as `convert("RGB")` of torchvision's loaders drops it: models were trained on those pixels.
    Grey images of 16 bits keep their high byte (Pillow's own conversion would clip at 255). Of several frames the
    first is taken.
    """
    try:
        with Image.open(file) as opened:
            opened.load()
            image = ImageOps.exif_transpose(opened)
            return rgb(image, opened.format)
    except UnidentifiedImageError:
        raise UnreadableImage("no image, or of a format that Pillow does not read") from None
    except Image.DecompressionBombError:
        raise UnreadableImage(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from None
    except UnreadableImage:
        raise
    except FileNotFoundError:
        raise UnreadableImage("it is not there (any more)") from None
    # A damaged file fails in whatever part of Pillow's many readers meets the damage: OSError, SyntaxError,
    # ValueError, struct.error, EOFError, IndexError and others have been seen.
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(file, Path):
            text = text.replace(str(file), file.name)
        raise UnreadableImage(text or type(error).__name__) from None


def rgb(image: Image.Image, file_format: str | None) -> Image.Image:
    """An image of any mode as RGB; raises UnreadableImage for one of 32 bits."""
    if image.mode == "RGB":
        return image
    # PGM of 16 bits is the one format whose 16 bits Pillow puts into 32.
    if image.mode.startswith("I;16") or (image.mode == "I" and file_format == "PPM"):
        high_byte = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)  # (H, W)
        return Image.fromarray(high_byte).convert("RGB")
    if image.mode in ("I", "F"):
        raise UnreadableImage(f"pixels of 32 bits (mode {image.mode}), whose range is not known")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB")
