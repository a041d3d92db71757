"""What a trace refuses, by name, and that it leaves no mark on the model."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.trace import trace
from summit_graph.errors import NotFound, SummitError, Unsupported
from tests.ingest.trace_models import (
    Apply,
    Attention,
    Between,
    GroupsAsImages,
    HalvesAsImages,
    RowsAsImages,
    Twice,
    branching_on_data,
    mixed_by_a_reshape,
)

IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    ("between", "message"),
    [
        (Attention(), r"operation matmul in module between is not understood"),
        (Apply(mixed_by_a_reshape), r"operation conv2d in module last reads channels that a reshape has mixed"),
        (Apply(lambda x: torch.softmax(x, 1)), r"operation _?softmax in module between is not understood"),
        (
            Apply(lambda x: x * x.flip(1)),
            r"operation mul in module between multiplies two tensors, neither of which is a gate",
        ),
        (Apply(lambda x: torch.maximum(x, x.flip(1))), r"operation maximum in module between joins two tensors"),
        (nn.BatchNorm2d(6, track_running_stats=False), r"operation .*batch_norm.* in module between is not understood"),
        (Twice(), r"module between\.conv \(Conv2d\) runs 2 times in one forward pass"),
        (Apply(branching_on_data), r"a branch depends on the values of the data \(in module between\)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_what_cannot_be_followed_is_refused_by_operation_and_module(between: nn.Module, message: str) -> None:
    with pytest.raises(Unsupported, match=message) as caught:
        trace(Between(between), IMAGES, ["first", "last"], influence_top=5)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("noise", "operation"),
    [
        (lambda x: F.dropout(x, 0.5, training=True), "native_dropout"),
        (lambda x: F.dropout2d(x, 0.5, training=True), "feature_dropout|bernoulli"),
        (lambda x: x + 0.1 * torch.randn_like(x), "randn_like"),
        (lambda x: x * torch.rand(6, 1, 1), "rand"),
        (lambda x: x * torch.bernoulli(torch.full((x.shape[0], 1, 1, 1), 0.5)), "bernoulli"),
        (lambda x: F.rrelu(x, training=True), "rrelu\\w*"),
    ],
)
def test_a_model_that_draws_random_numbers_is_refused(noise: Callable[[Tensor], Tensor], operation: str) -> None:
    for layers in (["first", "last"], ["first"]):
        with pytest.raises(Unsupported, match=rf"operation ({operation}) in module between draws random numbers"):
            trace(Between(Apply(noise)).eval(), IMAGES, layers, influence_top=5)


def test_dropout_that_is_off_and_attention_without_it_draw_no_random_numbers() -> None:
    class Head(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            tokens = x.flatten(2).transpose(1, 2)
            return F.scaled_dot_product_attention(tokens, tokens, tokens).transpose(1, 2).view(x.shape)

    model = Between(nn.Sequential(nn.Dropout(0.5), nn.Dropout2d(0.5), nn.AlphaDropout(0.5), nn.RReLU()))
    model.last = nn.Sequential(model.last, Head())  # type: ignore[assignment]
    found = trace(model.eval(), IMAGES, ["first", "last.0"], influence_top=5)
    assert found.hops == (("last.0", "first"),)


@pytest.mark.parametrize("layers", [["first", "last"], ["first", "between.conv", "last"]])
@pytest.mark.parametrize("between", [RowsAsImages(), HalvesAsImages(), GroupsAsImages()])
def test_what_is_folded_into_the_batch_is_refused_where_a_layer_reads_it(between: nn.Module, layers: list[str]) -> None:
    with pytest.raises(Unsupported, match=r"in module between\.conv puts more than images on the first axis"):
        trace(Between(between), IMAGES, layers, influence_top=5)


def test_a_refused_operation_outside_the_chosen_layers_is_no_error() -> None:
    found = trace(Between(Attention()), IMAGES, ["last"], influence_top=5)
    assert found.hops == ()


def test_an_unknown_layer_names_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no layer 'frist' in the model; the nearest are first"):
        trace(Between(nn.Identity()), IMAGES, ["frist"], influence_top=5)


@pytest.mark.parametrize("pair", [("first", "first.1"), ("first.0", "first"), ("first", "between")])
def test_two_layers_that_hold_the_same_channels_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(SummitError, match="hold the same channels: choose one of them"):
        trace(Between(nn.MaxPool2d(2)), IMAGES, [*pair, "last"], influence_top=5)


def test_a_layer_that_does_not_run_is_refused() -> None:
    model = Between(nn.Identity())
    model.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(SummitError, match="layer 'spare' does not run"):
        trace(model, IMAGES, ["first", "spare"], influence_top=5)


@pytest.mark.parametrize("between", [nn.Identity(), Twice(), Apply(branching_on_data)])
def test_the_model_is_left_as_it_was_also_after_a_refusal(between: nn.Module) -> None:
    model = Between(between).train()
    model.last.eval()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    flags = [module.training for module in model.modules()]
    owned = {name: sorted(vars(module)) for name, module in model.named_modules()}
    try:
        trace(model, IMAGES, ["first", "last"], influence_top=5)
    except Unsupported:
        assert not isinstance(between, nn.Identity)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == flags
    assert {name: sorted(vars(module)) for name, module in model.named_modules()} == owned
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
