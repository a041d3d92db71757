"""Images in a NumPy archive (`.npz`): an array of images and an array of their labels."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.images.archives import seek_content
from ingest.images.source import ImageSource, SourceImage, are_numbers, grouped, refuse_empty
from summit_graph.errors import SummitError

NAMES = "names"
"""Optional third array: the outputs' names, in order."""


@dataclass(frozen=True, eq=False)
class ArrayReader:
    """Takes images out of an array: uint8 or uint16 pixels, or float32 inputs of the model."""

    images: NDArray[Any]
    """(N, H, W), (N, H, W, 1 | 3 | 4) or (N, 1 | 3, H, W) of whole numbers; (N, C, H, W) of floats."""

    def read(self, image: SourceImage) -> Image.Image | NDArray[np.float32]:
        """The image of a number."""
        values = np.asarray(self.images[int(image.name)])
        if values.dtype.kind == "f":
            return values.astype(np.float32)
        if values.ndim == 3 and values.shape[-1] not in (1, 3, 4):
            values = values.transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
        if values.dtype == np.uint16:
            values = (values >> 8).astype(np.uint8)
        if values.ndim == 3 and values.shape[-1] == 1:
            values = values[:, :, 0]
        return Image.fromarray(np.ascontiguousarray(values)).convert("RGB")


def array_source(path: Path, *, limit: int | None = None) -> ImageSource:
    """The images of a `.npz` file; numbers as labels are the model's outputs, texts are names of classes.

    Its arrays may have any names: the images are the one of 3 or 4 dimensions, the labels the one of 1 dimension that
    is as long. Uncompressed arrays (`numpy.savez`) are read where they lie, compressed ones are taken into memory.
    Raises SummitError where the file cannot be read or it is not clear what its arrays are.
    """
    try:
        with zipfile.ZipFile(path) as archive, np.load(path, allow_pickle=False) as stored:
            arrays = {name: _array(path, archive, stored, name) for name in stored.files}
            content = [f"{entry.filename} {entry.file_size} {entry.CRC}" for entry in archive.infolist()]
    except FileNotFoundError:
        raise SummitError(f"the file of arrays {path} does not exist") from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SummitError(f"{path} cannot be read as NumPy arrays: {' '.join(str(error).split())}") from None
    images, labels = _pair(arrays, path)
    if images.dtype.kind != "f" and not (images.dtype in (np.uint8, np.uint16) and _is_picture(images.shape)):
        raise SummitError(
            f"{path}: images are {images.dtype} of shape {images.shape}: give uint8 (N, H, W, 3), or floats "
            "(N, C, H, W) that are the model's input already"
        )
    if images.dtype.kind == "f" and images.ndim != 4:
        raise SummitError(f"{path}: images of floats must be the model's input (N, C, H, W), not {images.shape}")
    digits, each = len(str(max(len(images) - 1, 0))), images.nbytes // max(len(images), 1)
    labelled = [
        (SourceImage(f"{index:0{digits}d}", each), str(label)) for index, label in enumerate(labels.ravel().tolist())
    ]
    numbered = labels.dtype.kind in "iu" or are_numbers([label for _, label in labelled])
    if numbered and labels.dtype.kind == "i" and int(labels.min(initial=0)) < 0:
        raise SummitError(f"{path}: a label is {int(labels.min())}: labels are numbers of the model's outputs, from 0")
    names = {str(number): str(name) for number, name in enumerate(arrays[NAMES].tolist())} if NAMES in arrays else {}
    return ImageSource(
        path.stem,
        refuse_empty(grouped(labelled, limit, numbered=numbered), path),
        ArrayReader(images),
        paths_say_class=False,
        prepared=images.dtype.kind == "f",
        names=names,
        content="\n".join(content),
    )


def _pair(arrays: dict[str, NDArray[Any]], path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    pairs = [
        (images, labels)
        for name, images in arrays.items()
        for other, labels in arrays.items()
        if images.ndim in (3, 4)
        and name != other != NAMES
        and (labels.ndim == 1 or labels.shape[1:] == (1,))
        and labels.dtype.kind in "iuU"
        and len(labels) == len(images)
    ]
    if len(pairs) != 1:
        held = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise SummitError(
            f"{path} holds {held or 'nothing'}: save two arrays, images and labels of the same length, "
            "with numpy.savez(FILE, images=…, labels=…)"
        )
    return pairs[0]


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 or shape[-1] in (1, 3, 4) or shape[1] in (1, 3)


def _array(path: Path, archive: zipfile.ZipFile, stored: Any, name: str) -> NDArray[Any]:
    """An array of the archive; one that is not compressed as a map of the file."""
    member = next((entry for entry in archive.infolist() if entry.filename in (name, f"{name}.npy")), None)
    if member is None or member.compress_type != zipfile.ZIP_STORED or member.file_size < 1 << 20:
        loaded: NDArray[Any] = stored[name]
        return loaded
    with path.open("rb") as file:
        if not seek_content(file, member.header_offset):
            raise SummitError(f"{path} is damaged: {member.filename} does not begin where the archive says")
        shape, fortran, kind = _array_header(file)
        if kind.hasobject or fortran:
            held: NDArray[Any] = stored[name]
            return held
        return np.memmap(path, kind, "r", file.tell(), shape)


def _array_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
    return header
