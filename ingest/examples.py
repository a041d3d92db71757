"""The images that activate a neuron most: per class in the pass that counts, and over all from what it wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.activation import Peaks
from ingest.structure import Structure
from summit_graph.run import tables

LONGEST = 10
"""At most so many images a neuron."""


@dataclass(frozen=True)
class _Best:
    """The strongest images of a layer's channels so far, strongest first; activation 0 where there is none."""

    activation: NDArray[np.float32]
    """(LONGEST, C)"""
    image: NDArray[np.int32]
    """(LONGEST, C) place of the image in its class."""
    cell: NDArray[np.int32]
    """(LONGEST, C) in row-major order."""

    @classmethod
    def empty(cls, channels: int) -> _Best:
        shape = (LONGEST, channels)
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.int32), np.zeros(shape, np.int32))

    def add(self, peaks: Peaks, first: int) -> None:
        """Adds a batch whose images are the class's `first` and those that follow."""
        activation = peaks.activation.numpy()  # (B, C)
        # An equal one comes later in the order of paths, so only a stronger one can enter.
        channels = np.flatnonzero(activation.max(axis=0, initial=0) > self.activation[-1])
        if not len(channels):
            return
        image = np.arange(first, first + len(activation), dtype=np.int32)[:, None].repeat(len(channels), axis=1)
        together = np.concatenate([self.activation[:, channels], activation[:, channels]])  # (LONGEST + B, entering)
        order = np.argsort(-together, axis=0, kind="stable")[:LONGEST]
        cell = peaks.cell.numpy()[:, channels].astype(np.int32)
        images = np.concatenate([self.image[:, channels], image])
        cells = np.concatenate([self.cell[:, channels], cell])
        self.activation[:, channels] = np.take_along_axis(together, order, axis=0)
        self.image[:, channels] = np.take_along_axis(images, order, axis=0)
        self.cell[:, channels] = np.take_along_axis(cells, order, axis=0)


class ClassExamples:
    """A class's examples: for each neuron the images with the largest activations above 0, ties by path.

    Images have to come in the order of their paths. Memory is bounded by the neurons (and the class's paths).
    """

    def __init__(self, structure: Structure, fields: Mapping[str, NDArray[np.int32]]) -> None:
        """`fields` are the layers' receptive fields: (cells, 4) of x0, y0, x1, y1."""
        self._fields = fields
        self._best = {layer.name: _Best.empty(layer.channels) for layer in structure.layers}
        self._widths = dict.fromkeys(self._best, 1)
        self._images: list[str] = []

    def add(self, images: Sequence[str], peaks: Mapping[str, Peaks]) -> None:
        """Adds a batch: its paths, and by layer its activations and where they lie."""
        for name, best in self._best.items():
            best.add(peaks[name], len(self._images))
            self._widths[name] = peaks[name].width
        self._images.extend(images)

    def table(self) -> pa.Table:
        """The class's table, sorted by neuron and rank."""
        paths = pa.array(self._images, pa.string())
        parts, before = [tables.EXAMPLES.empty_table()], 0
        for name, best in self._best.items():
            channel, rank = (best.activation.T > 0).nonzero()
            cell = best.cell[rank, channel]
            x0, y0, x1, y1 = self._fields[name][cell].T
            columns = {
                "neuron": (before + channel).astype(np.int32),
                "rank": rank.astype(np.int16),
                "image": paths.take(pa.array(best.image[rank, channel])),
                "activation": best.activation[rank, channel],
                "y": cell // self._widths[name],
                "x": cell % self._widths[name],
                "x0": x0,
                "y0": y0,
                "x1": x1,
                "y1": y1,
            }
            parts.append(pa.table(columns, schema=tables.EXAMPLES))
            before += best.activation.shape[1]
        return pa.concat_tables(parts)


def merged_examples(classes: Iterable[pa.Table], neurons: int) -> pa.Table:
    """The examples over all classes, from the classes' tables by ascending number; ties: lower class, then path.

    Memory is bounded by the neurons and one class's table.
    """
    best = tables.EXAMPLES.empty_table()
    for table in classes:
        entering = table.filter(pa.array(table["activation"].to_numpy() > _weakest(best, neurons)[_neurons(table)]))
        if entering.num_rows:
            best = _strongest(pa.concat_tables([best, entering]))
    return best


def _neurons(table: pa.Table) -> NDArray[np.int32]:
    neurons: NDArray[np.int32] = table["neuron"].to_numpy()
    return neurons


def _weakest(best: pa.Table, neurons: int) -> NDArray[np.float32]:
    """What an activation has to exceed to be among a neuron's examples: (neurons,)."""
    weakest = np.zeros(neurons, np.float32)
    last = best["rank"].to_numpy() == LONGEST - 1
    weakest[_neurons(best)[last]] = best["activation"].to_numpy()[last]
    return weakest


def _strongest(rows: pa.Table) -> pa.Table:
    """The first LONGEST of each neuron by activation, ties in the order in which they stand, ranked anew."""
    neuron = _neurons(rows)
    # Stable: rows of earlier classes stand first, and a class's rows are in the order of its ranks.
    order = np.lexsort((-rows["activation"].to_numpy(), neuron))
    ordered = neuron[order]
    _, start, count = np.unique(ordered, return_index=True, return_counts=True)
    rank = np.arange(len(ordered)) - np.repeat(start, count)
    kept = rank < LONGEST
    chosen = rows.take(pa.array(order[kept])).combine_chunks()
    place = tables.EXAMPLES.get_field_index("rank")
    return chosen.set_column(place, tables.EXAMPLES.field("rank"), pa.array(rank[kept].astype(np.int16)))
