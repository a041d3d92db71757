"""What the naive twin of a model writes down: who owns each element, and the terms of each sum."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from tests.ingest.shadow_rules import TwinUnknown

NOBODY, MIXED = -1, -2
"""Owners of padding and constants, and of values whose channel cannot be told."""


@dataclass
class Owning:
    """A tensor whose channels own elements: the image, a layer's output or a sum."""

    place: int
    kind: str
    module: str
    channels: int
    first_owner: int
    complete: int
    step: int = 0
    """The operation that made it."""
    table: Table | None = None
    """Of a sum, with everything folded."""
    owners: Tensor = field(default_factory=lambda: torch.zeros(0))
    """Of a layer: (C,) the owner of each channel before it became the layer's own."""
    largest: Tensor = field(default_factory=lambda: torch.zeros(0))
    """Of a layer: (C,) the largest value of each channel."""


@dataclass
class Table:
    """A sum's terms: values, and who owns each column."""

    key: tuple[int, int]
    """Its tensor, and the operation that made it: the same in both runs."""
    first_row: int
    channel: Tensor
    """(E,) channel of the sum that each element belongs to."""
    owners: list[int] = field(default_factory=list)
    """(N,)"""
    terms: Tensor = field(default_factory=lambda: torch.zeros(0, 0))
    """(N, E) float64"""
    present: Tensor = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.bool))
    """(C, N) whether a channel has a term of that owner at all, whatever its value."""


@dataclass(frozen=True)
class TargetTerms:
    """The largest value of each term of each channel of a target, -inf where there is no such term."""

    name: str
    sources: list[tuple[str, int]]
    """(N,) tensor and channel, in the order in which equal terms count."""
    largest: Tensor
    """(C, N) float64"""


@dataclass(frozen=True)
class ShadowTwin:
    """What one image gives."""

    targets: list[TargetTerms]
    """In order of completion."""
    direct: dict[str, dict[int, int]]
    """Per layer: of each channel whose terms all come from chosen layers, the number of its distinct sources."""
    tables: list[tuple[Tensor, Tensor]]
    """Of each target's sum: its values, and the sums of their terms."""


def axes_of(dims: int) -> list[int]:
    """Where channels may lie: the second axis if that tells them apart, else the last, else any other."""
    return [1, dims - 1, *range(2, dims - 1)] if dims > 1 else [0]


def uniform(owners: Tensor, axis: int) -> Tensor | None:
    """(C,) the owner of each index along an axis; None if one has several. Padding is nobody's."""
    rows = owners.movedim(axis, 0).flatten(1)
    highest = rows.amax(1)
    if bool((rows == MIXED).any()):
        return torch.full((len(rows),), MIXED) if bool((rows == MIXED).all()) else None
    return highest if bool(((rows == highest[:, None]) | (rows == NOBODY)).all()) else None


def largest_terms(table: Table, channels: int) -> tuple[list[int], Tensor]:
    """(C, N) over the positions of the sum."""
    if table.owners == [MIXED]:
        raise TwinUnknown("a sum reads mixed channels")
    # Every channel has as many positions, wherever they lie.
    order = table.channel.argsort(stable=True)
    at_rest = torch.equal(order, torch.arange(len(order)))
    terms = table.terms if at_rest else table.terms[:, order]
    by_channel = terms.reshape(len(table.owners), channels, -1).amax(2)  # (N, C)
    return table.owners, torch.where(table.present, by_channel.T, -torch.inf)
