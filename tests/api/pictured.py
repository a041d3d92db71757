"""A store with pictures beside it: some neurons have a visualization, some examples, some both, most none."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path

from PIL import Image

from summit_graph.pictures import PICTURES, Shelf, examples_path, visualization_path

RUN = "small"
CLASS = 4
PICTURES_OF_RUN = {
    visualization_path("head", 3): ((200, 30, 60), 24, 1),
    visualization_path("head", 3, 0): ((190, 30, 60), 24, 1),
    visualization_path("head", 3, 1): ((180, 30, 60), 24, 1),
    examples_path("head", 3): ((20, 200, 60), 16, 3),
    examples_path("head", 3, CLASS): ((20, 30, 200), 16, 2),
    **{examples_path("head", channel): ((20, 100 + channel, 60), 120, 2) for channel in range(3)},
    **{examples_path("mixed4", channel, CLASS): ((90, 90, 100 + channel), 16, 2) for channel in range(8)},
}
"""Path -> colour, side of its squares in px, how many."""


def content(path: str) -> bytes:
    """The picture's file."""
    colour, side_px, squares = PICTURES_OF_RUN[path]
    held = io.BytesIO()
    Image.new("RGB", (side_px * squares, side_px), colour).save(held, "WEBP", lossless=True)
    return held.getvalue()


def name_of(path: str) -> str:
    """What the service calls it."""
    return f"{hashlib.sha256(content(path)).hexdigest()}.webp"


def pictured(store_path: Path, folder: Path) -> Path:
    """A copy of an embedded store, with the pictures beside it."""
    path = folder / "pictured.lbug"
    shutil.copyfile(store_path, path)
    run = folder / "run"
    for picture in PICTURES_OF_RUN:
        file = run / PICTURES / picture
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content(picture))
    Shelf(folder / "pictured.lbug.pictures").put(RUN, run)
    return path
