"""Models that are refused, one for each row of the table in docs/models.md."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.ingest.trace_models import (
    Apply,
    Attention,
    Between,
    RowsAsImages,
    Twice,
    branching_on_data,
    mixed_by_a_reshape,
)


class OwnBatchStatistics(nn.BatchNorm2d):
    """Batch normalization that keeps no statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, track_running_stats=False)


class SpatialGate(nn.Module):
    """A gate over positions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = x * torch.sigmoid(self.conv(x.amax(1, keepdim=True)))
        return gated


class SharedWeight(nn.Module):
    """One parameter in two operations."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 6, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.relu(F.conv2d(x, self.weight)), self.weight)


class TwoOutputs(nn.Module):
    """A model that returns a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.first(x)
        return self.last(x).mean((2, 3)), x


class OneBatchSize(nn.Module):
    """A reshape that names the size of the batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(2, 6, -1).reshape(x.shape)


class Autocast(nn.Module):
    """A convolution under autocast."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y: Tensor = self.conv(x)
        return y.float()


REFUSED: dict[str, Callable[[], nn.Module]] = {
    "attention over positions": lambda: Between(Attention()),
    "a gate over positions": lambda: Between(SpatialGate()),
    "a product of two maps": lambda: Between(Apply(lambda x: x * x.flip(1))),
    "a maximum of two maps (maxout)": lambda: Between(Apply(lambda x: torch.maximum(x, x.flip(1)))),
    "a softmax over channels": lambda: Between(Apply(lambda x: torch.softmax(x, 1))),
    "a gated linear unit": lambda: Between(nn.GLU(1), 3),
    "a mean or sum over channels that is no normalization": lambda: Between(
        Apply(lambda x: x - x.mean(1, keepdim=True))
    ),
    "a reshape that mixes channels (a pixel shuffle, say)": lambda: Between(Apply(mixed_by_a_reshape)),
    "rows, heads or groups that are folded into the batch": lambda: Between(RowsAsImages()),
    "a transposed convolution": lambda: Between(nn.ConvTranspose2d(6, 6, 2, 2)),
    "a convolution over one or three axes": lambda: Between(
        nn.Sequential(nn.Flatten(2), nn.Conv1d(6, 6, 1), nn.Unflatten(2, (8, 8)))
    ),
    "einsum": lambda: Between(Apply(lambda x: torch.einsum("bchw,cd->bdhw", x, torch.ones(6, 6)))),
    "batch normalization with the batch's own statistics": lambda: Between(OwnBatchStatistics(6)),
    "another precision (autocast, half)": lambda: Between(Autocast()),
    "dropout that stays on, noise": lambda: Between(Apply(lambda x: F.dropout(x, 0.5, training=True))),
    "a module with parameters that runs twice": lambda: Between(Twice()),
    "a parameter that two operations read": lambda: Between(SharedWeight()),
    "a branch on the data": lambda: Between(Apply(branching_on_data)),
    "a batch of one fixed size": lambda: Between(OneBatchSize()),
    "an output that is not one tensor (images, classes)": TwoOutputs,
}
"""What is refused -> a model that does it between its layers `first` and `last`, for images of 8 x 8."""
