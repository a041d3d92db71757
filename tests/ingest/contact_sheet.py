"""A sheet of a layer's neurons to look at: each one's strip of examples above its visualization.

python -m tests.ingest.contact_sheet RUN LAYER SHEET.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from summit_graph.pictures import PICTURES, examples_path, visualization_path
from summit_graph.run import Run

SQUARE_PX = 48
PATCHES = 10
VISUALIZATION_PX = 2 * SQUARE_PX
HEIGHT_PX = SQUARE_PX + VISUALIZATION_PX + 16
WIDTH_PX = PATCHES * SQUARE_PX + 12
COLUMNS = 4


def contact_sheet(run: Run, layer: str) -> Image.Image:
    """Every neuron of the layer that has a picture, by channel."""
    channels = next(entry.channels for entry in run.manifest.layers if entry.name == layer)
    drawn = [tile for channel in range(channels) if (tile := _tile(run.directory / PICTURES, layer, channel))]
    rows = -(-len(drawn) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH_PX, max(rows, 1) * HEIGHT_PX), "white")
    for place, tile in enumerate(drawn):
        sheet.paste(tile, (place % COLUMNS * WIDTH_PX, place // COLUMNS * HEIGHT_PX))
    return sheet


def _tile(pictures: Path, layer: str, channel: int) -> Image.Image | None:
    examples, visualization = examples_path(layer, channel), visualization_path(layer, channel)
    if not (pictures / examples).is_file():
        return None
    tile = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    with Image.open(pictures / examples) as strip:
        width_px = strip.width // strip.height * SQUARE_PX
        scaled = strip.convert("RGBA").resize((width_px, SQUARE_PX), Image.Resampling.NEAREST)
        tile.paste(scaled, (0, 0), scaled)
    if (pictures / visualization).is_file():
        with Image.open(pictures / visualization) as image:
            tile.paste(image.convert("RGB").resize((VISUALIZATION_PX, VISUALIZATION_PX)), (0, SQUARE_PX + 2))
    ImageDraw.Draw(tile).text((VISUALIZATION_PX + 8, SQUARE_PX + 8), f"{layer}/{channel}", fill="black")
    return tile


if __name__ == "__main__":
    contact_sheet(Run.open(Path(sys.argv[1])), sys.argv[2]).save(sys.argv[3])
