"""Targets: the tensors whose channels' terms are compared, each with the source channels that its channels can reach.

A target is a chosen layer that another one reaches, or a tensor inside that is some target's source and that a chosen
layer reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor
from torch.fx import Node

from ingest.trace.addresses import NOTHING, Channels
from ingest.trace.arguments import ancestors
from ingest.trace.origins import LayerOutput, Origin, Sum, Unknown
from ingest.trace.terms import Contribution, Identity, terms_of
from summit_graph.errors import SummitError, Unsupported


@dataclass(frozen=True)
class Block:
    """Channels of a target that come from one sum (or are passed on together), and what contributes to them."""

    rows: Tensor
    """(R,) channels of the target."""
    contributions: tuple[Contribution, ...]
    sources: tuple[Tensor, ...]
    """For each contribution, (I,): which of the K source channels its input channels come from, NOTHING for none."""
    source_origin: NDArray[np.int64]
    """(K,) origin of each source channel, in the order that decides ties (completion, then channel)."""
    source_channel: NDArray[np.int64]
    patterns: csr_array
    """(patterns, K): in how many ways a source channel reaches a row of that pattern."""
    pattern_of_row: NDArray[np.int64]
    """(R,)"""
    value: Node | None
    """The node that holds the sum's value, with its channels in `value_channels`; None if no single node does."""
    value_axis: int
    value_channels: Tensor


@dataclass(frozen=True)
class Target:
    """A tensor with hops of its own."""

    origin: Origin
    blocks: tuple[Block, ...]

    @property
    def sources(self) -> set[int]:
        """Numbers of the origins that its terms come from."""
        return {int(number) for block in self.blocks for number in np.unique(block.source_origin)}


