"""The largest value over positions of every single-channel term of a block, reduced to the k largest terms of each row.

`PointwiseTerms`  a term K * X of one weight: its maximum is K * max X or K * min X.
`IdentityTerms`   a channel as it is: one term a row.
`PatchTerms`      every other: the product of weights and patches, source channel by source channel, in chunks that stay
                  in the cache. Contributions that bring the same source channel are stacked, so their terms are added
                  position by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.fx import Node

from ingest.influence.patches import patches, weights
from ingest.influence.top import largest
from ingest.trace.addresses import NOTHING
from ingest.trace.program import Values
from ingest.trace.terms import Contribution

_CHUNK_ELEMENTS = 1 << 18
_PATCH_ELEMENTS = 1 << 23


class TermMaxima(Protocol):
    """Some of a block's terms."""

    @property
    def reads(self) -> tuple[Node, ...]:
        """The values that they are computed from."""

    @property
    def rows(self) -> Tensor:
        """(R,) rows of the block that these terms belong to."""

    def top(self, values: Values, images: slice, k: int) -> tuple[Tensor, Tensor]:
        """The k largest terms of each row: values and source channels.  -> (B, R, <= k), (B, R, <= k)"""


class PointwiseTerms:
    """Terms of a 1x1 convolution without groups, or of a linear layer over channels: only max X and min X matter."""

    def __init__(self, contribution: Contribution, channels: Tensor, sources: Tensor, like: Tensor) -> None:
        """`channels` are the input channels to take, with `sources` in ascending order."""
        self._contribution = contribution
        self._channels, self._sources = channels, sources
        self.reads: tuple[Node, ...] = (contribution.operation.x,)
        self.rows = contribution.rows
        weight = weights(contribution, channels, torch.arange(len(contribution.rows)), like)  # (R, N)
        self._positive, self._negative = weight.clamp(min=0), weight.clamp(max=0)

    def top(self, values: Values, images: slice, k: int) -> tuple[Tensor, Tensor]:
        device = self._positive.device
        low, high = patches(self._contribution, values, images)[:, 0].aminmax(dim=2)  # (I, B, P) -> (I, B)
        channels = self._channels.to(device)
        low, high = low[channels].T, high[channels].T  # (B, N)
        rows, width = self._positive.shape
        chunk = max(1, _CHUNK_ELEMENTS // max(1, width)) if device.type == "cpu" else rows
        found = []
        for image in range(len(low)):
            for start in range(0, rows, chunk):
                part = slice(start, start + chunk)
                terms = torch.addcmul(self._positive[part] * high[image], self._negative[part], low[image])  # (R', N)
                found.append(largest(terms, k))
        top = torch.cat([each[0] for each in found]).view(len(low), rows, -1)
        index = torch.cat([each[1] for each in found]).view(len(low), rows, -1)
        return top, self._sources.to(device)[index]


class IdentityTerms:
    """Channels added or passed on as they are: one term a row."""

    def __init__(self, contribution: Contribution, chosen: Tensor, sources: Tensor) -> None:
        """`chosen` are the contribution's rows to take, `sources` the source channel of each."""
        self._contribution = contribution
        self._outputs, self._sources = contribution.outputs[chosen], sources
        self._scale = contribution.scale[chosen]
        self.reads: tuple[Node, ...] = (contribution.operation.x,)
        self.rows = contribution.rows[chosen]

    def top(self, values: Values, images: slice, k: int) -> tuple[Tensor, Tensor]:
        low, high = patches(self._contribution, values, images)[:, 0].aminmax(dim=2)  # (C, B, P) -> (C, B)
        outputs = self._outputs.to(low.device)
        low, high = low[outputs].T, high[outputs].T  # (B, R)
        scale = self._scale.to(low)
        terms = scale * torch.where(scale > 0, high, low)
        return terms[:, :, None], self._sources.to(terms.device).expand_as(terms)[:, :, None]


@dataclass(frozen=True)
class _Stack:
    """Source channels that are read alike: the same contributions, as many input channels and rows."""

    channels: tuple[tuple[int, Tensor], ...]
    """(contribution, (S, N) its input channels that hold each source channel)."""
    weight: Tensor
    """(S, R', Q) with Q the kernels of all those channels together."""


class PatchTerms:
    """Terms of any contributions to a block, as products of weights and patches."""

    def __init__(self, contributions: tuple[Contribution, ...], sources: tuple[Tensor, ...], like: Tensor) -> None:
        """`sources[m]` says which source channel each input channel of contribution m holds, NOTHING if left out."""
        self._contributions, self._like = contributions, like
        wanted = torch.cat(sources).unique()
        self._stacks: list[_Stack] = []
        members: dict[object, list[tuple[int, dict[int, Tensor], Tensor]]] = {}
        for source in wanted[wanted != NOTHING].tolist():
            channels = {m: (held == source).nonzero().flatten() for m, held in enumerate(sources)}
            channels = {m: found for m, found in channels.items() if len(found)}
            reading = _rows_reading(contributions, channels)
            if len(reading):
                signature = (tuple((m, len(found)) for m, found in channels.items()), len(reading))
                members.setdefault(signature, []).append((source, channels, reading))
        self.reads = tuple({contributions[m].operation.x: None for group in members.values() for m in group[0][1]})
        self.rows, self._gather, self._sources = self._laid_out(list(members.values()))

    def _laid_out(self, groups: list[list[tuple[int, dict[int, Tensor], Tensor]]]) -> tuple[Tensor, Tensor, Tensor]:
        """Makes the stacks; returns the rows, where their terms lie in the stacks' results, and their sources."""
        row, source = [], []
        for group in groups:
            self._stacks.append(
                _Stack(
                    tuple((m, torch.stack([channels[m] for _, channels, _ in group])) for m in group[0][1]),
                    torch.stack([self._stacked_weights(channels, reading) for _, channels, reading in group]),
                )
            )
            for number, _, reading in group:
                row.append(reading)
                source.append(torch.full_like(reading, number))
        flat_row, flat_source = torch.cat(row), torch.cat(source)
        order = (flat_row * (int(flat_source.max()) + 1) + flat_source).argsort()
        present, counts = flat_row.unique(return_counts=True)
        width = int(counts.max())
        slot = torch.arange(len(flat_row)) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
        place = torch.repeat_interleave(torch.arange(len(present)), counts)
        gather = torch.full((len(present), width), len(flat_row))  # the last result is minus infinity: no term
        gather[place, slot] = order
        sources = torch.zeros_like(gather)
        sources[place, slot] = flat_source[order]
        return present, gather.to(self._like.device), sources.to(self._like.device)

    def _stacked_weights(self, channels: dict[int, Tensor], rows: Tensor) -> Tensor:
        """(R', Q): the weights of all contributions that hold a source channel, zero for rows they do not reach."""
        parts = []
        for m, found in channels.items():
            contribution = self._contributions[m]
            at = torch.full((int(max(rows.max(), contribution.rows.max())) + 1,), NOTHING)
            at[contribution.rows] = torch.arange(len(contribution.rows))
            place = at[rows]
            weight = weights(contribution, found, place.clamp(min=0), self._like)
            parts.append(weight * (place != NOTHING).to(self._like)[:, None])
        return torch.cat(parts, dim=1)

    def top(self, values: Values, images: slice, k: int) -> tuple[Tensor, Tensor]:
        found = [largest(terms, k) for terms in self._terms(values, images)]
        index = torch.cat([each[1] for each in found])  # (B, R, k)
        return torch.cat([each[0] for each in found]), self._sources.expand(len(index), -1, -1).gather(2, index)

    def _terms(self, values: Values, images: slice) -> Iterator[Tensor]:
        """Every row's terms, some images at a time.  -> (B', R, N)"""
        for part in _image_chunks(self._contributions, values, images):
            read = {
                m: patches(self._contributions[m], values, part) for stack in self._stacks for m, _ in stack.channels
            }
            results = [_maxima(stack, read) for stack in self._stacks]
            batch = results[0].shape[0]
            nothing = results[0].new_full((batch, 1), -torch.inf)
            yield torch.cat([*results, nothing], dim=1)[:, self._gather]


def _maxima(stack: _Stack, read: dict[int, Tensor]) -> Tensor:
    """Largest value over positions of each term of a stack.  -> (B, S * R')"""
    parts = []
    for m, channels in stack.channels:
        x, flat = read[m], channels.flatten()
        chosen = x if torch.equal(flat, torch.arange(len(x))) else x[flat.to(x.device)]
        parts.append(chosen.reshape(len(channels), -1, *x.shape[2:]))  # (S, N * Q, B, P)
    together = torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
    sources, _, batch, p = together.shape
    columns = together.flatten(2)  # (S, Q, B * P)
    rows = stack.weight.shape[1]
    step = max(1, _CHUNK_ELEMENTS // (rows * batch * p)) if columns.device.type == "cpu" else sources
    found = []
    for start in range(0, sources, step):
        terms = torch.bmm(stack.weight[start : start + step], columns[start : start + step])  # (S', R', B * P)
        found.append(terms.view(-1, rows, batch, p).amax(dim=3))
    terms = torch.cat(found).permute(2, 0, 1)  # (S, R', B) -> (B, S, R')
    return terms.flatten(1)


def _rows_reading(contributions: tuple[Contribution, ...], channels: dict[int, Tensor]) -> Tensor:
    """The block's rows that read any of these input channels, ascending."""
    rows = [torch.zeros(0, dtype=torch.long)]
    for m, found in channels.items():
        each = contributions[m]
        rows.append(each.rows[torch.isin(each.groups_of_rows, found // each.channels_per_group)])
    reading: Tensor = torch.cat(rows).unique()
    return reading


def _image_chunks(contributions: tuple[Contribution, ...], values: Values, images: slice) -> Iterator[slice]:
    """Slices of the images whose patches together stay within bounds."""
    per_image = 0
    for each in contributions:
        kernel = getattr(each.operation, "weight", None)
        size = kernel[0, 0].numel() if kernel is not None and kernel.dim() > 2 else 1
        per_image += values[each.operation.x][0].numel() * size
    step = max(1, _PATCH_ELEMENTS // max(1, per_image))
    for start in range(images.start, images.stop, step):
        yield slice(start, min(start + step, images.stop))
