"""What `IMAGES` of the command line means: a folder, a zip archive, a NumPy archive or a data set's factory."""

from __future__ import annotations

from pathlib import Path

from ingest.images import folders
from ingest.images.source import ImageSource
from summit_graph.errors import SummitError

KINDS = (
    "a folder (or .zip) with one folder of images per class, a folder (or .zip) of images with --labels FILE.csv, "
    "arrays (.npz), or MODULE:FACTORY of a torch Dataset"
)


def open_source(images: Path | str, *, limit: int | None = None, labels: Path | None = None) -> ImageSource:
    """The labelled images that `images` names, each class with the first `limit` of them by sorted name.

    `labels` is a CSV file that says which image is of which class, where they do not lie in one folder per class.
    Raises SummitError where nothing is there, or it is none of `KINDS`.
    """
    check_source(images, labels=labels)
    if _is_reference(images):
        from ingest.images.datasets import dataset_source

        return dataset_source(str(images), limit=limit)
    path = Path(images)
    if path.suffix.lower() == ".zip":
        from ingest.images.archives import zip_source

        return zip_source(path, limit=limit, labels=labels)
    if path.suffix.lower() == ".npz":
        from ingest.images.arrays import array_source

        return array_source(path, limit=limit)
    return folders.folder_source(path, limit=limit, labels=labels)


def check_source(images: Path | str, *, labels: Path | None = None) -> None:
    """Raises SummitError where `images` cannot be a source; looks at little, so that it can be asked first of all."""
    path, reference = Path(images), _is_reference(images)
    if labels is not None and (reference or path.suffix.lower() == ".npz"):
        raise SummitError(f"--labels is for images in one folder; {images} has labels of its own")
    if labels is not None and not labels.is_file():
        raise SummitError(f"the file of labels {labels} does not exist")
    if reference:
        return
    if not path.exists():
        kind = {".zip": "archive", ".npz": "file of arrays"}.get(path.suffix.lower(), "image folder")
        raise SummitError(f"the {kind} {images} does not exist: give {KINDS}")
    if path.suffix.lower() in (".zip", ".npz") and path.is_file():
        return
    if not path.is_dir():
        raise SummitError(f"{images} is a file, no folder of images: give {KINDS}")
    if labels is None and not any(path.glob("*.csv")):
        folders.class_folders(path)


def _is_reference(images: Path | str) -> bool:
    return ":" in str(images) and not Path(images).exists()
