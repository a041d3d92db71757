"""Normalizations that a model writes out: X is what comes out of them, and what only looks alike is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.counting import Counter
from ingest.receptive import receptive_fields
from ingest.trace import trace
from summit_graph.errors import Unsupported
from tests.ingest.term_sums import compare_terms_with_values, lively
from tests.ingest.trace_models import Apply, Between

TOP = 2
Change = Callable[[Tensor], Tensor]


def over_second_axis(x: Tensor) -> Tensor:
    """Layer normalization as ConvNeXt's authors write it."""
    mean = x.mean(1, keepdim=True)
    variance = (x - mean).pow(2).mean(1, keepdim=True)
    x = (x - mean) / torch.sqrt(variance + 1e-6)
    return torch.linspace(-1, 2, 6)[:, None, None].to(x) * x + 0.1


def by_variance(x: Tensor) -> Tensor:
    """With torch's own variance, and one over the root."""
    variance, mean = torch.var_mean(x, dim=1, unbiased=False, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + 1e-5)


def in_groups(x: Tensor) -> Tensor:
    """Group normalization by hand."""
    groups = x.view(x.shape[0], 2, -1)
    groups = (groups - groups.mean(2, keepdim=True)) / (groups.var(2, keepdim=True) + 1e-5).sqrt()
    return groups.view(x.shape)


def root_mean_square(x: Tensor) -> Tensor:
    """Without a mean to subtract."""
    return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6)


UNDERSTOOD: tuple[Change, ...] = (
    over_second_axis,
    by_variance,
    in_groups,
    root_mean_square,
    lambda x: F.normalize(x, dim=1),
    lambda x: F.local_response_norm(x, 3, alpha=0.5),
    lambda x: x / (1 + F.avg_pool3d(x.square().unsqueeze(1), (3, 1, 1), 1, (1, 0, 0)).squeeze(1)).pow(0.75),
)
REFUSED: tuple[tuple[Change, str], ...] = (
    (lambda x: x - x.mean(1, keepdim=True), r"operation sub in module between.* no root of one divides the result"),
    (lambda x: x.exp() / x.exp().sum(1, keepdim=True), "operation sum in module between.* reduces the axis"),
    (lambda x: x * x.mean(1, keepdim=True).sigmoid(), "operation mean in module between.* reduces the axis"),
    (lambda x: x * x.square().mean(1, keepdim=True).sqrt(), "operation mean in module between.* reduces the axis"),
    (lambda x: x / x[:, :2].square().mean(1, keepdim=True).sqrt(), "operation mean in module between.* reduces"),
    (lambda x: x.square().mean(1, keepdim=True).sqrt() / x, "operation mean in module between.* reduces the axis"),
)


class Normalized(nn.Module):
    """A convolution, and what is done to its channels."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.conv, self.change = nn.Conv2d(6, 6, 3, padding=1), Apply(change)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.change(self.conv(x))
        return changed


def _images() -> Tensor:
    return torch.randn(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("change", UNDERSTOOD)
def test_a_normalization_that_is_written_out_acts_on_what_the_next_convolution_reads(change: Change) -> None:
    model, images = lively(Between(Normalized(change))), _images()
    found = trace(model, images, ["first", "last"], influence_top=TOP)
    assert found.hops == (("between.conv", "first"), ("last", "between.conv"))
    assert compare_terms_with_values(found, images).worst < 1e-9
    counter = Counter(found, activation_mass=0.5, activation_top=None, influence_top=TOP)
    read: list[Tensor] = []
    with model.get_submodule("between").register_forward_hook(lambda *call: read.append(call[2])), torch.no_grad():
        model(images)
    for image, x in zip(images, read[0], strict=True):
        counter.add(image[None])
        hop = next(each for each in counter.take().hops if each.target_tensor == "last")
        counted = set(zip(hop.target_channel.tolist(), hop.source_channel.tolist(), strict=True))
        assert counted == _largest_terms(model.get_submodule("last"), x)


@torch.no_grad()
def _largest_terms(conv: nn.Module, x: Tensor) -> set[tuple[int, int]]:
    """One term after the other: (target channel, source channel) of the largest."""
    assert isinstance(conv, nn.Conv2d)
    found: set[tuple[int, int]] = set()
    for row, kernels in enumerate(conv.weight):
        terms = [
            float(F.conv2d(x[None, [channel]], kernel[None, None], padding=conv.padding).max())
            for channel, kernel in enumerate(kernels)
        ]
        best = sorted(range(len(terms)), key=lambda channel: -terms[channel])[:TOP]
        found |= {(row, channel) for channel in best if terms[channel] > 0}
    return found


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_only_looks_like_a_normalization_is_refused(change: Change, message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        trace(Between(Normalized(change)), _images().float(), ["first", "last"], influence_top=TOP)


def test_a_local_response_normalization_widens_no_receptive_field() -> None:
    fields = [
        receptive_fields(trace(Between(Normalized(change)), _images().float(), ["first", "last"], influence_top=TOP))
        for change in (lambda x: x, UNDERSTOOD[-2], over_second_axis)
    ]
    assert all((fields[0]["last"] == each["last"]).all() for each in fields[1:])
