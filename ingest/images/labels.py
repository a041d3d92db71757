"""Which output of the model each class of images stands for."""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.images.wordnet import NAMES_FILES, is_id
from summit_graph.errors import SummitError

IMAGENET_CLASSES = 1000
COLUMNS = ("folder", "number", "name")
"""Columns of the file given as `--classes`; `name` may be left out."""


@dataclass(frozen=True)
class Labels:
    """Class numbers (the model's outputs) of the images' classes, and names of the outputs."""

    number_of: Mapping[str, int]
    """Per name of a class of images: its folder's, or its label."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Per number, of every output whose name is known, whether it has images or not."""
    rule: str = ""
    """How the classes were matched, for the summary."""

    def name(self, number: int) -> str:
        """The output's name; its number where none is known."""
        return self.names.get(number, str(number))

    @property
    def digest(self) -> str:
        """SHA-256 of the folders' numbers and the names: two ingests with equal ones write the same classes."""
        text = json.dumps([sorted(self.number_of.items()), sorted(self.names.items())])
        return hashlib.sha256(text.encode()).hexdigest()


def match_labels(
    folders: Sequence[str],
    outputs: int,
    *,
    categories: Sequence[str] = (),
    classes: Path | None = None,
    numbers: Mapping[str, int] | None = None,
    names: Mapping[str, str] | None = None,
) -> Labels:
    """Matches the images' classes to the model's outputs.

    `classes`, a CSV of folder, number and name, decides where it is given. Else labels that are numbers are the
    outputs'; the folders may be named as the weights' categories, or by ImageNet's ids where the model has its 1,000
    outputs. Else, where there are as many folders as outputs, the sorted folders count 0, 1, …

    Args:
        folders: names of the classes: of their folders, or their labels.
        outputs: the model's number of outputs.
        categories: names of the outputs, where the weights have them; other numbers of names than outputs are no help.
        classes: the file of `--classes`.
        numbers: the outputs of classes whose labels are numbers.
        names: what the source calls its classes: by id in ImageNet's layout, by number where labels are numbers.

    Raises SummitError where none of these says it, or the file contradicts the folders or the outputs.
    """
    known = dict(enumerate(categories)) if len(categories) == outputs else {}
    names = names or {}
    if classes is not None:
        return _from_file(classes, folders, outputs)
    if numbers:
        return _by_number(numbers, outputs, known or {int(key): name for key, name in names.items() if key.isdecimal()})
    by_category = _by_category(folders, known)
    if by_category is not None:
        return Labels(by_category, known, "folders are named as the weights' categories")
    by_id = _by_imagenet_id(folders, outputs, names)
    if by_id is not None:
        said = {number: names.get(folder, folder) for folder, number in by_id.items()}
        if len(names) == outputs:
            said = dict(enumerate(names[wordnet_id] for wordnet_id in sorted(names)))
        return Labels(by_id, known or said, "folders are ImageNet's ids")
    if len(folders) != outputs:
        raise SummitError(
            f"there are {len(folders)} class folders and the model has {outputs} outputs: "
            f"say which folder is which output with --classes FILE.csv (columns {', '.join(COLUMNS)})"
        )
    ordered = sorted(folders)
    return Labels(
        {folder: number for number, folder in enumerate(ordered)},
        dict(enumerate(ordered)),
        "sorted folders count from 0",
    )


def _by_number(numbers: Mapping[str, int], outputs: int, names: Mapping[int, str]) -> Labels:
    beyond = max(numbers.values())
    if beyond >= outputs:
        raise SummitError(
            f"the images have the label {beyond} and the model's outputs are 0 to {outputs - 1}: "
            f"say which label is which output with --classes FILE.csv (columns {', '.join(COLUMNS)})"
        )
    return Labels(
        dict(numbers), {n: name for n, name in names.items() if n < outputs}, "labels are the outputs' numbers"
    )


