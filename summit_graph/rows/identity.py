"""Ids of the graph's nodes, made in whole arrays: they are paths, so that each can be read and typed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from summit_graph.errors import SummitError
from summit_graph.run import Run


class Identity:
    """The ids of one run's layers, classes, neurons and vertices, and where each of its neurons lies."""

    def __init__(self, run: Run) -> None:
        self.run = run.manifest.run
        self.layers = run.manifest.layers
        names = pa.array([entry.name for entry in self.layers], pa.string())
        neurons = run.table("neurons")
        self.count = neurons.num_rows
        self.layer_index = neurons["layer_index"].to_numpy().astype(np.int64)  # (neurons,)
        self.channel = neurons["channel"].to_numpy().astype(np.int64)  # (neurons,)
        self._check(neurons["neuron"].to_numpy(), f"{run.directory}/neurons.parquet")
        self.layer = names.take(pa.array(self.layer_index))  # (neurons,)
        self.layer_ids = prefixed(self.run, names)  # (layers,)
        self.neurons = pc.binary_join_element_wise(self.layer, pc.cast(pa.array(self.channel), pa.string()), "/")
        self.neuron_ids = prefixed(self.run, self.neurons)  # (neurons,)

    def class_ids(self, numbers: np.ndarray) -> pa.Array:
        """Ids of classes by number: (rows,) of the run and the number."""
        distinct, place = np.unique(numbers, return_inverse=True)
        texts = prefixed(self.run, pc.cast(pa.array(distinct.astype(np.int64)), pa.string()))
        return texts.take(pa.array(place.reshape(-1)))

    def vertex_ids(self, numbers: np.ndarray, neurons: np.ndarray) -> pa.Array:
        """Ids of vertices by class number and neuron: (rows,) of the class's id, the layer and the channel."""
        return pc.binary_join_element_wise(self.class_ids(numbers), self.neurons.take(pa.array(neurons)), "/")

    def _check(self, numbers: np.ndarray, path: str) -> None:
        """Neurons are numbered 0, 1, … by layer and channel, and lie where the manifest's layers have channels."""
        if not np.array_equal(numbers, np.arange(self.count)):
            raise SummitError(f"{path}: neurons are not numbered 0, 1, 2 …; the run is damaged, make it again")
        if [entry.index for entry in self.layers] != list(range(len(self.layers))):
            raise SummitError(f"{path}: the manifest's layers are not numbered 0, 1, 2 …; make the run again")
        channels = np.array([entry.channels for entry in self.layers], dtype=np.int64)
        inside = (self.layer_index >= 0) & (self.layer_index < len(channels)) & (self.channel >= 0)
        inside[inside] = self.channel[inside] < channels[self.layer_index[inside]]
        if not inside.all():
            neuron = int(np.argmin(inside))
            raise SummitError(
                f"{path}: neuron {neuron} is channel {self.channel[neuron]} of layer {self.layer_index[neuron]}, "
                f"which the manifest's layers do not have; the manifest belongs to another model"
            )
        order = self.layer_index * (1 + self.channel.max(initial=0)) + self.channel
        if not (np.diff(order) > 0).all():
            raise SummitError(f"{path}: neurons are not in the order of layers and channels, or one is there twice")


def prefixed(prefix: str, names: pa.Array) -> pa.Array:
    """`prefix/name` for every name."""
    return pc.binary_join_element_wise(pa.scalar(prefix), names, "/")
