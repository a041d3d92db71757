"""The counts of a target's largest terms over the images of a class."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.fx import Node

from ingest.influence.maxima import IdentityTerms, PatchTerms, PointwiseTerms, TermMaxima
from ingest.influence.top import largest
from ingest.trace.addresses import NOTHING
from ingest.trace.origins import Convolution
from ingest.trace.program import Task, Values
from ingest.trace.targets import Block
from ingest.trace.terms import Identity

_CANDIDATE_ELEMENTS = 1 << 24


class InfluenceTable:
    """How often each source channel was among the k largest terms of each row of a block."""

    def __init__(self, block: Block, influence_top: int, like: Tensor) -> None:
        """The table lies on the device of `like`, and terms are computed in its type."""
        self.block = block
        self._k = influence_top
        self._terms = _term_maxima(block, like)
        self.counts = torch.zeros(len(block.rows), len(block.source_origin), dtype=torch.int32, device=like.device)
        """(R, K)"""
        self._rows = torch.arange(len(block.rows), device=like.device)[None, :, None]

    def tasks(self) -> list[Task]:
        """What is to be done in each batch: one task, when all that the terms read is there."""
        reads: dict[Node, None] = dict.fromkeys(node for terms in self._terms for node in terms.reads)
        return [Task(tuple(reads), self._add)] if reads else []

    def _add(self, values: Values) -> None:
        batch = int(values[self._terms[0].reads[0]].shape[0])
        step = max(1, _CANDIDATE_ELEMENTS // max(1, self.counts.numel()))
        for start in range(0, batch, step):
            self._count(*self._top(values, slice(start, min(start + step, batch))))

    def _top(self, values: Values, images: slice) -> tuple[Tensor, Tensor]:
        """The k largest of all terms of each row.  -> (B, R, <= k) values and source channels"""
        found = [self._on_all_rows(terms, *terms.top(values, images, self._k)) for terms in self._terms]
        if len(found) == 1:
            return found[0]
        top, source = (torch.cat(parts, dim=2) for parts in zip(*found, strict=True))
        # In the order of source channels, so that equal terms keep it.
        source, order = source.sort(dim=2, stable=True)
        top, index = largest(top.gather(2, order), self._k)
        return top, source.gather(2, index)

    def _on_all_rows(self, terms: TermMaxima, top: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        rows = len(self.block.rows)
        if len(terms.rows) == rows and torch.equal(terms.rows, torch.arange(rows)):
            return top, source
        at = terms.rows.to(top.device)
        all_top = top.new_full((len(top), rows, top.shape[2]), -torch.inf)
        all_source = source.new_zeros(all_top.shape)
        all_top[:, at], all_source[:, at] = top, source
        return all_top, all_source

    def _count(self, top: Tensor, source: Tensor) -> None:
        """A term counts only if it is above 0."""
        cells = (self._rows * self.counts.shape[1] + source).flatten()
        self.counts.view(-1).index_add_(0, cells, (top > 0).flatten().to(torch.int32))

    def take(self) -> Tensor:
        """The counts so far, (R, K) on the CPU; the table starts again at 0."""
        taken = self.counts.cpu() if self.counts.device.type != "cpu" else self.counts.clone()
        self.counts.zero_()
        return taken


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
                found.append(IdentityTerms(contribution, chosen, sources[contribution.outputs[chosen]]))
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
