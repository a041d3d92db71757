"""Receptive fields against gradients: float64, random weights, gates held constant, and nothing that cuts a gradient.

A nonlinearity is replaced by a strictly increasing smooth one and a max-pool by a sum over the same windows while the
gradients are taken, so that a pixel has a gradient of 0 only where the cell does not see it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ingest.layers import choose_layers
from ingest.receptive import receptive_fields
from ingest.trace import trace
from tests.ingest.golden_models import golden_model
from tests.services.evidence import Section

FAMILIES = (
    "alexnet@70", "convnext_tiny@64", "densenet121@64", "efficientnet_b0@64", "efficientnet_v2_s@64", "inception_v3@96",
    "mnasnet0_5@64", "mobilenet_v2@64", "mobilenet_v3_small@64", "regnet_y_400mf@64", "resnet50@64",
    "resnext50_32x4d@64", "shufflenet_v2_x0_5@64", "squeezenet1_0@64", "vgg11_bn@64",
)  # fmt: skip
"""NAME@HEIGHT of image; it is six pixels narrower."""
_OPTIONS: dict[str, dict[str, Any]] = {"inception_v3": {"init_weights": False, "aux_logits": False}}


class Smooth(TorchFunctionMode):
    """Nonlinearities without flat places, max-pools that see their whole window, gates without gradient."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = options or {}
        name = getattr(function, "__name__", "")
        if name in ("relu", "relu_", "hardswish", "hardsigmoid", "relu6", "hardtanh", "gelu"):
            return functional.softplus(arguments[0])
        if name == "max_pool2d":
            return summed_windows(*arguments, **options)
        if name == "adaptive_max_pool2d":
            return functional.adaptive_avg_pool2d(arguments[0], arguments[1])
        if name in ("mul", "__mul__", "mul_") and all(isinstance(each, Tensor) for each in arguments):
            first, second = arguments
            if first.dim() == second.dim() == 4 and first.shape != second.shape:
                first, second = (each.detach() if each.shape[2:] == (1, 1) else each for each in (first, second))
            return torch.mul(first, second)
        return function(*arguments, **options)


def summed_windows(
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    **_: Any,
) -> Tensor:
    if dilation in (1, (1, 1)):
        return functional.avg_pool2d(x, kernel_size, stride, padding, ceil_mode)
    ones = torch.ones(x.shape[1], 1, kernel_size, kernel_size, dtype=x.dtype)
    return functional.conv2d(x, ones, None, stride, padding, dilation, groups=x.shape[1])


def fields_by_gradients(
    model: nn.Module, layers: Sequence[str], shape: tuple[int, ...], axes: dict[str, int], most_cells: int | None
) -> dict[str, dict[int, tuple[int, ...]]]:
    """The box of the pixels with a gradient, for the cells of every layer, or so many of them from first to last."""
    outputs: dict[str, Tensor] = {}
    handles = [
        model.get_submodule(name).register_forward_hook(
            lambda module, arguments, output, name=name: outputs.__setitem__(name, output.clone())
        )
        for name in layers
    ]
    image = torch.randn(1, *shape, dtype=torch.float64, requires_grad=True)
    with Smooth():
        model(image)
    for handle in handles:
        handle.remove()
    return {name: boxes_of_cells(outputs[name].movedim(axes[name], 1), image, most_cells) for name in layers}


def boxes_of_cells(output: Tensor, image: Tensor, most: int | None) -> dict[int, tuple[int, ...]]:
    cells = output.flatten(2)[0] if output.dim() > 2 else output[0][:, None]  # (C, cells)
    mixed = torch.randn(1, cells.shape[0], dtype=torch.float64) @ cells  # (1, cells)
    boxes: dict[int, tuple[int, ...]] = {}
    for index in np.unique(np.linspace(0, mixed.shape[1] - 1, most or mixed.shape[1]).astype(int)).tolist():
        (gradient,) = torch.autograd.grad(mixed[0, index], image, retain_graph=True, allow_unused=True)
        boxes[index] = (0, 0, 0, 0)
        if gradient is not None and len(seen := gradient[0].ne(0).any(0).nonzero()):
            (y0, x0), (y1, x1) = seen.amin(0).tolist(), seen.amax(0).tolist()
            boxes[index] = (x0, y0, x1 + 1, y1 + 1)
    return boxes


