"""The activation of channels, and the top channels of a layer, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ingest.influence.top import largest
from summit_graph.errors import SummitError


class NotFinite(SummitError):
    """A NaN or infinite value in a chosen layer or in the logits (layer "")."""

    def __init__(self, layer: str, position: int) -> None:
        where = f"layer {layer}" if layer else "the model's output"
        super().__init__(
            f"{where} is not finite for image {position} of the batch: check the weights and the preprocessing"
        )
        self.layer = layer
        self.position = position
        """Place of the image in its batch."""


@dataclass(frozen=True)
class Peaks:
    """A layer's activations for the images of a batch, and where they lie."""

    activation: Tensor
    """(B, C) float32 on the CPU: the largest value over space, negatives as 0."""
    cell: Tensor
    """(B, C) int64 on the CPU: place of the first maximum in row-major order."""
    width: int
    """Cells in a row of the layer's output: cell = y * width + x."""


def activations(output: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The largest value of each channel and its first place, negatives as they are.

    (B, ..., C, ...) -> (B, C), (B, C)
    """
    flat = output.movedim(axis, 1).flatten(2) if output.dim() > 2 else output[:, :, None]  # (B, C, P)
    if flat.device.type != "cpu":
        highest, cell = flat.max(dim=2)
        return highest, cell
    # torch's maximum with its place is not vectorized on processors: it takes up to ten times as long as numpy's.
    cell = torch.from_numpy(flat.detach().numpy().argmax(axis=2))  # (B, C), the first of equal ones, or of NaN
    return flat.gather(2, cell[:, :, None])[:, :, 0], cell


def refuse_not_finite(layer: str, values: Tensor) -> None:
    """Raises NotFinite for the first image with a NaN or infinite value.  (B, C)"""
    finite = torch.isfinite(values).all(dim=1)
    if not bool(finite.all()):
        raise NotFinite(layer, int((~finite).nonzero()[0]))


class ActivationTable:
    """A of one layer and class: how often each channel was among the top channels.

    Top channels are taken by descending activation (ties: lower channel first) until their sum reaches `mass` of all,
    the one that crosses included; or they are the first `top` with an activation above 0. Excluded channels count 0
    before.
    """

    def __init__(
        self, channels: int, *, mass: float, top: int | None, exclude: Sequence[int], device: torch.device
    ) -> None:
        self._channels, self._mass, self._top = channels, mass, top
        self._exclude = torch.tensor(sorted(exclude), dtype=torch.long, device=device)

    def empty_counts(self) -> Tensor:
        """Counts of a class that begins, on the device.  -> (C,) int32"""
        return torch.zeros(self._channels, dtype=torch.int32, device=self._exclude.device)

    def among_top(self, activation: Tensor) -> Tensor:
        """For how many images of a batch each channel is a top channel.  (B, C) -> (C,) int32"""
        kept = activation.clamp(min=0)
        if len(self._exclude):
            kept = kept.index_fill(1, self._exclude, 0)
        if self._top is None:
            chosen, channel = _top_by_mass(kept, self._mass)
        else:
            value, channel = largest(kept, self._top)
            chosen = value > 0
        return self.empty_counts().index_add_(0, channel.flatten(), chosen.flatten().to(torch.int32))


def _top_by_mass(activation: Tensor, mass: float) -> tuple[Tensor, Tensor]:
    """Which of the sorted channels are top channels, and the channels in that order.  (B, C) -> (B, C) bool, (B, C)"""
    value, channel = activation.sort(dim=1, descending=True, stable=True)
    reached = value.double().cumsum(dim=1)
    before = torch.nn.functional.pad(reached[:, :-1], (1, 0))
    return (before < mass * reached[:, -1:]) & (value > 0), channel
