"""The largest value over positions of every single-channel term of a block, where it has a closed form.

`PointwiseTerms`  a term K * X of one weight: its maximum is K * max X or K * min X.
`IdentityTerms`   a channel as it is: one term a row.

Every other term is one of `ingest.influence.patch_terms.PatchTerms`.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.fx import Node

from ingest.influence.patches import patches, weights
from ingest.trace.program import Values
from ingest.trace.terms import Contribution


class TermMaxima(Protocol):
    """Some of a block's terms."""

    @property
    def reads(self) -> tuple[Node, ...]:
        """The values that they are computed from."""

    @property
    def rows(self) -> Tensor:
        """(R,) rows of the block that these terms belong to."""

    @property
    def sources(self) -> Tensor:
        """(1 or R, N) source channel of each term, on the device; one row where it is the same for all."""

    def maxima(self, values: Values, images: slice) -> Tensor:
        """Largest value over positions of each term, minus infinity where there is none.  -> (B, R, N)"""


class PointwiseTerms:
    """Terms of a 1x1 convolution without groups, or of a linear layer over channels: only max X and min X matter."""

    def __init__(self, contribution: Contribution, channels: Tensor, sources: Tensor, like: Tensor) -> None:
        """`channels` are the input channels to take, with `sources` in ascending order."""
        self._contribution = contribution
        self._channels = channels.to(like.device)
        self.sources = sources.to(like.device)[None]
        self.reads: tuple[Node, ...] = (contribution.operation.x,)
        self.rows = contribution.rows
        weight = weights(contribution, channels, torch.arange(len(contribution.rows)), like).contiguous()  # (R, N)
        self._positive, self._negative = weight.clamp(min=0), weight.clamp(max=0)

    def maxima(self, values: Values, images: slice) -> Tensor:
        low, high = _extremes(self._contribution, values, images)  # (B, I), (B, I)
        low, high = low[:, None, self._channels], high[:, None, self._channels]  # (B, 1, N)
        terms = self._positive * high.contiguous()  # (B, R, N)
        if terms.device.type == "cpu" and not bool(low.any()):
            return terms  # after a ReLU: a negative weight's term is at most 0
        return terms.addcmul_(self._negative, low)


class IdentityTerms:
    """Channels added or passed on as they are: one term a row."""

    def __init__(self, contribution: Contribution, chosen: Tensor, sources: Tensor, like: Tensor) -> None:
        """`chosen` are the contribution's rows to take, `sources` the source channel of each."""
        self._contribution = contribution
        self._outputs = contribution.outputs[chosen].to(like.device)
        self._scale = contribution.scale[chosen].to(like)
        self.sources = sources.to(like.device)[:, None]
        self.reads: tuple[Node, ...] = (contribution.operation.x,)
        self.rows = contribution.rows[chosen]

    def maxima(self, values: Values, images: slice) -> Tensor:
        low, high = (each[:, self._outputs] for each in _extremes(self._contribution, values, images))  # (B, R)
        terms: Tensor = self._scale * torch.where(self._scale > 0, high, low)
        return terms[:, :, None]


def _extremes(contribution: Contribution, values: Values, images: slice) -> tuple[Tensor, Tensor]:
    """The smallest and the largest of what each input channel brings.  -> (B, I), (B, I)"""
    x = patches(contribution, values, images)[:, 0]  # (I, B, P)
    return x.amin(dim=2).T.contiguous(), x.amax(dim=2).T.contiguous()  # two reductions are faster than aminmax
