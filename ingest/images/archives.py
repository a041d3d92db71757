"""Images in a zip archive, read in place: one folder per class, or all together with a CSV file of their labels."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from PIL import Image

from ingest.images import label_file, wordnet
from ingest.images.decoding import UnreadableImage, decode
from ingest.images.source import ImageSource, SourceImage, are_numbers, grouped, refuse_empty
from summit_graph.errors import SummitError

_HEADER = struct.Struct("<4s22xHH")
"""A member's own header: its signature and the lengths of the name and the extra field that follow."""
_ENCRYPTED = 1


@dataclass(frozen=True)
class ZipReader:
    """Reads members of an archive by their offsets, so that no process needs the archive's whole directory."""

    path: Path

    def read(self, image: SourceImage) -> Image.Image:
        """The image of a member; raises UnreadableImage."""
        offset, packed_bytes, method, checksum, flags = image.place
        if flags & _ENCRYPTED:
            raise UnreadableImage("it is encrypted")
        with self.path.open("rb") as file:
            if not seek_content(file, offset):
                raise UnreadableImage("the archive is damaged here")
            content = _unpacked(file.read(packed_bytes), method)
        if zlib.crc32(content) != checksum:
            raise UnreadableImage("the archive is damaged here")
        return decode(io.BytesIO(content))


def seek_content(file: BinaryIO, header_offset: int) -> bool:
    """Goes to where a member's content begins, behind the header of its own; whether there is such a header."""
    file.seek(header_offset)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return False
    signature, name_bytes, extra_bytes = _HEADER.unpack(header)
    file.seek(name_bytes + extra_bytes, os.SEEK_CUR)
    return bool(signature == b"PK\x03\x04")


def zip_source(path: Path, *, limit: int | None = None, labels: Path | None = None) -> ImageSource:
    """The images of a zip archive, as `folder_source` takes those of a folder; nothing is unpacked.

    Where everything lies in one outer folder (`train/cat/1.jpg`), the images' names begin below it, so that an archive
    and the same folder unpacked give the same run.
    Raises SummitError where the archive cannot be read or holds no images.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {entry.filename: entry for entry in archive.infolist() if not _left_out(entry)}
            root = _root(list(members))
            tables = [name for name in members if name.endswith(".csv") and "/" not in name[len(root) :]]
            inside = archive.read(tables[0]) if len(tables) == 1 else None
            named = [name for name in members if PurePosixPath(name).name in wordnet.NAMES_FILES]
            words = archive.read(named[0]).decode("utf-8", errors="replace") if named else ""
    except FileNotFoundError:
        raise SummitError(f"the archive {path} does not exist") from None
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise SummitError(f"{path} cannot be read as a zip archive: {error}") from None
    images = {name[len(root) :]: _image(entry, root) for name, entry in members.items() if name.startswith(root)}
    reader, flat = ZipReader(path), not any("/" in name for name in images)
    if labels is None and flat and len(tables) != 1:
        raise SummitError(
            f"{path} holds no folders and {len(tables)} CSV files: "
            "say with --labels FILE.csv which image is of which class"
        )
    if labels is not None or flat:
        rows = (
            label_file.read(labels) if labels is not None else label_file.parse(inside or b"", f"{path}: {tables[0]}")
        )
        labelled = label_file.labelled_images(rows, images, labels or path)
        numbered = are_numbers([label for _, label in labelled])
    else:
        labelled = [(image, name.partition("/")[0]) for name, image in images.items() if "/" in name]
        numbered = False
    classes = refuse_empty(grouped(labelled, limit, numbered=numbered), path)
    ids = all(wordnet.is_id(entry.name) for entry in classes)
    names = wordnet.parse_names(words, path) if words and ids else wordnet.names_near(path, [c.name for c in classes])
    by_folder = labels is None and not flat
    return ImageSource(path.stem, classes, reader, paths_say_class=by_folder, names=names)


def _left_out(entry: zipfile.ZipInfo) -> bool:
    """Folders, hidden files, and what macOS puts into archives."""
    parts = PurePosixPath(entry.filename).parts
    return entry.is_dir() or any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _root(names: Sequence[str]) -> str:
    """The outer folder, with its `/`, below which the class folders or the images with their labels lie."""
    root = ""
    while True:
        heads = {name[len(root) :].partition("/")[0] for name in names if "/" in name[len(root) :]}
        beside = [name for name in names if "/" not in name[len(root) :]]
        # One folder alone is a class where images lie in it; a file of names may lie beside or in the outer one.
        if len(heads) != 1 or any(not _is_text(name) for name in beside):
            return root
        inner = f"{root}{heads.pop()}/"
        directly = [name for name in names if name.startswith(inner) and "/" not in name[len(inner) :]]
        deeper = [name for name in names if name.startswith(inner) and "/" in name[len(inner) :]]
        labelled = any(name.endswith(".csv") for name in directly)
        if not labelled and (not deeper or any(not _is_text(name) for name in directly)):
            return root
        root = inner


def _is_text(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in (".txt", ".json", ".csv", ".md", "")


def _image(entry: zipfile.ZipInfo, root: str) -> SourceImage:
    place = (entry.header_offset, entry.compress_size, entry.compress_type, entry.CRC, entry.flag_bits)
    return SourceImage(entry.filename[len(root) :], entry.file_size, place)


def _unpacked(packed: bytes, method: int) -> bytes:
    if method == zipfile.ZIP_STORED:
        return packed
    if method != zipfile.ZIP_DEFLATED:
        raise UnreadableImage(f"packed by a method ({method}) other than stored or deflated")
    try:
        return zlib.decompress(packed, -zlib.MAX_WBITS)
    except zlib.error as error:
        raise UnreadableImage(f"the archive is damaged here: {error}") from None