def randomized(model: nn.Module) -> nn.Module:
    torch.manual_seed(5)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point() and "kernel" not in name:
                value.copy_(torch.rand_like(value) + 0.5 if "var" in name else torch.randn_like(value))
                value.div_(max(1, value[0].numel()) ** 0.5 if value.dim() > 1 else 1)
    return model.eval()


def compare(model: nn.Module, layers: Sequence[str], shape: tuple[int, ...], most_cells: int | None = None) -> int:
    """Compares the fields of all cells, or of so many of each layer; gives how many."""
    model = randomized(model)
    traced = trace(model, torch.zeros(2, *shape), layers, influence_top=5)
    found = receptive_fields(traced)
    axes = {layer.name: layer.axis for layer in traced.layers}
    expected = fields_by_gradients(model.double(), layers, shape, axes, most_cells)
    assert set(found) == set(layers)
    for name in layers:
        assert {cell: tuple(found[name][cell].tolist()) for cell in expected[name]} == expected[name], name
        assert most_cells is not None or len(found[name]) == len(expected[name])
    return sum(map(len, expected.values()))


@pytest.mark.parametrize(
    "name",
    ["chain", "convnext", "dense", "gated", "grouped", "inception", "linear", "norms", "residual", "shuffle", "vgg"],
)
def test_the_golden_models_fields_are_those_of_their_gradients(shared: Path, name: str) -> None:
    folder = shared / "definitions"
    model = golden_model(folder, {"model": f"models.py:{name}"})
    layers = list(model.layers)  # type: ignore[arg-type]
    with np.load(folder / f"{name}.npz") as stored:
        shape = stored["images"].shape[1:]
    compare(model, layers, shape)


@pytest.mark.parametrize(("name", "size"), [("resnet18", 50), ("googlenet", 48)])
def test_a_real_networks_fields_are_those_of_its_gradients(name: str, size: int) -> None:
    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    model = getattr(torchvision.models, name)(weights=None, **options).eval()
    compare(model, choose_layers(model, torch.zeros(2, 3, size, size), ()), (3, size, size - 6))


@pytest.mark.long
@pytest.mark.parametrize("case", FAMILIES)
def test_a_familys_fields_are_those_of_its_gradients(case: str, evidence: Section) -> None:
    name, size = case.split("@")
    height, width = int(size), int(size) - 6
    model = torchvision.models.get_model(name, weights=None, **_OPTIONS.get(name, {})).eval()
    layers = choose_layers(model, torch.zeros(2, 3, height, width), ())
    cells = compare(model, layers, (3, height, width), most_cells=5)
    evidence.record("Receptive fields against gradients", case, f"{cells} cells of {len(layers)} layers, all equal")


