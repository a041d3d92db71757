"""A CSV file that says which image is of which class, for images that do not lie in one folder per class."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from ingest.images.source import SourceImage
from summit_graph.errors import SummitError

IMAGE_COLUMNS = ("image", "path", "file", "filename", "file_name", "image_id", "imageid", "id", "name")
"""Headings of the column of images, the likeliest first; case does not count."""
CLASS_COLUMNS = ("class", "label", "number", "category", "target", "folder", "breed", "predictionstring")
"""Headings of the column of classes: a name, or the number of the model's output."""


def lying_in(folder: Path) -> Path | None:
    """The one CSV file of a folder; None where there is none. Raises SummitError where there are several."""
    found = sorted(path for path in folder.glob("*.csv") if path.is_file() and not path.name.startswith("."))
    if len(found) > 1:
        raise SummitError(f"{folder} holds {len(found)} CSV files: say with --labels which one labels the images")
    return found[0] if found else None


def read(path: Path) -> list[tuple[str, str]]:
    """(image, class) of each row of a file; raises SummitError where it cannot be read or lacks a column."""
    try:
        return parse(path.read_bytes(), path)
    except FileNotFoundError:
        raise SummitError(f"the file of labels {path} does not exist") from None
    except OSError as error:
        raise SummitError(f"{path} cannot be read: {error.strerror}") from None


def parse(content: bytes, place: object) -> list[tuple[str, str]]:
    """(image, class) of each row of a CSV file's content; `place` names it in errors."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        rows = [(reader.line_num, row) for row in reader if any(value.strip() for value in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SummitError(f"{place} cannot be read as CSV in UTF-8: {error}") from None
    header = [value.strip().lower() for value in rows[0][1]] if rows else []
    image, label = (_column(header, known, place) for known in (IMAGE_COLUMNS, CLASS_COLUMNS))
    labelled = []
    for line, row in rows[1:]:
        values = [value.strip() for value in row]
        if len(values) <= max(image, label) or not values[image] or not values[label]:
            raise SummitError(f"{place}, line {line}: an image and its class are wanted, there is {','.join(row)!r}")
        # ImageNet's own file says a class and boxes: `n03995372 85 1 499 272`.
        boxes = header[label] == "predictionstring"
        labelled.append((values[image], values[label].split()[0] if boxes else values[label]))
    return labelled


def labelled_images(
    rows: Sequence[tuple[str, str]], images: Mapping[str, SourceImage], place: object
) -> list[tuple[SourceImage, str]]:
    """The images that the rows name, with their classes; images that no row names are left out.

    A row may leave out an image's suffix, where that is unambiguous. Raises SummitError for a row whose image is not
    there, or is there twice.
    """
    named_alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in images:
        path = PurePosixPath(name)
        if path.name:
            named_alike[str(path.with_suffix(""))].append(name)
    seen: set[str] = set()
    found = []
    for written, label in rows:
        name = str(PurePosixPath(written.replace("\\", "/")))
        if name not in images and len(named_alike.get(name, ())) == 1:
            (name,) = named_alike[name]
        if name not in images:
            raise SummitError(f"{place} names {written}, which is not among the images: mend the file of labels")
        if name in seen:
            raise SummitError(f"{place} names {written} twice: an image has one class")
        seen.add(name)
        found.append((images[name], label))
    return found


def _column(header: Sequence[str], known: Sequence[str], place: object) -> int:
    for name in known:
        if name in header:
            return header.index(name)
    raise SummitError(
        f"{place} has no column {known[0]!r}: its first line must be {IMAGE_COLUMNS[0]},{CLASS_COLUMNS[0]}"
    )
