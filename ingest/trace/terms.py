"""The terms of a sum: what is left when sums of sums are joined and folded scales are multiplied in.

A *contribution* is one operation's share in a sum: a convolution, or an identity (a channel added or passed on as it
is). Its single-channel terms are linear in what it reads; two contributions that bring the same source channel to the
same target channel are added position by position before anything is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.fx import Node

from ingest.trace.addresses import NOTHING, Channels
from ingest.trace.origins import Convolution, Origin, Side, Sum
from summit_graph.errors import Unsupported


@dataclass(frozen=True)
class Identity:
    """Channels of a value as they are: an identity side of an addition, or channels that are passed on."""

    x: Node
    reads: Channels
    """Where each channel of the value comes from, along its axis after broadcasting to `shape`."""
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Contribution:
    """What one operation brings to a set of target channels ("rows")."""

    operation: Convolution | Identity
    rows: Tensor
    """(R,) which of the sum's wanted channels."""
    outputs: Tensor
    """(R,) the operation's output channel for each of them."""
    scale: Tensor
    """(R,) float64, what the operation's terms are multiplied with."""
    positions: Tensor | None = None
    """(P,) place in the operation's output of each position of the sum, NOTHING for zero; None if they are the same."""

    @property
    def groups_of_rows(self) -> Tensor:
        """(R,) the group of input channels that each row reads."""
        if isinstance(self.operation, Identity):
            return self.outputs
        return self.outputs // (self.operation.weight.shape[0] // self.operation.groups)

    @property
    def channels_per_group(self) -> int:
        """How many input channels a row reads."""
        return 1 if isinstance(self.operation, Identity) else len(self.operation.reads.origin) // self.operation.groups


def terms_of(origins: Sequence[Origin], origin: Sum, channels: Tensor) -> list[Contribution]:
    """The contributions to some channels of a sum, `rows` counting along `channels`.

    Raises Unsupported where the sum reads what cannot be followed.
    """
    if origin.refusal is not None:
        raise Unsupported(origin.refusal.reason)
    found: list[Contribution] = []
    for part in origin.parts:
        if isinstance(part, Convolution):
            found.append(Contribution(part, torch.arange(len(channels)), channels, torch.ones(len(channels)).double()))
        else:
            found += _terms_of_side(origins, part, channels)
    if origin.scale is None:
        return found
    return [replace(each, scale=each.scale * origin.scale[channels[each.rows]]) for each in found]


def _terms_of_side(origins: Sequence[Origin], side: Side, channels: Tensor) -> list[Contribution]:
    map_of, source = side.map_of[channels], side.reads.origin[channels]
    found: list[Contribution] = []
    as_it_is = ((map_of == NOTHING) & (source != NOTHING)).nonzero().flatten()
    if len(as_it_is):
        identity = Identity(side.x, side.reads, side.shape)
        factor = torch.full((len(as_it_is),), side.factor, dtype=torch.float64)
        found.append(Contribution(identity, as_it_is, channels[as_it_is], factor))
    joining = torch.stack([source, map_of])[:, map_of != NOTHING].unique(dim=1).T.tolist()
    for number, place in joining:
        rows = ((source == number) & (map_of == place)).nonzero().flatten()
        joined = origins[number]
        assert isinstance(joined, Sum)
        for each in terms_of(origins, joined, side.reads.channel[channels[rows]]):
            positions = _composed(each.positions, side.maps[place], joined)
            found.append(replace(each, rows=rows[each.rows], scale=each.scale * side.factor, positions=positions))
    return found


def _composed(inner: Tensor | None, outer: Tensor, joined: Origin) -> Tensor | None:
    """First the inner sum's positions, then those of the outer sum."""
    if torch.equal(outer, torch.arange(torch.Size(joined.spatial).numel())):
        return inner
    return outer if inner is None else torch.where(outer == NOTHING, NOTHING, inner[outer])