def _by_category(folders: Sequence[str], names: Mapping[int, str]) -> dict[str, int] | None:
    """Numbers of folders that are all named as categories; None where one is not, or its name means two outputs."""
    occurrences = Counter(map(_plain, names.values()))
    numbers = {_plain(name): number for number, name in names.items() if occurrences[_plain(name)] == 1}
    found = {folder: numbers[_plain(folder)] for folder in folders if _plain(folder) in numbers}
    return found if len(found) == len(folders) and len(set(found.values())) == len(folders) else None


def _by_imagenet_id(folders: Sequence[str], outputs: int, names: Mapping[str, str]) -> dict[str, int] | None:
    """Numbers of folders named by WordNet ids (`n01440764`): ImageNet counts its ids in sorted order.

    All 1,000 say it themselves, as folders or in the names file; else the list of ids comes with timm.
    """
    if outputs != IMAGENET_CLASSES or not folders or not all(map(is_id, folders)):
        return None
    if len(folders) == outputs:
        return {folder: number for number, folder in enumerate(sorted(folders))}
    numbers = {wordnet_id: number for number, wordnet_id in enumerate(_imagenet_ids(len(folders), names))}
    unknown = sorted(set(folders) - set(numbers))
    if unknown:
        raise SummitError(f"the folder {unknown[0]} is none of ImageNet's 1,000 ids: give --classes FILE.csv")
    return {folder: numbers[folder] for folder in folders}


def _imagenet_ids(folders: int, names: Mapping[str, str]) -> Sequence[str]:
    if len(names) == IMAGENET_CLASSES:
        return sorted(names)
    try:
        from timm.data.imagenet_info import ImageNetInfo
    except ImportError:
        raise SummitError(
            f"{folders} of ImageNet's 1,000 ids: put its names file ({NAMES_FILES[0]}) beside the folders, "
            "install timm, which has the list, or give --classes FILE.csv"
        ) from None
    information: Any = ImageNetInfo()
    ids: Sequence[str] = information.label_names()
    return ids


def _from_file(path: Path, folders: Sequence[str], outputs: int) -> Labels:
    rows = _read(path)
    number_of: dict[str, int] = {}
    names: dict[int, str] = {}
    for line, row in enumerate(rows, start=2):
        folder, text = row["folder"], row["number"]
        if not text.isdecimal() or int(text) >= outputs:
            raise SummitError(f"{path}, line {line}: number {text!r} is no output of the model: 0 to {outputs - 1} are")
        number = int(text)
        if folder in number_of:
            raise SummitError(f"{path}, line {line}: the folder {folder!r} is there twice")
        if number in names:
            raise SummitError(f"{path}, line {line}: the number {number} is there twice")
        number_of[folder] = number
        names[number] = row.get("name") or folder
    for folder in folders:
        if folder not in number_of:
            nearest = difflib.get_close_matches(folder, number_of, n=1)
            hint = f" (nearest: {nearest[0]})" if nearest else ""
            raise SummitError(f"{path} does not name the folder {folder!r}{hint}: add it, or move the folder away")
    return Labels({folder: number_of[folder] for folder in folders}, names, f"by {path.name}")


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            header = [column.strip() for column in reader.fieldnames or ()]
            missing = [column for column in COLUMNS[:2] if column not in header]
            if missing:
                raise SummitError(f"{path} has no column {missing[0]!r}: its first line must be {','.join(COLUMNS)}")
            return [
                {(key or "").strip(): (value if isinstance(value, str) else "").strip() for key, value in row.items()}
                for row in reader
            ]
    except FileNotFoundError:
        raise SummitError(f"the file of classes {path} does not exist") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SummitError(f"{path} cannot be read as CSV in UTF-8: {error}") from None


def _plain(name: str) -> str:
    """A name as people write it in folders: without case, underscores for spaces."""
    return " ".join(name.replace("_", " ").casefold().split())
