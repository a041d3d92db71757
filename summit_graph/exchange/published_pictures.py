"""Summit's published pictures of its neurons, into a run's own places.

…/channel/mixed3a-68-channel.jpg             an optimized image      → visualizations/mixed3a/68.webp
…/diversity-0/mixed3a-68-diversity-0.jpg     … 3: diverse ones       → visualizations/mixed3a/68-0.webp
…/dataset-p/mixed3a-68-dataset-p-0.jpg       … 9: patches of images  → examples/all/mixed3a/68.webp, one strip
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image, UnidentifiedImageError

from summit_graph.errors import SummitError
from summit_graph.pictures import PICTURES, examples_path, visualization_path
from summit_graph.pictures.strips import Patch, encoded, strip
from summit_graph.run import Run
from summit_graph.run.atomic import replacing

LARGEST_PX = 1 << 22
"""A published picture of more pixels is refused."""
QUALITY = 92
"""Of the WebP files that JPEG files become."""
_NAME = re.compile(
    r"(?P<layer>.+)-(?P<channel>[0-9]{1,6})-(?P<kind>channel|diversity-(?P<variant>\d)|dataset-p-(?P<rank>\d))\.jpe?g"
)


@dataclass(frozen=True)
class _Published:
    """The files from which one picture is made, by their places in the strip where there are several."""

    target: str
    names: tuple[str, ...]
    is_strip: bool


def import_pictures(archives: Sequence[Path], run: Run) -> int:
    """Brings the pictures of a run's neurons from zip files into its directory; returns how many there are.

    Those that are there already stay; those of other neurons are left out. Raises SummitError for a file that is no
    zip archive, a name that leads out of it, and a file that is no JPEG image.
    """
    channels = {layer.name: layer.channels for layer in run.manifest.layers}
    return sum(_import(path, run.directory / PICTURES, channels) for path in archives)


def _import(path: Path, folder: Path, channels: Mapping[str, int]) -> int:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise SummitError(f"{path} is no zip archive that can be read: {error}") from None
    with archive:
        found = list(_pictures(path, archive.namelist(), channels))
        if not found:
            raise SummitError(
                f"{path} has no pictures of the run's neurons: give feature-visualizations.zip or its like"
            )

        def bring(picture: _Published) -> None:
            target = folder / picture.target
            if not target.is_file():
                content = _content(path, archive, picture)
                with replacing(target, durable=False) as temporary:
                    temporary.write_bytes(content)

        with ThreadPoolExecutor() as threads:
            for _ in threads.map(bring, found):
                pass
    return len(found)


def _pictures(path: Path, names: Sequence[str], channels: Mapping[str, int]) -> Iterator[_Published]:
    """What the archive's files show of neurons that the run has, in their order."""
    patches: dict[str, dict[int, str]] = {}
    for name in names:
        if name.startswith(("/", "\\")) or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            raise SummitError(f"{path} holds {name!r}, which leads out of it: it is not Summit's archive")
        parsed = _NAME.fullmatch(PurePosixPath(name).name)
        if parsed is None or int(parsed["channel"]) >= channels.get(parsed["layer"], 0):
            continue
        layer, channel = parsed["layer"], int(parsed["channel"])
        if parsed["rank"] is not None:
            patches.setdefault(examples_path(layer, channel), {})[int(parsed["rank"])] = name
        else:
            variant = None if parsed["variant"] is None else int(parsed["variant"])
            yield _Published(visualization_path(layer, channel, variant), (name,), is_strip=False)
    for target, ranked in patches.items():
        yield _Published(target, tuple(ranked[rank] for rank in sorted(ranked)), is_strip=True)


def _content(path: Path, archive: zipfile.ZipFile, picture: _Published) -> bytes:
    images = [_image(path, archive, name) for name in picture.names]
    if not picture.is_strip:
        return encoded(images[0], lossless=False, quality=QUALITY)
    side = max(max(image.size) for image in images)
    return strip([Patch(image) for image in images], side)


def _image(path: Path, archive: zipfile.ZipFile, name: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(archive.read(name)), formats=("JPEG",)) as image:
            if image.width * image.height > LARGEST_PX:
                raise SummitError(f"{path}: {name} has {image.width} × {image.height} pixels, too many for a neuron")
            return image.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, zipfile.BadZipFile, Image.DecompressionBombError):
        raise SummitError(f"{path}: {name} is no JPEG image that can be read") from None
