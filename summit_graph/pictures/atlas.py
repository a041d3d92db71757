"""One picture of many neurons: cells of one size in rows, so that a page that draws a graph needs one request.

A neuron's cell shows its visualization, else the first patch of its examples: those of the class that was asked for
first. What an atlas shows is known from the index; its pixels are made when somebody asks for them.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from summit_graph.pictures.index import Picture
from summit_graph.pictures.shelf import NeuronPictures, RunPictures
from summit_graph.pictures.strips import encoded

LARGEST_CELL_PX = 96
LARGEST_SIDE_PX = 4_096
"""An atlas of very many neurons has smaller cells."""
LAYOUT = 1
"""Counts up when the same pictures make other pixels, so that no copy that somebody kept is taken for the new one."""

Kind = Literal["visualization", "examples"]


@dataclass(frozen=True)
class Cell:
    """Where a neuron stands in the atlas, in pixels from its upper left, and what is shown of it."""

    x: int
    y: int
    kind: Kind
    picture: Picture


@dataclass(frozen=True)
class Atlas:
    """What an atlas shows; `cells` has the neurons that have a picture, in the order in which they were asked for."""

    cell_px: int
    width: int
    height: int
    cells: dict[tuple[str, int], Cell]

    @property
    def digest(self) -> str:
        """Stands for the atlas's pixels: equal ones have equal pictures in equal places."""
        shown = [f"{LAYOUT} {self.cell_px} {self.width} {self.height}"]
        shown += [f"{cell.x} {cell.y} {cell.kind} {cell.picture.sha256}" for cell in self.cells.values()]
        return hashlib.sha256("\n".join(shown).encode()).hexdigest()


def plan(neurons: Iterable[tuple[str, int, NeuronPictures]]) -> Atlas | None:
    """The atlas of some neurons (layer, channel, pictures); None where none of them has a picture."""
    shown = [
        (layer, channel, *chosen) for layer, channel, pictures in neurons if (chosen := _shown(pictures)) is not None
    ]
    if not shown:
        return None
    columns = math.ceil(math.sqrt(len(shown)))
    cell_px = max(min(LARGEST_CELL_PX, LARGEST_SIDE_PX // columns), 1)
    cells = {
        (layer, channel): Cell(place % columns * cell_px, place // columns * cell_px, kind, picture)
        for place, (layer, channel, kind, picture) in enumerate(shown)
    }
    return Atlas(cell_px, columns * cell_px, math.ceil(len(shown) / columns) * cell_px, cells)


def draw(atlas: Atlas, pictures: RunPictures) -> bytes:
    """The atlas as a WebP file; the cell of a picture that is gone, or was changed, is transparent."""
    sheet = Image.new("RGBA", (atlas.width, atlas.height))
    for cell in atlas.cells.values():
        content = pictures.read(cell.picture)
        if content is not None:
            sheet.paste(_square(content, atlas.cell_px), (cell.x, cell.y))
    return encoded(sheet, lossless=False)


def _shown(pictures: NeuronPictures) -> tuple[Kind, Picture] | None:
    drawn = pictures.visualization or next(iter(pictures.diverse), None)
    if drawn is not None:
        return "visualization", drawn
    examples = pictures.class_examples or pictures.examples
    return None if examples is None else ("examples", examples)


def _square(content: bytes, side_px: int) -> Image.Image:
    """A picture's first square: all of a visualization, the strongest patch of a strip."""
    with Image.open(io.BytesIO(content), formats=("WEBP",)) as picture:
        side = min(picture.size)
        square = picture.convert("RGBA").crop((0, 0, side, side))
    # Single pixels stay pixels where a picture is smaller than its cell.
    grows = side < side_px
    return square.resize((side_px, side_px), Image.Resampling.NEAREST if grows else Image.Resampling.BOX)
