"""The golden vectors' models and images, read from the shared test data."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def golden_model(folder: Path, vector: dict[str, Any]) -> nn.Module:
    """A new instance of the model that a vector is for."""
    model: nn.Module = getattr(_models(folder), vector["model"].split(":")[-1])()
    return model


def golden_images(folder: Path, vector: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """The vector's images (12, 3, H, W) and their classes (12,)."""
    with np.load(folder / Path(vector["images"]).name) as stored:
        return torch.from_numpy(stored["images"]), torch.from_numpy(stored["labels"])


def _models(folder: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("golden_models_of_shared_data", folder / "models.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
