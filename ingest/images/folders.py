"""The images of a data set that lies in one folder per class."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from summit_graph.errors import SummitError


@dataclass(frozen=True)
class ImageFile:
    """One file of a class folder; whether it can be read is not known yet."""

    path: Path
    name: str
    """Path relative to the folder of images, with `/`."""
    bytes: int


@dataclass(frozen=True)
class ClassFolder:
    """A class's folder and its files, by sorted name."""

    name: str
    files: tuple[ImageFile, ...]


def list_folders(images: Path, *, limit: int | None = None) -> tuple[ClassFolder, ...]:
    """The class folders of `images` by sorted name, each with the first `limit` of its files in sorted order.

    Files in deeper folders belong to the class too; hidden files and folders (`.DS_Store`) are left out.
    Raises SummitError where there is no such folder, no class folder, or an empty one.
    """
    folders = []
    for name in class_folders(images):
        files = sorted(_files_below(images / name), key=lambda path: path.relative_to(images).as_posix())
        if not files:
            raise SummitError(f"the class folder {images / name} is empty: put images in, or remove it")
        folders.append(ClassFolder(name, tuple(_image_file(path, images) for path in files[:limit])))
    return tuple(folders)


def class_folders(images: Path) -> list[str]:
    """Sorted names of the class folders; raises SummitError where there is no folder of images, or none in it."""
    if not images.is_dir():
        raise SummitError(f"the image folder {images} does not exist: give a folder that holds one folder per class")
    try:
        names = sorted(entry.name for entry in os.scandir(images) if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise SummitError(f"{images} cannot be read: {error.strerror}") from None
    if not names:
        raise SummitError(f"{images} holds no folders: give a folder that holds one folder per class")
    return names


def images_digest(folders: Iterable[ClassFolder]) -> str:
    """SHA-256 over the files' names and sizes in bytes, in order: `NAME`, a zero byte, `SIZE`, a newline for each."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in folder.files:
            digest.update(os.fsencode(file.name) + b"\0" + str(file.bytes).encode() + b"\n")
    return digest.hexdigest()


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent) / name for name in files if not name.startswith("."))


def _image_file(path: Path, images: Path) -> ImageFile:
    try:
        size = path.stat().st_size
    except OSError:
        # A broken link: decoding will say so, and the image is skipped and listed like any unreadable one.
        size = 0
    return ImageFile(path, path.relative_to(images).as_posix(), size)
