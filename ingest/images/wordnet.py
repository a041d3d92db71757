"""ImageNet's classes by their WordNet ids (`n01440764` → tench): the names file of its layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from summit_graph.errors import SummitError

NAMES_FILES = ("LOC_synset_mapping.txt", "synset_words.txt", "imagenet_class_index.json", "words.txt")
"""Names files as they are spread: the data set's own, Caffe's, Keras's, WordNet's."""
_LEVELS = 4
"""The names file lies beside the images or up to three folders above: `ILSVRC/Data/CLS-LOC/train`."""
_ID = re.compile(r"n\d{8}")
_LINE = re.compile(r"(n\d{8})[\s,]+(\S.*)")


def is_id(name: str) -> bool:
    """Whether a class is named by a WordNet id."""
    return _ID.fullmatch(name) is not None


def names_near(images: Path, classes: Sequence[str]) -> dict[str, str]:
    """Names by id out of the names file with the images; empty where there is none or the classes are no ids."""
    if not classes or not all(map(is_id, classes)):
        return {}
    folder = images.resolve()
    for place in (folder, *folder.parents[: _LEVELS - 1]):
        for file in NAMES_FILES:
            if (place / file).is_file():
                return read_names(place / file)
    return {}


def read_names(path: Path) -> dict[str, str]:
    """Names by id of a names file, in the file's order; of several words for one thing the first.

    Raises SummitError where the file cannot be read.
    """
    try:
        return parse_names(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise SummitError(f"the names file {path} cannot be read: {error}") from None


def parse_names(text: str, place: object) -> dict[str, str]:
    """Names by id out of a names file's text; `place` names it in errors."""
    if text.lstrip().startswith("{"):
        try:
            entries = json.loads(text)
            return {str(entries[key][0]): str(entries[key][1]).replace("_", " ") for key in sorted(entries, key=int)}
        except (ValueError, LookupError, TypeError) as error:
            raise SummitError(f"the names file {place} is no list of classes: {error}") from None
    matches = (_LINE.match(line.strip()) for line in text.splitlines())
    return {match[1]: match[2].split(",")[0].strip() for match in matches if match}