@dataclass
class Targets:
    """Finds the targets of a trace, in forward order."""

    origins: Sequence[Origin]
    _made: dict[int, Target] = field(default_factory=dict)
    _reached: dict[int, bool] = field(default_factory=dict)

    def all(self) -> list[Target]:
        """The targets, by the place at which their values are complete."""
        found: dict[int, Target] = {}
        waiting = [origin.number for origin in self.origins if isinstance(origin, LayerOutput)]
        while waiting:
            number = waiting.pop()
            if number not in found and self.has_hops(number):
                found[number] = self.target(number)
                waiting.extend(found[number].sources)
        return sorted(found.values(), key=lambda target: (target.origin.complete, target.origin.number))

    def has_hops(self, number: int) -> bool:
        """Whether a chosen layer reaches this tensor (from below)."""
        if number not in self._reached:
            origin = self.origins[number]
            if origin.kind == "image" or not self._has_layer_below(origin):
                self._reached[number] = False
            else:
                sources = self.target(number).sources
                self._reached[number] = any(
                    isinstance(self.origins[source], LayerOutput) or self.has_hops(source) for source in sources
                )
        return self._reached[number]

    def target(self, number: int) -> Target:
        """An origin with its blocks. Raises Unsupported where it reads what cannot be followed."""
        if number not in self._made:
            origin = self.origins[number]
            self._made[number] = Target(origin, tuple(self._blocks(origin)))
        return self._made[number]

    def _blocks(self, origin: Origin) -> list[Block]:
        if isinstance(origin, Sum):
            return [self._block(torch.arange(origin.channels), origin, torch.arange(origin.channels))]
        assert isinstance(origin, LayerOutput)
        reads = origin.reads
        if isinstance(reads, Unknown):
            raise Unsupported(f"layer {origin.layer}: {reads.reason}")
        self._refuse_same_channels(origin, reads)
        blocks = []
        for number in reads.origin.unique().tolist():
            rows = (reads.origin == number).nonzero().flatten()
            source = self.origins[number] if number != NOTHING else None
            if isinstance(source, Sum):
                blocks.append(self._block(rows, source, reads.channel[rows]))
            elif source is not None:
                identity = Identity(origin.node, reads, _shape_of(origin))
                passed_on = Contribution(identity, torch.arange(len(rows)), rows, torch.ones(len(rows)).double())
                blocks.append(self._filled(rows, [passed_on], None, rows, 1))
        return blocks

    def _block(self, rows: Tensor, source: Sum, channels: Tensor) -> Block:
        return self._filled(rows, terms_of(self.origins, source, channels), source.value, channels, source.axis)

    def _filled(
        self, rows: Tensor, found: list[Contribution], value: Node | None, channels: Tensor, axis: int
    ) -> Block:
        keys, keys_of_channels = self._source_keys(found)
        patterns, pattern_of_row = _patterns(found, keys_of_channels, len(keys), len(rows))
        origin, channel = keys.T if len(keys) else np.zeros((2, 0), np.int64)
        sources = tuple(torch.from_numpy(indexes) for indexes in keys_of_channels)
        return Block(rows, tuple(found), sources, origin, channel, patterns, pattern_of_row, value, axis, channels)

    def _source_keys(self, found: list[Contribution]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
        """(K, 2) origins and channels, sorted; for each contribution the place of its channels' sources or -1."""
        complete = np.array([origin.complete for origin in self.origins])
        pairs = [
            np.stack([each.operation.reads.origin.numpy(), each.operation.reads.channel.numpy()], 1) for each in found
        ]
        used = [_used_channels(each) for each in found]
        together = np.concatenate(
            [pair[use & (pair[:, 0] != NOTHING)] for pair, use in zip(pairs, used, strict=True)]
            or [np.zeros((0, 2), np.int64)]
        )
        keys = np.unique(together, axis=0)
        keys = keys[np.lexsort((keys[:, 1], keys[:, 0], complete[keys[:, 0]]))]
        place = {(int(origin), int(channel)): index for index, (origin, channel) in enumerate(keys)}
        indexes = [np.array([place.get((int(o), int(c)), -1) for o, c in pair], np.int64) for pair in pairs]
        return keys, indexes

    def _has_layer_below(self, origin: Origin) -> bool:
        layers = {other.node for other in self.origins if isinstance(other, LayerOutput) and other is not origin}
        return not layers.isdisjoint(ancestors(origin.node.all_input_nodes))

    def _refuse_same_channels(self, origin: LayerOutput, reads: Channels) -> None:
        numbers = reads.origin.unique().tolist()
        source = self.origins[numbers[0]] if len(numbers) == 1 and numbers[0] != NOTHING else None
        if isinstance(source, LayerOutput) and torch.equal(reads.channel.sort().values, torch.arange(source.channels)):
            raise SummitError(f"layers {source.layer} and {origin.layer} hold the same channels: choose one of them")


def _used_channels(each: Contribution) -> NDArray[np.bool_]:
    """Which of an operation's input channels the rows read."""
    used = np.zeros(len(each.operation.reads.origin), bool)
    width = each.channels_per_group
    for group in each.groups_of_rows.unique().tolist():
        used[group * width : (group + 1) * width] = True
    return used


def _patterns(
    found: Sequence[Contribution], keys: Sequence[NDArray[np.int64]], width: int, rows: int
) -> tuple[csr_array, NDArray[np.int64]]:
    """Rows that read the same groups share a pattern: (patterns, K) ways, and the pattern of each row."""
    group_of_row = np.full((rows, len(found)), -1, np.int64)
    for index, each in enumerate(found):
        group_of_row[each.rows.numpy(), index] = each.groups_of_rows.numpy()
    groups, pattern_of_row = np.unique(group_of_row, axis=0, return_inverse=True)
    ways: Any = csr_array((len(groups), width), dtype=np.int32)
    for index, each in enumerate(found):
        channels = len(keys[index])
        read = (keys[index] >= 0).nonzero()[0]
        ones = np.ones(len(read), np.int32)
        membership = csr_array(
            (ones, (read // each.channels_per_group, keys[index][read])),
            shape=(channels // each.channels_per_group, width),
        )
        present = (groups[:, index] >= 0).nonzero()[0]
        chosen = csr_array(
            (np.ones(len(present), np.int32), (present, groups[present, index])),
            shape=(len(groups), membership.shape[0]),
        )
        ways = ways + chosen @ membership
    return ways, pattern_of_row.reshape(-1)


def _shape_of(origin: Origin) -> tuple[int, ...]:
    spatial = list(origin.spatial)
    spatial.insert(origin.axis - 1, origin.channels)
    return (2, *spatial)


def direct_channels(
    target: Target | None, layers: Mapping[int, str], channels: int, influence_top: int
) -> NDArray[np.bool_]:
    """(C,) whether a channel's terms all come from chosen layers, from at least `influence_top` source channels."""
    direct = np.zeros(channels, bool)
    for block in target.blocks if target is not None else ():
        chosen = np.isin(block.source_origin, list(layers))
        present = (block.patterns > 0).astype(np.int32)
        outside, sources = present @ (~chosen).astype(np.int32), present @ np.ones(len(chosen), np.int32)
        direct[block.rows.numpy()] = ((outside == 0) & (sources >= influence_top))[block.pattern_of_row]
    return direct
