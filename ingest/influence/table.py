"""The counts of a target's largest terms over the images of a class."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ingest.influence.maxima import IdentityTerms, PointwiseTerms, TermMaxima
from ingest.influence.patch_terms import PatchTerms
from ingest.influence.top import among_largest
from ingest.trace.addresses import NOTHING
from ingest.trace.origins import Convolution
from ingest.trace.program import Values
from ingest.trace.targets import Block
from ingest.trace.terms import Identity

_PATCHED_ELEMENTS = 1 << 22
_CACHED_ELEMENTS = 1 << 18


class InfluenceTable:
    """How often each source channel was among the k largest terms of each row of a block."""

    def __init__(self, block: Block, influence_top: int, like: Tensor) -> None:
        """Terms are computed on the device of `like` and in its type."""
        self.block = block
        self._k = influence_top
        self._terms = _term_maxima(block, like)
        self._like = like
        # Which rows the terms belong to, and whose they are in every row, is the same for all batches.
        self._rows = [self._rows_of(terms) for terms in self._terms]
        self._sources = [
            terms.sources if len(terms.sources) == 1 else self._on_all_rows(rows, terms.sources, 0, 0)
            for terms, rows in zip(self._terms, self._rows, strict=True)
        ]
        self._order = self._tie_order()

    def empty_counts(self) -> Tensor:
        """Counts of a class that begins, on the device.  -> (R, K) int32"""
        return torch.zeros(
            len(self.block.rows), len(self.block.source_origin), dtype=torch.int32, device=self._like.device
        )

    @property
    def reads(self) -> tuple[Node, ...]:
        """The values that the terms are computed from; none where the block has no terms."""
        return tuple(dict.fromkeys(node for terms in self._terms for node in terms.reads))

    def add(self, values: Values, counts: Tensor, lock: AbstractContextManager[Any]) -> None:
        """Counts a batch into `counts`, which is changed under `lock` only."""
        batch = int(values[self._terms[0].reads[0]].shape[0])
        # Patches of several images make one large product; what has a closed form is best kept in the cache.
        room = _PATCHED_ELEMENTS if any(isinstance(terms, PatchTerms) for terms in self._terms) else _CACHED_ELEMENTS
        step = _images_in(room, counts)
        for start in range(0, batch, step):
            together = self._maxima(values, slice(start, min(start + step, batch)))  # (B', R, N)
            for terms in together.split(_images_in(_CACHED_ELEMENTS, counts)):
                among = among_largest(terms, self._k, self._order).sum(dim=0, dtype=torch.int32)  # (R, N)
                with lock:
                    self._count(among, counts)

    def _maxima(self, values: Values, images: slice) -> Tensor:
        """The maxima of all terms of each row.  -> (B, R, N)"""
        found = [
            self._on_all_rows(rows, terms.maxima(values, images), -torch.inf, 1)
            for terms, rows in zip(self._terms, self._rows, strict=True)
        ]
        return torch.cat(found, dim=2) if len(found) > 1 else found[0]

    def _rows_of(self, terms: TermMaxima) -> Tensor | None:
        """The rows of some terms, on the device; None if they are all rows of the block."""
        every = torch.equal(terms.rows, torch.arange(len(self.block.rows)))
        return None if every else terms.rows.to(self._like.device)

    def _on_all_rows(self, rows: Tensor | None, given: Tensor, filler: float, dim: int) -> Tensor:
        """Spreads what is given for some rows over all rows of the block."""
        if rows is None:
            return given
        shape = list(given.shape)
        shape[dim] = len(self.block.rows)
        return given.new_full(shape, filler).index_copy_(dim, rows, given)

    def _count(self, among: Tensor, counts: Tensor) -> None:
        """Adds (R, N) to (R, K)."""
        first = 0
        for sources in self._sources:
            width = sources.shape[1]
            part = among[:, first : first + width]
            first += width
            if len(sources) == 1 and width == counts.shape[1]:
                counts.add_(part)  # source channels are in order, so these are all of them
            elif len(sources) == 1:
                counts.index_add_(1, sources[0], part)
            else:
                counts.scatter_add_(1, sources, part)

    def _tie_order(self) -> Tensor | None:
        """The terms' places in the order of their source channels, (1 or R, N); None if they lie in it."""
        if len(self._sources) <= 1:
            return None
        rows = max(map(len, self._sources))
        return torch.cat([sources.expand(rows, -1) for sources in self._sources], dim=1).argsort(dim=1, stable=True)


def _images_in(elements: int, counts: Tensor) -> int:
    return max(1, elements // max(1, counts.numel()))


def _term_maxima(block: Block, like: Tensor) -> list[TermMaxima]:
    """A block's terms, each source channel by the cheapest way that is exact for it."""
    found: list[TermMaxima] = []
    ways = (
        torch.from_numpy(block.patterns.max(axis=0).toarray().reshape(-1))
        if block.patterns.shape[1]
        else torch.zeros(0)
    )
    single = ways == 1
    patched: list[Tensor] = []
    for contribution, sources in zip(block.contributions, block.sources, strict=True):
        operation = contribution.operation
        known = sources != NOTHING
        alone = known & single[sources.clamp(min=0)]
        if contribution.positions is not None or not (isinstance(operation, Identity) or _is_pointwise(operation)):
            patched.append(sources)
            continue
        if isinstance(operation, Identity):
            chosen = alone[contribution.outputs].nonzero().flatten()
            if len(chosen):
                found.append(IdentityTerms(contribution, chosen, sources[contribution.outputs[chosen]], like))
        else:
            channels = alone.nonzero().flatten()
            channels = channels[sources[channels].argsort()]
            if len(channels):
                found.append(PointwiseTerms(contribution, channels, sources[channels], like))
        patched.append(torch.where(alone, NOTHING, sources))
    if any(bool((sources != NOTHING).any()) for sources in patched):
        found.append(PatchTerms(block.contributions, tuple(patched), like))
    return found


def _is_pointwise(operation: Convolution) -> bool:
    return operation.groups == 1 and (operation.weight.dim() == 2 or operation.weight.shape[2:].numel() == 1)
