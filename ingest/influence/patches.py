"""What an operation reads, laid out so that a single-channel term is a product of weights and patches."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ingest.trace.addresses import NOTHING
from ingest.trace.origins import Convolution
from ingest.trace.program import Values
from ingest.trace.terms import Contribution


def patches(contribution: Contribution, values: Values, images: slice) -> Tensor:
    """What each position of the sum reads of each input channel.

    Q is the size of the kernel (1 for an identity or a linear layer), P the number of positions of the sum.
    X -> (B, I, Q, P)
    """
    operation = contribution.operation
    x: Tensor = values[operation.x][images]
    if not isinstance(operation, Convolution):
        x = x.expand(x.shape[0], *operation.shape[1:]).movedim(operation.reads.axis, 1).flatten(2)[:, :, None]
    elif operation.weight.dim() == 2:
        x = x.movedim(-1, 1).reshape(x.shape[0], x.shape[-1], 1, -1)  # (B, ..., I) -> (B, I, 1, P)
    else:
        kernel = operation.weight.shape[2:]
        padded = functional.pad(x, operation.padding) if any(operation.padding) else x
        unfolded = functional.unfold(padded, tuple(kernel), dilation=operation.dilation, stride=operation.stride)
        x = unfolded.view(x.shape[0], x.shape[1], kernel.numel(), -1)  # (B, I * Q, P) -> (B, I, Q, P)
    return x if contribution.positions is None else _at_positions(x, contribution.positions)


def _at_positions(x: Tensor, positions: Tensor) -> Tensor:
    """Values at some positions, zero where there is nothing.  (..., P') -> (..., P)"""
    places = positions.to(x.device)
    nothing = places == NOTHING
    chosen = x[..., places.clamp(min=0)]
    return chosen.masked_fill(nothing, 0) if bool(nothing.any()) else chosen


def weights(contribution: Contribution, channels: Tensor, rows: Tensor, like: Tensor) -> Tensor:
    """Weights, folded scale included, of some input channels for some of the contribution's rows, on `like`'s device.

    Zero where a row does not read a channel.  (N,), (R,) -> (R, N * Q)
    """
    operation, outputs = contribution.operation, contribution.outputs[rows]
    group, width = contribution.groups_of_rows[rows], contribution.channels_per_group
    reads = channels[None, :] // width == group[:, None]  # (R, N)
    factor = torch.where(reads, contribution.scale[rows][:, None], 0.0).to(like)  # (R, N)
    if not isinstance(operation, Convolution):
        return factor
    flat = (
        operation.weight.flatten(2) if operation.weight.dim() > 2 else operation.weight[:, :, None]
    )  # (J, I / groups, Q)
    chosen = flat[outputs.to(flat.device)[:, None], (channels % width).to(flat.device)[None, :]]  # (R, N, Q)
    return (chosen * factor[:, :, None]).flatten(1)
