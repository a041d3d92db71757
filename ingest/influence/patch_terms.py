"""Terms without a closed form: products of weights and patches, source channel by source channel.

Contributions that bring the same source channel are stacked, so that their terms are added position by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ingest.influence.patches import patches, weights
from ingest.influence.products import position_maxima
from ingest.trace.addresses import NOTHING
from ingest.trace.program import Values
from ingest.trace.terms import Contribution

_PATCH_ELEMENTS = 1 << 23


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
        self.rows, self._gather, self.sources = self._laid_out(list(members.values()))

    def _laid_out(
        self, groups: list[list[tuple[int, dict[int, Tensor], Tensor]]]
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Makes the stacks; returns the rows, where their terms lie in the stacks' results, and their sources.

        None for the place of the terms: one stack, of which every row reads every source channel.
        """
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
        present, counts = flat_row.unique(return_counts=True)
        if len(groups) == 1 and len(row[0]) == len(present):
            every = torch.tensor([number for number, _, _ in groups[0]])
            return present, None, every[None].to(self._like.device)
        order = (flat_row * (int(flat_source.max()) + 1) + flat_source).argsort()
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

    def maxima(self, values: Values, images: slice) -> Tensor:
        """Largest value over positions of each term, minus infinity where there is none.  -> (B, R, N)"""
        found = [self._of_images(values, part) for part in _image_chunks(self._contributions, values, images)]
        return torch.cat(found) if len(found) > 1 else found[0]

    def _of_images(self, values: Values, images: slice) -> Tensor:
        read = {m: patches(self._contributions[m], values, images) for stack in self._stacks for m, _ in stack.channels}
        results = [position_maxima(stack.weight, _read_together(stack, read)) for stack in self._stacks]  # (B, S, R')
        if self._gather is None:
            return results[0].transpose(1, 2).contiguous()  # (B, S, R) -> (B, R, S)
        nothing = results[0].new_full((len(results[0]), 1), -torch.inf)
        return torch.cat([*(each.flatten(1) for each in results), nothing], dim=1)[:, self._gather]


def _read_together(stack: _Stack, read: dict[int, Tensor]) -> Tensor:
    """The patches of all the channels that hold each of a stack's source channels.  -> (S, Q, B, P)"""
    parts = []
    for m, channels in stack.channels:
        x, flat = read[m], channels.flatten()
        chosen = x if torch.equal(flat, torch.arange(len(x))) else x[flat.to(x.device)]
        parts.append(chosen.reshape(len(channels), -1, *x.shape[2:]))  # (S, N * Q, B, P)
    return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]


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
