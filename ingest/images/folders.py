"""Images that lie in folders: one folder per class, or all of them together with a CSV file of their labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ingest.images import label_file, wordnet
from ingest.images.decoding import decode
from ingest.images.source import ImageSource, SourceClass, SourceImage, are_numbers, grouped, refuse_empty
from summit_graph.errors import SummitError


@dataclass(frozen=True)
class FolderReader:
    """Reads files below a folder."""

    root: Path

    def read(self, image: SourceImage) -> Image.Image:
        """The image of a file; raises UnreadableImage."""
        return decode(self.root / image.name)


def folder_source(images: Path, *, limit: int | None = None, labels: Path | None = None) -> ImageSource:
    """The images of a folder, each class with the first `limit` of its files by sorted path.

    One folder per class, and files in deeper folders belong to the class too; or, with `labels` or where a CSV file of
    labels lies beside the images, what that file says. Hidden files and folders (`.DS_Store`) are left out.
    Raises SummitError where there is no such folder, no class folder, or an empty one.
    """
    if labels is None and images.is_dir() and not _class_folders(images):
        labels = label_file.lying_in(images)
    if labels is not None:
        return _labelled(images, labels, limit)
    classes = [
        SourceClass(name, tuple(_image(file, images) for file in _files_of(images, name)[:limit]))
        for name in class_folders(images)
    ]
    names = wordnet.names_near(images, [entry.name for entry in classes])
    return ImageSource(images.resolve().name, tuple(classes), FolderReader(images), names=names)


def class_folders(images: Path) -> list[str]:
    """Sorted names of the class folders; raises SummitError where there is no folder of images, or none in it."""
    names = _class_folders(images)
    if not names:
        raise SummitError(
            f"{images} holds no folders: give a folder that holds one folder per class, "
            "or say with --labels FILE.csv which image is of which class"
        )
    return names


def _class_folders(images: Path) -> list[str]:
    if not images.is_dir():
        raise SummitError(f"the image folder {images} does not exist: give a folder that holds one folder per class")
    try:
        return sorted(entry.name for entry in os.scandir(images) if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise SummitError(f"{images} cannot be read: {error.strerror}") from None


def _files_of(images: Path, name: str) -> list[str]:
    files = sorted(_files_below(images, name))
    if not files:
        raise SummitError(f"the class folder {images / name} is empty: put images in, or remove it")
    return files


def _labelled(images: Path, labels: Path, limit: int | None) -> ImageSource:
    files = {name: _image(name, images) for name in _files_below(images, "") if not name.endswith(".csv")}
    labelled = label_file.labelled_images(label_file.read(labels), files, labels)
    numbered = are_numbers([label for _, label in labelled])
    classes = refuse_empty(grouped(labelled, limit, numbered=numbered), images)
    names = wordnet.names_near(images, [entry.name for entry in classes])
    return ImageSource(images.resolve().name, classes, FolderReader(images), paths_say_class=False, names=names)


def _files_below(root: Path, below: str) -> Iterator[str]:
    """Paths of the files below a folder, relative to `root`, with `/`."""
    for parent, folders, files in os.walk(root / below, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        before = Path(parent).relative_to(root).as_posix()
        prefix = "" if before == "." else f"{before}/"
        yield from (prefix + name for name in files if not name.startswith("."))


def _image(name: str, root: Path) -> SourceImage:
    try:
        size = (root / name).stat().st_size
    except OSError:
        # A broken link: decoding will say so, and the image is skipped and listed like any unreadable one.
        size = 0
    return SourceImage(name, size)
