"""Ingests leave no mark on a model or on torch: choosing, tracing, counting, checking labels; also where they fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks

from ingest.activation import NotFinite
from ingest.counting import Counter
from ingest.dry_run import rehearse
from ingest.layers import choose_layers
from ingest.pipeline import ingest
from ingest.receptive import receptive_fields
from ingest.reference import load_object
from ingest.trace import trace
from summit_graph.errors import SummitError, Unsupported
from summit_graph.run import Parameters
from tests.ingest.pictures import write_folders
from tests.ingest.trace_models import Apply, Between, Twice, branching_on_data

LAYERS = ("first", "last")
IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))
MODEL = """
import torch
from tests.ingest.trace_models import Apply, Between

with torch.random.fork_rng():
    torch.manual_seed(3)
    MODEL = Between(torch.nn.BatchNorm2d(6)).eval().requires_grad_(False)
    INFINITE = Between(Apply(lambda x: x / 0)).eval().requires_grad_(False)

def held():
    return MODEL

def infinite():
    return INFINITE
"""


def _marks(model: nn.Module) -> dict[str, Any]:
    """Everything of a model and of torch that could have been changed, in values that can be compared."""
    marks: dict[str, Any] = {
        "torch's random numbers": torch.get_rng_state().tolist(),
        "NumPy's random numbers": repr(np.random.get_state()),
        "Python's random numbers": random.getstate(),
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "type": torch.get_default_dtype(),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled("cuda")),
        "TensorFloat-32": (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32),
        "hooks of all modules": _hooks(module_hooks),
    }
    for name, module in model.named_modules():
        marks[f"{name}: attributes"] = sorted(vars(module))
        marks[f"{name}: training"] = module.training
        marks[f"{name}: hooks"] = _hooks(module)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        marks[f"{name}: tensor"] = (id(tensor), tensor.data_ptr(), tensor.dtype, tensor.requires_grad, tensor.grad)
        marks[f"{name}: values"] = tensor.detach().cpu().numpy().tobytes()
    return marks


def _hooks(owner: object) -> dict[str, int]:
    return {name: len(found) for name, found in vars(owner).items() if "hooks" in name and isinstance(found, dict)}


def _assert_untouched(model: nn.Module, act: Callable[[], object], error: type[Exception] | None = None) -> None:
    before = _marks(model)
    if error is None:
        act()
    else:
        with pytest.raises(error):
            act()
    after = _marks(model)
    assert [name for name in before | after if before.get(name) != after.get(name)] == []


class Failing(nn.Module):
    """A forward pass that fails in its middle."""

    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("no such thing")


def _training(between: nn.Module) -> nn.Module:
    """A model in training mode but for one module, with hooks, a gradient and a frozen parameter of its user's own."""
    model = Between(between).train()
    model.last.eval()
    model.last.weight.requires_grad_(False)
    model.head.weight.grad = torch.ones_like(model.head.weight)
    model.first.register_forward_hook(lambda *_: None)
    return model


@pytest.mark.parametrize(
    ("between", "error"),
    [
        (nn.Sequential(nn.BatchNorm2d(6), nn.Dropout(0.5)), None),
        (Twice(), Unsupported),
        (Apply(branching_on_data), Unsupported),
        (Failing(), Unsupported),
    ],
    ids=["understood", "runs-twice", "branches", "fails"],
)
def test_tracing_leaves_no_mark(between: nn.Module, error: type[Exception] | None) -> None:
    model = _training(between)
    _assert_untouched(model, lambda: trace(model, IMAGES, LAYERS, influence_top=5), error)


@pytest.mark.parametrize(("between", "error"), [(nn.Dropout(0.5), None), (Failing(), SummitError)])
def test_choosing_layers_leaves_no_mark(between: nn.Module, error: type[Exception] | None) -> None:
    model = _training(between)
    _assert_untouched(model, lambda: choose_layers(model, IMAGES), error)


def test_receptive_fields_and_counting_leave_no_mark() -> None:
    model = _training(nn.BatchNorm2d(6))
    found = trace(model, IMAGES, LAYERS, influence_top=5)
    _assert_untouched(model, lambda: receptive_fields(found))
    counter = Counter(found, activation_mass=0.5, activation_top=None, influence_top=5)
    _assert_untouched(model, lambda: counter.add(IMAGES))
    _assert_untouched(model, lambda: counter.add(IMAGES * torch.inf), NotFinite)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "held_model.py").write_text(MODEL)
    write_folders(tmp_path / "images", {"ant": 6, "bee": 6, "cat": 6, "dog": 6}, size=(8, 8))
    return tmp_path


def _parameters(place: Path, factory: str = "held", **changes: Any) -> Parameters:
    given: dict[str, Any] = {"layers": LAYERS, "mean": (0.5,) * 3, "std": (0.25,) * 3, "accept_labels": True}
    return Parameters(**given | {"model": f"{place / 'held_model.py'}:{factory}", "batch_size": 4} | changes)


def _held(place: Path, factory: str = "held") -> nn.Module:
    model: nn.Module = load_object(f"{place / 'held_model.py'}:{factory}", meaning="model factory")()
    return model


def test_an_ingest_leaves_no_mark_on_the_model_that_a_factory_holds(place: Path) -> None:
    _assert_untouched(_held(place), lambda: ingest(_parameters(place), place / "images", place / "run"))


def test_a_dry_run_leaves_no_mark(place: Path) -> None:
    _assert_untouched(_held(place), lambda: rehearse(_parameters(place), place / "images"))


def test_an_ingest_that_fails_in_its_middle_leaves_no_mark(place: Path) -> None:
    parameters = _parameters(place, "infinite")
    _assert_untouched(
        _held(place, "infinite"), lambda: ingest(parameters, place / "images", place / "run"), SummitError
    )


def test_labels_that_are_refused_leave_no_mark(place: Path) -> None:
    parameters = _parameters(place, accept_labels=False)

    def refused() -> None:
        with pytest.raises(SummitError, match="the labels look wrong"):
            ingest(parameters, place / "images", place / "run")

    _assert_untouched(_held(place), refused)
