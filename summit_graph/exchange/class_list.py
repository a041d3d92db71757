"""The classes of published graphs: a CSV file with the columns index, wnid (ImageNet's id, may be empty) and name."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from summit_graph.errors import SummitError

COLUMNS = ("index", "wnid", "name")


@dataclass(frozen=True)
class ListedClass:
    """One line of the list."""

    number: int
    """The model's output index."""
    wnid: str
    """ImageNet's id, such as n01440764; empty where the classes are others."""
    name: str


def read_class_list(path: Path) -> dict[int, ListedClass]:
    """The listed classes by number.

    Raises SummitError where the file cannot be read, lacks a column, or has a line without a number or name of its own.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise SummitError(
                    f"{path} has no column {' and '.join(missing)}: its first line must be {','.join(COLUMNS)}"
                )
            return _by_number(path, reader)
    except OSError as error:
        raise SummitError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SummitError(f"{path} is no CSV file in UTF-8: {error}") from None


def _by_number(path: Path, reader: csv.DictReader[str]) -> dict[int, ListedClass]:
    listed: dict[int, ListedClass] = {}
    for row in reader:
        index, wnid, name = ((row[column] or "").strip() for column in COLUMNS)
        where = f"{path}, line {reader.line_num}"
        if not (index.isascii() and index.isdigit()):
            raise SummitError(f"{where}: index is {index!r}, it must be the class's number, from 0")
        if not name:
            raise SummitError(f"{where}: class {index} has no name")
        number = int(index)
        if number in listed:
            raise SummitError(f"{where}: class {number} is listed twice")
        listed[number] = ListedClass(number, wnid, name)
    return listed