class Between(nn.Module):
    """A convolution, an operation, and a convolution that is the layer."""

    def __init__(self, operation: Callable[[Tensor], Tensor], channels: int = 4, wide: int = 4) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, stride=2, padding=1)
        self.operation = operation
        self.layer = nn.Conv2d(wide, 5, (2, 3), stride=(1, 2), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        mapped: Tensor = self.layer(self.operation(self.stem(x)))
        return mapped.mean((2, 3))


BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).expand(4, 1, 3, 3) / 16


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: functional.max_pool2d(x, 3, 2, 1, ceil_mode=True),
        lambda x: functional.max_pool2d(x, 2, 1, 1, dilation=2),
        lambda x: functional.avg_pool2d(x, (2, 3), (2, 1), (1, 0), ceil_mode=True),
        lambda x: functional.adaptive_avg_pool2d(x, (4, 7)),
        lambda x: functional.adaptive_max_pool2d(x, (5, 3)),
        lambda x: functional.interpolate(x, scale_factor=2.0, mode="nearest"),
        lambda x: functional.interpolate(x, size=(7, 13), mode="bilinear", align_corners=True),
        lambda x: functional.interpolate(x, size=(5, 17), mode="bilinear", align_corners=False),
        lambda x: functional.interpolate(x, size=(6, 6), mode="bilinear", antialias=True),
        lambda x: functional.interpolate(x, size=(9, 14), mode="bicubic"),
        lambda x: x.flip(3),
        lambda x: x.roll((2, -3), (2, 3)),
        lambda x: x[:, :, 1::2, :-2],
        lambda x: functional.pad(x, (3, 1, 2, 4), value=2.0),
        lambda x: functional.pad(x, (3, 1, 2, 4), mode="reflect"),
        lambda x: functional.pad(x, (1, 2, 2, 0), mode="replicate"),
        lambda x: functional.conv2d(functional.pad(x, [1] * 4, mode="reflect"), BLUR.to(x.dtype), stride=2, groups=4),
        lambda x: x + x.flip(2),
        lambda x: torch.cat([x[:, :2], x[:, 2:].flip(2)], 1),
        lambda x: x - x.mean((2, 3), keepdim=True),
        lambda x: x.permute(0, 2, 3, 1).softmax(-1).permute(0, 3, 1, 2),
        lambda x: functional.group_norm(x, 2),
        lambda x: functional.layer_norm(x.permute(0, 2, 3, 1), (4,)).permute(0, 3, 1, 2),
        lambda x: functional.pixel_shuffle(x.repeat(1, 4, 1, 1), 2),
        lambda x: torch.sigmoid(x.mean((2, 3), keepdim=True)) * x,
        lambda x: x * torch.tanh(x),
    ],
)  # fmt: skip
def test_an_operations_fields_are_those_of_its_gradients(operation: Callable[[Tensor], Tensor]) -> None:
    compare(Between(operation), ["layer"], (3, 17, 21))


class Halves(nn.Module):
    """Two halves of channels that see different pixels; the layer reads one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 5, padding=2, dilation=1)
        self.layer = nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=2)
        self.head = nn.Linear(4 * 11 * 9, 6)

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat([self.narrow(x), self.wide(x)], 1)
        logits: Tensor = self.head(self.layer(joined.chunk(2, 1)[0]).flatten(1))
        return logits


def test_channels_that_are_sliced_away_widen_no_field() -> None:
    compare(Halves(), ["wide", "layer"], (3, 11, 9))
    traced = trace(Halves().eval(), torch.zeros(2, 3, 11, 9), ["layer"], influence_top=5)
    assert receptive_fields(traced)["layer"][4 * 9 + 4].tolist() == [2, 2, 7, 7]


def test_a_flat_layer_has_one_cell_that_sees_the_whole_image() -> None:
    traced = trace(Halves().eval(), torch.zeros(2, 3, 11, 9), ["head"], influence_top=5)
    assert receptive_fields(traced)["head"].tolist() == [[0, 0, 9, 11]]


def test_an_operation_that_is_not_described_reads_its_operands_whole() -> None:
    model = Between(lambda x: x.cumsum(2)).eval()
    traced = trace(model, torch.zeros(2, 3, 17, 21), ["layer"], influence_top=5)
    assert np.unique(receptive_fields(traced)["layer"], axis=0).tolist() == [[0, 0, 21, 17]]


def test_a_cell_that_reads_padding_alone_sees_no_pixel() -> None:
    model = Between(lambda x: functional.pad(x, (6, 0, 0, 0))).eval()
    traced = trace(model, torch.zeros(2, 3, 17, 21), ["layer"], influence_top=5)
    assert receptive_fields(traced)["layer"][0].tolist() == [0, 0, 0, 0]
