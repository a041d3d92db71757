"""Weights of a model: reading a checkpoint without running code, fitting its keys, and its digest.

A checkpoint is read with `torch.load(weights_only=True)`, always: a file that holds more than tensors and plain values
is refused, never run. The state dict may lie under `state_dict`, `model` or `model_ema`, and its keys may share a
prefix (`module.` of DataParallel); both are found and said.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from summit_graph.errors import SummitError

CONTAINERS = ("state_dict", "model", "model_ema")
"""Keys of a checkpoint under which its state dict may lie, in the order they are tried."""

_SHOWN_KEYS = 3
_BEGINNINGS = (b"PK", b"\x80")
"""First bytes of the files that torch writes: a zip, or before version 1.6 a pickle."""


@dataclass(frozen=True)
class Checkpoint:
    """A state dict whose keys are a model's own, and where in its file it was found."""

    tensors: Mapping[str, Tensor]
    container: str
    """The checkpoint's key under which the state dict lay; empty where the file is the state dict."""
    prefix: str
    """What was taken off every key."""

    @property
    def found(self) -> str:
        """One phrase for the user: where the state dict lay and which prefix was taken off; empty if neither."""
        parts = [f"under {self.container!r}"] if self.container else []
        parts += [f"prefix {self.prefix!r} taken off"] if self.prefix else []
        return ", ".join(parts)


def load_weights(model: nn.Module, path: Path) -> Checkpoint:
    """Loads a weights file into a model; raises SummitError if it is missing, unsafe or does not fit (which keys)."""
    own_keys = tuple(model.state_dict())
    container, tensors = _state_dict_in(_read(path), path)
    prefix = _common_prefix(tensors, own_keys)
    tensors = {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
    _fit(model, tensors, path)
    return Checkpoint(tensors, container, prefix)


def weights_digest(model: nn.Module) -> str:
    """SHA-256 over the state dict: of each entry, in its order, the name, a zero byte, and the tensor's bytes."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode() + b"\0")
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _read(path: Path) -> Any:
    if path.is_dir():
        raise SummitError(f"the weights file {path} is a folder: give the file in it")
    if not path.is_file():
        raise SummitError(f"the weights file {path} does not exist")
    not_weights = f"{path} is no weights file that torch.save wrote, or is damaged"
    with path.open("rb") as file:
        if not file.read(2).startswith(_BEGINNINGS):
            raise SummitError(not_weights)
    try:
        with warnings.catch_warnings():
            # torch warns of a pickle protocol it does not write itself, right before it refuses the file.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise SummitError(
            f"{path} was not loaded: it holds more than tensors, and Python objects in it could run code; "
            "save the state dict alone with torch.save(model.state_dict(), FILE)"
        ) from error
    # A file of another kind, or a damaged one, fails in whatever part of torch's reader meets it first.
    except Exception as error:
        raise SummitError(not_weights) from error


def _state_dict_in(stored: Any, path: Path) -> tuple[str, Mapping[str, Tensor]]:
    """The state dict of a checkpoint and the key under which it lay; entries that are no tensors are left out."""
    for container in CONTAINERS:
        tensors = _tensors_of(stored[container]) if isinstance(stored, Mapping) and container in stored else {}
        if tensors:
            return container, tensors
    tensors = _tensors_of(stored)
    if tensors:
        return "", tensors
    raise SummitError(f"{path} holds no state dict, neither at its top nor under {', '.join(CONTAINERS)}")


def _tensors_of(candidate: Any) -> dict[str, Tensor]:
    if not isinstance(candidate, Mapping):
        return {}
    return {key: value for key, value in candidate.items() if isinstance(key, str) and isinstance(value, Tensor)}


def _common_prefix(tensors: Mapping[str, Tensor], own_keys: tuple[str, ...]) -> str:
    """The prefix without which the most keys are the model's; the shortest of several, so none where none is needed."""
    own = set(own_keys)
    prefixes = {""}
    for key in tensors:
        parts = key.split(".")
        prefixes |= {".".join(parts[:depth]) + "." for depth in range(1, len(parts))}
    shared = [prefix for prefix in prefixes if sum(key.startswith(prefix) for key in tensors) > len(tensors) / 2]
    return max(shared, key=lambda prefix: (sum(key.removeprefix(prefix) in own for key in tensors), -len(prefix)))


def _fit(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Loads a state dict whose keys and shapes are the model's; otherwise raises SummitError that names them."""
    own = model.state_dict()
    wrong_shape = [
        f"{key} ({_shape(tensors[key])} for {_shape(own[key])})"
        for key in own
        if key in tensors and tensors[key].shape != own[key].shape
    ]
    if wrong_shape:
        raise SummitError(f"{path} does not fit the model: other shapes: {_shown(wrong_shape)}")
    # Without its metadata a state dict counts as one of an early version, whose batch-norms may lack
    # num_batches_tracked: checkpoints of that age are common.
    result = model.load_state_dict(dict(tensors), strict=False)
    complaints = []
    if result.missing_keys:
        complaints.append(f"missing keys: {_shown(result.missing_keys)}")
    if result.unexpected_keys:
        complaints.append(f"keys the model has not: {_shown(result.unexpected_keys)}")
    if complaints:
        raise SummitError(f"{path} does not fit the model: {'; '.join(complaints)}")


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "scalar"


def _shown(keys: list[str]) -> str:
    more = len(keys) - _SHOWN_KEYS
    return ", ".join(keys[:_SHOWN_KEYS]) + (f" and {more} more" if more > 0 else "")
