"""What pictures there are in a folder, with the hash of each one's content."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from summit_graph.errors import SummitError
from summit_graph.pictures.places import place_of
from summit_graph.run import atomic

FILE_NAME = "index.parquet"
LARGEST_PX = 1 << 24
"""A picture of more pixels is refused."""
SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("size", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Picture:
    """A picture's file."""

    path: str
    """Relative to the pictures' folder."""
    sha256: str
    size: int
    """Bytes."""
    width: int
    """Pixels, as is the height."""
    height: int


def index_folder(folder: Path) -> list[Picture]:
    """The pictures that lie in a folder, by path; what lies where no picture does is left out.

    Raises SummitError for a path that leads out of the folder and for a file that is no WebP image.
    """
    return [_picture(folder, path) for path in sorted(picture_paths(folder))]


def read_index(folder: Path) -> list[Picture]:
    """The index that lies in a folder; empty where there is none.

    Raises SummitError where its file is damaged.
    """
    path = folder / FILE_NAME
    try:
        rows = pq.read_table(path, schema=SCHEMA, partitioning=None).to_pylist()
    except FileNotFoundError:
        return []
    except (OSError, pa.ArrowException) as error:
        raise SummitError(f"{path} cannot be read: {str(error).splitlines()[0]}; load the run again") from None
    return [Picture(**row) for row in rows]


def write_index(folder: Path, pictures: list[Picture]) -> None:
    """Writes the index of a folder's pictures into it."""
    columns = zip(*map(astuple, pictures), strict=True) if pictures else [[] for _ in fields(Picture)]
    table = pa.table(dict(zip(SCHEMA.names, map(list, columns), strict=True)), schema=SCHEMA)
    atomic.write_parquet(folder / FILE_NAME, table)


def check_image(content: bytes, name: str) -> tuple[int, int]:
    """Width and height of a WebP image; raises SummitError where the content is none."""
    try:
        with Image.open(io.BytesIO(content), formats=("WEBP",)) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise SummitError(f"{name} is no WebP image: remove it, or make it again") from None
    if width * height > LARGEST_PX:
        raise SummitError(f"{name} has {width} × {height} pixels: a picture of a neuron has {LARGEST_PX:,} at most")
    return width, height


def picture_paths(folder: Path) -> Iterator[str]:
    """The paths of the pictures in a folder, relative to it. Raises SummitError for one that leads out of it."""
    inside = folder.resolve()
    for file in folder.rglob("*.webp"):
        path = file.relative_to(folder).as_posix()
        if place_of(path) is None:
            continue
        if not file.resolve().is_relative_to(inside):
            raise SummitError(f"{file} leads out of {folder}: put the picture itself there")
        yield path


def _picture(folder: Path, path: str) -> Picture:
    try:
        content = (folder / path).read_bytes()
    except OSError as error:
        raise SummitError(f"{folder / path} cannot be read: {error.strerror or error}") from None
    width, height = check_image(content, str(folder / path))
    return Picture(path, hashlib.sha256(content).hexdigest(), len(content), width, height)
