"""A run's manifest: what was computed, from what, by what, and the digests of its tables (docs/run-directory.md)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from summit_graph.errors import SummitError
from summit_graph.run import atomic
from summit_graph.run.parameters import Parameters

FILE_NAME = "manifest.json"
FORMAT = 1
"""Version of the run directory's format; raised when a reader of the older format could not read the newer."""

STARTED, COMPLETE = "started", "complete"
PARTIAL = "partial"
"""State of a run that was opened although its ingest has not ended; never written."""
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class LayerEntry:
    """A chosen layer, in forward order."""

    name: str
    index: int
    channels: int


@dataclass(frozen=True)
class Manifest:
    """manifest.json. `totals` holds importance and influence downwards before selection, per class number and layer."""

    run: str
    model: str
    dataset: str
    layers: tuple[LayerEntry, ...]
    parameters: Parameters | None
    """None where the run was made elsewhere and its parameters are only known in `notes["published_parameters"]`."""
    images_digest: str
    weights_digest: str
    created: str
    """UTC, ISO 8601, seconds; not part of the run digest."""
    software: Mapping[str, str] = field(default_factory=dict)
    direct: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Per layer, the channels whose terms all come from chosen layers; `attribute` takes the cap from them."""
    images: int | None = None
    skipped: tuple[Mapping[str, str], ...] = ()
    """Images that could not be read: path and reason."""
    totals: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What else is worth knowing: published parameters, excluded_after, how the embedding was made."""
    state: str = STARTED
    format: int = FORMAT

    def __post_init__(self) -> None:
        check_run_id(self.run)

    @property
    def digest(self) -> str:
        """The run digest: SHA-256 over the tables' digests and what they were computed from, without `software`."""
        stored = self.to_json()
        keys = ("model", "layers", "parameters", "weights_digest", "images_digest")
        text = json.dumps([sorted(self.tables.items()), {key: stored[key] for key in keys}], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def finished(self, **changes: Any) -> Manifest:
        """This manifest with its results, complete."""
        return replace(self, state=COMPLETE, **changes)

    def differences(self, other: Manifest) -> list[str]:
        """In what the inputs of two manifests differ, by name: empty where one run can go on in the other's folder."""
        keys = ("run", "model", "dataset", "layers", "images_digest", "weights_digest", "format")
        names = [key for key in keys if getattr(self, key) != getattr(other, key)]
        if self.parameters is not None and other.parameters is not None:
            return names + self.parameters.differences(other.parameters)
        return names + (["parameters"] if self.parameters != other.parameters else [])

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON values."""
        return {
            "format": self.format,
            "run": self.run,
            "model": self.model,
            "dataset": self.dataset,
            "created": self.created,
            "layers": [{"name": entry.name, "index": entry.index, "channels": entry.channels} for entry in self.layers],
            "direct": {layer: list(channels) for layer, channels in self.direct.items()},
            "parameters": self.parameters.to_json() if self.parameters is not None else None,
            "images_digest": self.images_digest,
            "weights_digest": self.weights_digest,
            "images": self.images,
            "skipped": [dict(entry) for entry in self.skipped],
            "software": dict(self.software),
            "totals": {number: {layer: dict(sums) for layer, sums in of.items()} for number, of in self.totals.items()},
            "tables": dict(self.tables),
            "notes": dict(self.notes),
            "state": self.state,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Manifest:
        """A manifest out of its JSON; raises SummitError where it is of another format or not one of ours."""
        if not isinstance(stored, Mapping) or "format" not in stored or "run" not in stored:
            raise SummitError(f"{FILE_NAME} is no manifest of a summit-graph run")
        if stored["format"] != FORMAT:
            raise SummitError(
                f"the run's format is {stored['format']} and this version reads format {FORMAT}: "
                "update summit-graph or ingest again"
            )
        values = dict(stored)
        try:
            values["layers"] = tuple(LayerEntry(**entry) for entry in values["layers"])
            values["direct"] = {layer: tuple(channels) for layer, channels in values["direct"].items()}
            values["skipped"] = tuple(values["skipped"])
            if values["parameters"] is not None:
                values["parameters"] = Parameters.from_json(values["parameters"])
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise SummitError(f"{FILE_NAME} is damaged or of another version: {error}") from None


def run_name(directory: Path) -> str:
    """The name of a run that is given none: its directory's, in which what cannot be in a name becomes `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", directory.resolve().name).lstrip("._-")[:64] or "run"


def now() -> str:
    """The time for `created`: UTC, ISO 8601, whole seconds; as text it sorts by time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_run_id(run: str) -> None:
    """Raises SummitError unless `run` can be a run's id: it is part of every id in the graph, joined by `/`."""
    if not _RUN_ID.fullmatch(run):
        raise SummitError(
            f"{run!r} cannot be a run's name: take up to 64 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit"
        )


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a run directory; raises SummitError where there is none or it cannot be read."""
    path = directory / FILE_NAME
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SummitError(f"{directory} is no run directory: it has no {FILE_NAME}") from None
    except (OSError, ValueError) as error:
        raise SummitError(f"{path} cannot be read: {error}") from None
    return Manifest.from_json(stored)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Writes manifest.json, whole or not at all."""
    atomic.write_json(directory / FILE_NAME, manifest.to_json())
