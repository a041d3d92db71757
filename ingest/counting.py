"""Counts of a class: one pass of its images through the traced program gives logits, activations and influences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ingest.activation import ActivationTable, Peaks, activations, refuse_not_finite
from ingest.influence.table import InfluenceTable
from ingest.structure import ClassCounts, HopCounts
from ingest.trace import ChosenLayer, Trace
from ingest.trace.isolation import exact_arithmetic
from ingest.trace.program import Task, Values
from ingest.trace.targets import Block


@dataclass(frozen=True)
class Batch:
    """What a batch gives besides its counts."""

    logits: Tensor
    """(B, K) float32 on the CPU."""
    peaks: Mapping[str, Peaks]
    """By layer."""
    influence_seconds: float
    """Time spent on influences, out of the whole call's."""
    activation_seconds: float
    """Time spent on activations, out of the whole call's."""


class Tally:
    """A class's counts as far as they have come, on the model's device. Several threads may add to it."""

    def __init__(self, activations: Mapping[str, ActivationTable], influences: Sequence[InfluenceTable]) -> None:
        self.activations = {name: table.empty_counts() for name, table in activations.items()}
        self.influences = [table.empty_counts() for table in influences]
        self.lock = Lock()


@dataclass
class _Notes:
    """What the tasks of one batch write to."""

    tally: Tally
    peaks: dict[str, Peaks] = field(default_factory=dict)
    influence_seconds: float = 0.0
    activation_seconds: float = 0.0


class Counter:
    """Counts activations and influences, class by class. Several threads may add batches at once."""

    def __init__(
        self,
        trace: Trace,
        *,
        activation_mass: float,
        activation_top: int | None,
        influence_top: int,
        exclude: Sequence[tuple[str, int]] = (),
    ) -> None:
        """`exclude` are (layer, channel): they count 0 as activations and keep their place among the terms."""
        self._trace = trace
        like = trace.program.stand_in
        self._activations = {
            layer.name: ActivationTable(
                layer.channels,
                mass=activation_mass,
                top=activation_top,
                exclude=[channel for name, channel in exclude if name == layer.name],
                device=like.device,
            )
            for layer in trace.structure.layers
        }
        self._blocks = [(target, block) for target in trace.targets for block in target.blocks]
        self._influences = [InfluenceTable(block, influence_top, like) for _, block in self._blocks]
        tasks = [Task((layer.node,), self._peak_of(layer)) for layer in trace.layers]
        tasks += [
            Task(table.reads, self._influence_of(index)) for index, table in enumerate(self._influences) if table.reads
        ]
        self._execution = trace.program.prepared(tasks)
        self._tally = self.tally()

    def tally(self) -> Tally:
        """The counts of a class that begins."""
        return Tally(self._activations, self._influences)

    def add(self, images: Tensor, tally: Tally | None = None) -> Batch:
        """Adds a batch of images of a class to its counts; of the current class, where none is named.  (B, C, H, W)

        Raises NotFinite where a chosen layer or the logits hold NaN or infinity; the counts are then of no use.
        """
        notes = _Notes(tally or self._tally)
        with exact_arithmetic():
            logits = self._execution.run(images, notes).float()
        refuse_not_finite("", logits)
        peaks = {layer.name: notes.peaks[layer.name] for layer in self._trace.structure.layers}
        return Batch(logits.cpu(), peaks, notes.influence_seconds, notes.activation_seconds)

    def take(self, tally: Tally | None = None) -> ClassCounts:
        """The counts of a class; without a tally those of the current class, and the next one begins."""
        if tally is None:
            tally, self._tally = self._tally, self.tally()
        counted = {name: counts.cpu().numpy() for name, counts in tally.activations.items()}
        hops: dict[tuple[str, str], list[NDArray[np.int32]]] = {hop: [] for hop in self._trace.hops}
        for (target, block), counts in zip(self._blocks, tally.influences, strict=True):
            for source, rows in _rows_by_source(block, counts.cpu().numpy(), self._trace.names):
                hops[self._trace.names[target.origin.number], source].append(rows)
        return ClassCounts(counted, tuple(_hop_counts(*hop, rows) for hop, rows in hops.items()))

    def _peak_of(self, layer: ChosenLayer) -> Callable[[Values, _Notes], None]:
        def note(values: Values, notes: _Notes) -> None:
            begin = time.perf_counter()
            output: Tensor = values[layer.node]
            highest, cell = activations(output, layer.axis)
            refuse_not_finite(layer.name, highest)
            top = self._activations[layer.name].among_top(highest)
            with notes.tally.lock:
                notes.tally.activations[layer.name] += top
            rows = [size for index, size in enumerate(output.shape) if index not in (0, layer.axis)]
            notes.peaks[layer.name] = Peaks(highest.clamp(min=0).float().cpu(), cell.cpu(), rows[-1] if rows else 1)
            notes.activation_seconds += time.perf_counter() - begin

        return note

    def _influence_of(self, index: int) -> Callable[[Values, _Notes], None]:
        def note(values: Values, notes: _Notes) -> None:
            begin = time.perf_counter()
            self._influences[index].add(values, notes.tally.influences[index], notes.tally.lock)
            notes.influence_seconds += time.perf_counter() - begin

        return note


def _rows_by_source(
    block: Block, counts: NDArray[np.int32], names: Mapping[int, str]
) -> list[tuple[str, NDArray[np.int32]]]:
    """A block's counts above 0 by source tensor: (N, 3) of target channel, source channel, count.  (R, K)"""
    row, column = counts.nonzero()
    channels = block.rows.numpy()[row]
    origin, source = block.source_origin[column], block.source_channel[column]
    rows = np.stack([channels, source, counts[row, column]], axis=1).astype(np.int32)
    return [(names[int(number)], rows[origin == number]) for number in np.unique(origin)]


def _hop_counts(target: str, source: str, parts: list[NDArray[np.int32]]) -> HopCounts:
    rows = np.concatenate(parts) if parts else np.zeros((0, 3), np.int32)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return HopCounts(target, source, *(np.ascontiguousarray(column) for column in rows.T))
