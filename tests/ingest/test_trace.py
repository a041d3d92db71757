"""The trace: all terms of a target channel together are the value that the model computes for it, biases aside."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.counting import Counter
from ingest.layers import choose_layers
from ingest.trace import trace
from tests.ingest.golden import VECTORS, read_vector
from tests.ingest.golden_models import golden_images, golden_model
from tests.ingest.term_sums import compare_terms_with_values, lively
from tests.ingest.trace_models import (
    Apply,
    Between,
    BlurPool,
    Gate,
    NormedConcatenation,
    SubsampledLinearShortcut,
    space_to_depth,
)
from tests.models.resnet20 import resnet20

TOLERANCE = 1e-9
MODELS = sorted({name.split(".")[0] for name in VECTORS})


def _images(*size: int) -> Tensor:
    return torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", MODELS)
def test_terms_and_biases_are_the_values_of_the_golden_models(shared: Path, name: str) -> None:
    folder = shared / "definitions"
    vector = read_vector(folder, name)
    images, _ = golden_images(folder, vector)
    model = golden_model(folder, vector).double()
    found = trace(model, images[:2].double(), [layer["name"] for layer in vector["layers"]], influence_top=5)
    sums = compare_terms_with_values(found, images[[0, 6]].double())
    assert sums.blocks >= len(vector["layers"]) - 1
    assert sums.worst < TOLERANCE


def test_terms_and_biases_are_the_values_of_a_resnet_20() -> None:
    _assert_proved(lively(resnet20()), _images(32, 32), blocks=16)


def test_terms_and_biases_are_the_values_of_a_googlenet() -> None:
    _assert_proved(lively(torchvision.models.googlenet(weights=None, init_weights=False)), _images(64, 64), blocks=48)


@pytest.mark.parametrize(
    ("between", "channels", "hops"),
    [
        (NormedConcatenation(), 6, {"between.out", "between.one", "between.two"}),
        (SubsampledLinearShortcut(), 6, {"between.add"}),
        (Apply(space_to_depth), 24, set()),
        (Apply(lambda x: F.pad(x, (2, 1, 1, 2), mode="reflect")), 6, set()),
        (Apply(lambda x: x * torch.sigmoid(x) / 3 + 1), 6, set()),
        (Apply(lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear")), 6, set()),
        (BlurPool(), 6, set()),
        (Gate(), 6, set()),
        (
            nn.Sequential(nn.Conv2d(6, 8, 3, padding="same", dilation=2), nn.GroupNorm(2, 8), nn.PReLU()),
            8,
            {"between.0"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_users_own_operations_are_followed(between: nn.Module, channels: int, hops: set[str]) -> None:
    model = lively(Between(between, channels))
    found = trace(model, _images(8, 8), ["last", "first"], influence_top=5)
    assert {target for target, _ in found.hops} == hops | {"last"}
    sums = compare_terms_with_values(found, _images(8, 8))
    assert sums.blocks >= 1
    assert sums.worst < TOLERANCE


def test_a_gate_on_a_map_of_one_position_is_what_is_computed_from_the_other_operand() -> None:
    model = Between(nn.Sequential(nn.AdaptiveAvgPool2d(1), Gate()))
    found = trace(model, _images(8, 8).float(), ["first", "last"], influence_top=5)
    assert found.hops == (("last", "first"),)
    assert found.structure.direct["last"].all()


def test_a_source_channel_that_reaches_a_target_in_several_ways_is_one_term() -> None:
    model = Between(Apply(space_to_depth), 24)
    found = trace(model, _images(8, 8).float(), ["first", "last"], influence_top=5)
    (block,) = found.targets[0].blocks
    assert block.patterns.toarray().tolist() == [[4] * 6]
    counter = Counter(found, activation_mass=0.5, activation_top=None, influence_top=5)
    counter.add(_images(8, 8).float())
    (hop,) = counter.take().hops
    assert hop.source_channel.max() < 6


def test_layers_come_in_forward_order_and_tensors_in_order_of_completion() -> None:
    model = Between(NormedConcatenation())
    found = trace(model, _images(8, 8).float(), ["last", "first"], influence_top=5)
    assert [layer.name for layer in found.structure.layers] == ["first", "last"]
    assert [tensor.name for tensor in found.tensors] == ["first", "between.one", "between.two", "between.out", "last"]
    assert [tensor.order for tensor in found.tensors] == [0, 1, 2, 3, 4]
    assert found.logits_width == 4


def test_what_plays_no_part_needs_no_understanding() -> None:
    class AttendingHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.attend = Between(nn.Identity()), nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.body(x)
            tokens = logits[:, None] + torch.zeros(3, 4)
            attended: Tensor = self.attend(tokens, tokens, tokens, need_weights=False)[0]
            return attended.mean(1)

    found = trace(AttendingHead(), _images(8, 8).float(), ["body.first", "body.last"], influence_top=5)
    assert found.hops == (("body.last", "body.first"),)


def _assert_proved(model: nn.Module, images: Tensor, blocks: int) -> None:
    found = trace(model, images, choose_layers(model, images), influence_top=5)
    sums = compare_terms_with_values(found, images)
    assert sums.blocks >= blocks
    assert sums.worst < TOLERANCE
