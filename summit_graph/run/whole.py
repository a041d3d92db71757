"""The tables of a whole run that follow from its manifest and its classes' predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from summit_graph.run import tables


@dataclass(frozen=True)
class ClassRow:
    """What classes.parquet says of a class that has images."""

    number: int
    images: int
    correct: int
    predicted: Sequence[int]
    """Numbers of the classes that its images are taken for."""

    @classmethod
    def of(cls, number: int, predictions: pa.Table) -> ClassRow:
        """The row of a class out of its predictions."""
        predicted = predictions.column("predicted").to_numpy()
        right = int(np.count_nonzero(predicted == number))
        return cls(number, len(predicted), right, np.unique(predicted).tolist())


def class_table(rows: Sequence[ClassRow], names: Mapping[int, str]) -> pa.Table:
    """classes.parquet; a class without a name is called by its number.

    A class that is predicted but has no images of its own is a class with 0 images: mistakes lead to it.
    """
    known = {row.number: row for row in rows}
    everything = sorted(set(known) | {other for row in rows for other in row.predicted})
    columns = {
        "class": np.array(everything, np.int32),
        "name": [names.get(number, str(number)) for number in everything],
        "images": np.array([known[n].images if n in known else 0 for n in everything], np.int32),
        "correct": np.array([known[n].correct if n in known else 0 for n in everything], np.int32),
    }
    return pa.table(columns, schema=tables.CLASSES)


def neuron_table(channels: Iterable[int]) -> pa.Table:
    """neurons.parquet: every channel of every chosen layer, counted through in layer order; `channels` by layer."""
    counts = list(channels)
    columns = {
        "neuron": np.arange(sum(counts), dtype=np.int32),
        "layer_index": np.repeat(np.arange(len(counts), dtype=np.int16), counts),
        "channel": np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
    }
    return pa.table(columns, schema=tables.NEURONS)
