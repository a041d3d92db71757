"""Addresses: for every element of a value, the tensor, channel and position it comes from.

The trace runs a model's renumbering operations (slices, concatenations, views, permutations, padding) on tensors of
addresses instead of values. What comes out says where each element came from, whatever the operations were, so a
channel shuffle needs no rule of its own, and a reshape that mixes channels shows.

An address is one 64-bit integer: origin (the tensor it comes from), whether something has acted on the value since,
place in the batch of two, channel, position. Padding and constants come from nowhere: NOTHING.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from summit_graph.errors import Unsupported

NOTHING = -1
BATCH = 2
_POSITION_BITS, _CHANNEL_BITS = 24, 20
_BATCH_BIT = 1 << (_POSITION_BITS + _CHANNEL_BITS)
_ACTED_BIT = _BATCH_BIT << 1
_ORIGIN_SHIFT = _POSITION_BITS + _CHANNEL_BITS + 2


@dataclass(frozen=True)
class Channels:
    """Where the channels of a value come from: one entry per index along its channel axis."""

    axis: int
    origin: Tensor
    """(C,) number of the origin, NOTHING for padding and constants."""
    channel: Tensor
    """(C,) channel of the origin."""
    acted: Tensor
    """(C,) bool: an operation that acts on values lies between the origin and here."""


def fresh(origin: int, shape: tuple[int, ...], axis: int) -> Tensor:
    """Addresses of a tensor that is its own origin: (2, ..., C, ...) with its channels along `axis`."""
    channels = shape[axis]
    rest = [size for index, size in enumerate(shape) if index not in (0, axis)]
    positions = 1
    for size in rest:
        positions *= size
    if channels >= 1 << _CHANNEL_BITS or positions >= 1 << _POSITION_BITS:
        raise Unsupported(f"a tensor of {channels} channels with {positions} positions is too large to trace")
    numbers = (
        (torch.arange(BATCH)[:, None, None] * _BATCH_BIT)
        + (torch.arange(channels)[None, :, None] << _POSITION_BITS)
        + torch.arange(positions)[None, None, :]
        + (origin << _ORIGIN_SHIFT)
    )  # (2, C, positions)
    return numbers.reshape(BATCH, channels, *rest).movedim(1, axis)


def acted_on(addresses: Tensor) -> Tensor:
    """The same addresses after an operation that acts on values."""
    return torch.where(addresses < 0, addresses, addresses | _ACTED_BIT)


def without_positions(addresses: Tensor) -> Tensor:
    """Origin, whether acted on, place in the batch and channel, as one number each; NOTHING stays."""
    return addresses >> _POSITION_BITS


def without_acted(addresses: Tensor) -> Tensor:
    """Origin, place in the batch and channel, as one number each, whatever acted on them; NOTHING stays below 0."""
    return without_positions(addresses & ~_ACTED_BIT)


def same_channels(first: Tensor, second: Tensor) -> bool:
    """Whether two values of one shape hold the same channels everywhere, whatever acted on them."""
    return torch.equal(without_acted(first), without_acted(second))


def positions(addresses: Tensor, axis: int) -> Tensor:
    """(2, ..., C, ...) -> (C, positions): position in the origin of the first image's elements, NOTHING stays."""
    rows = addresses.movedim(axis, 1)[0].flatten(1)
    return torch.where(rows < 0, rows, rows & ((1 << _POSITION_BITS) - 1))


def collapsed(addresses: Tensor, dims: tuple[int, ...]) -> Tensor | None:
    """One address for each index outside `dims` (which stay as size 1); None if channels differ along them."""
    coarse = without_positions(addresses)
    highest = coarse.amax(dims, keepdim=True)
    if not bool(((coarse == highest) | (coarse < 0)).all()):
        return None
    return torch.where(highest < 0, highest, highest << _POSITION_BITS)


def channels_along(addresses: Tensor, axis: int) -> Channels | None:
    """Where each index along an axis comes from; None if one of them mixes channels, or the images of the batch."""
    if addresses.shape[0] != BATCH:
        return None
    others = tuple(dim for dim in range(1, addresses.dim()) if dim != axis)
    single = collapsed(addresses, others) if others else addresses
    if single is None:
        return None
    coarse = without_positions(single.flatten(1))  # (2, C)
    image = coarse >> _CHANNEL_BITS & 1
    known = coarse >= 0
    if not bool((known[0] == known[1]).all()) or not bool((image == torch.arange(BATCH)[:, None])[known].all()):
        return None
    first, second = coarse & ~(1 << _CHANNEL_BITS)
    if not bool((first == second)[known[0]].all()):
        return None
    return Channels(
        axis,
        torch.where(known[0], first >> (_CHANNEL_BITS + 2), NOTHING),
        torch.where(known[0], first & ((1 << _CHANNEL_BITS) - 1), NOTHING),
        (first >> (_CHANNEL_BITS + 1) & 1).bool() & known[0],
    )


def channel_axis(*addresses: Tensor) -> int | None:
    """The axis that tells channels apart in all of these values of one shape.

    The second if it does, else the last, else any other.
    """
    last: int = addresses[0].dim() - 1
    axes: list[int] = [1, last, *range(2, last)]
    for axis in axes:
        if 0 < axis <= last and all(channels_along(each, axis) is not None for each in addresses):
            return axis
    return None


def channels_of(addresses: Tensor) -> Channels | None:
    """Where the channels of a value come from, along the axis that tells them apart."""
    axis = channel_axis(addresses)
    return None if axis is None else channels_along(addresses, axis)
