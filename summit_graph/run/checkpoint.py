"""Checkpoints of a run that is being written: what is known of each finished class, and the classes' names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from summit_graph.errors import SummitError
from summit_graph.run import atomic

CHECKPOINTS = "checkpoints"
"""Folder of the finished classes' checkpoints; gone once the run is complete."""
_NAMES = "names.json"


@dataclass(frozen=True)
class Checkpoint:
    """A class whose tables are all written."""

    tables: Mapping[str, str]
    """Relative path -> SHA-256 of the file."""
    totals: Mapping[str, Mapping[str, float]]
    """Per layer: `importance` and `influence` before selection."""
    skipped: Sequence[Mapping[str, str]]
    """Images that could not be read: `image` and `reason`."""

    def write(self, directory: Path, number: int) -> None:
        """Writes it, whole or not at all: from then on the class is finished."""
        plain = json.loads(json.dumps(asdict(self)))
        atomic.write_json(directory / CHECKPOINTS / f"{number:05d}.json", plain)


def read_checkpoint(directory: Path, number: int) -> Checkpoint:
    """The checkpoint of a finished class."""
    path = directory / CHECKPOINTS / f"{number:05d}.json"
    try:
        return Checkpoint(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SummitError(f"{path} cannot be read ({error}): remove it, and its class is ingested again") from None


def finished_classes(directory: Path) -> set[int]:
    """Numbers of the classes that have a checkpoint."""
    return {int(path.stem) for path in (directory / CHECKPOINTS).glob("*.json") if path.stem.isdigit()}


def write_names(directory: Path, names: Mapping[int, str]) -> None:
    """Keeps the classes' names until the run is complete."""
    atomic.write_json(directory / CHECKPOINTS / _NAMES, {str(number): name for number, name in names.items()})


def read_names(directory: Path) -> dict[int, str]:
    """The classes' names by number; empty where none were kept."""
    path = directory / CHECKPOINTS / _NAMES
    if not path.exists():
        return {}
    return {int(number): name for number, name in json.loads(path.read_text(encoding="utf-8")).items()}
