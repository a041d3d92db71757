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
    X -> (I, Q, B, P)
    """
    operation = contribution.operation
    x: Tensor = values[operation.x][images]
    if not isinstance(operation, Convolution):
        x = (
            x.expand(x.shape[0], *operation.shape[1:])
            .movedim(operation.reads.axis, 1)
            .flatten(2)
            .movedim(1, 0)[:, None]
        )
    elif operation.weight.dim() == 2:
        x = x.reshape(x.shape[0], -1, x.shape[-1]).permute(2, 0, 1)[:, None]  # (B, ..., I) -> (I, 1, B, P)
    else:
        x = _kernel_patches(x, operation)
    return x if contribution.positions is None else _at_positions(x, contribution.positions)


def _kernel_patches(x: Tensor, operation: Convolution) -> Tensor:
    """The patches under a kernel, channel first, so that one copy serves all images.  (B, I, H, W) -> (I, Q, B, P)"""
    padded = functional.pad(x, operation.padding) if any(operation.padding) else x
    kernel = operation.weight.shape[2:]
    sizes = [
        (length - step * (size - 1) - 1) // stride + 1
        for length, size, step, stride in zip(
            padded.shape[2:], kernel, operation.dilation, operation.stride, strict=True
        )
    ]
    image, channel, row, column = padded.stride()
    (down, right), (next_row, next_column) = operation.dilation, operation.stride
    windows = padded.as_strided(
        (x.shape[1], *kernel, x.shape[0], *sizes),
        (channel, row * down, column * right, image, row * next_row, column * next_column),
        padded.storage_offset(),
    )  # (I, kernel height, kernel width, B, height, width)
    return windows.reshape(x.shape[1], kernel.numel(), x.shape[0], -1)


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
