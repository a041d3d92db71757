"""Counts of a class: one pass of its images through the traced program gives logits, activations and influences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ingest.activation import ActivationTable, Peaks, activations, refuse_not_finite
from ingest.influence.table import InfluenceTable
from ingest.structure import ClassCounts, HopCounts
from ingest.trace import ChosenLayer, Trace
from ingest.trace.isolation import exact_arithmetic
from ingest.trace.program import Task, Values
from ingest.trace.targets import Target


@dataclass(frozen=True)
class Batch:
    """What a batch gives besides its counts."""

    logits: Tensor
    """(B, K) float32 on the CPU."""
    peaks: Mapping[str, Peaks]
    """By layer."""


class Counter:
    """Counts activations and influences, class by class; its tables lie on the model's device."""

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
        self._influences = [
            (target, [InfluenceTable(block, influence_top, like) for block in target.blocks])
            for target in trace.targets
        ]
        self._peaks: dict[str, Peaks] = {}
        tasks = [Task((layer.node,), self._peak_of(layer)) for layer in trace.layers]
        tasks += [task for _, tables in self._influences for table in tables for task in table.tasks()]
        self._execution = trace.program.prepared(tasks)

    def add(self, images: Tensor) -> Batch:
        """Adds a batch of images of the current class to its counts.  (B, C, H, W)

        Raises NotFinite where a chosen layer or the logits hold NaN or infinity; the counts are then of no use.
        """
        with exact_arithmetic():
            logits = self._execution.run(images).float()
        refuse_not_finite("", logits)
        return Batch(logits.cpu(), {layer.name: self._peaks[layer.name] for layer in self._trace.structure.layers})

    def take(self) -> ClassCounts:
        """The counts of the current class; the tables start again at 0."""
        counted = {name: table.take().numpy() for name, table in self._activations.items()}
        hops: dict[tuple[str, str], list[NDArray[np.int32]]] = {hop: [] for hop in self._trace.hops}
        for target, tables in self._influences:
            for table in tables:
                for source, rows in _rows_by_source(target, table, self._trace.names):
                    hops[self._trace.names[target.origin.number], source].append(rows)
        return ClassCounts(counted, tuple(_hop_counts(*hop, rows) for hop, rows in hops.items()))

    def _peak_of(self, layer: ChosenLayer) -> Callable[[Values], None]:
        def note(values: Values) -> None:
            output: Tensor = values[layer.node]
            highest, cell = activations(output, layer.axis)
            refuse_not_finite(layer.name, highest)
            self._activations[layer.name].add(highest)
            rows = [size for index, size in enumerate(output.shape) if index not in (0, layer.axis)]
            self._peaks[layer.name] = Peaks(highest.clamp(min=0).float().cpu(), cell.cpu(), rows[-1] if rows else 1)

        return note


def _rows_by_source(
    target: Target, table: InfluenceTable, names: Mapping[int, str]
) -> list[tuple[str, NDArray[np.int32]]]:
    """A table's counts above 0 by source tensor: (N, 3) of target channel, source channel, count."""
    counts = table.take().numpy()
    row, column = counts.nonzero()
    channels = table.block.rows.numpy()[row]
    origin, source = table.block.source_origin[column], table.block.source_channel[column]
    rows = np.stack([channels, source, counts[row, column]], axis=1).astype(np.int32)
    return [(names[int(number)], rows[origin == number]) for number in np.unique(origin)]


def _hop_counts(target: str, source: str, parts: list[NDArray[np.int32]]) -> HopCounts:
    rows = np.concatenate(parts) if parts else np.zeros((0, 3), np.int32)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return HopCounts(target, source, *(np.ascontiguousarray(column) for column in rows.T))
