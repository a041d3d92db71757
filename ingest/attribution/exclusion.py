"""Neurons that are left out of every graph."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from ingest.structure import Structure
from summit_graph.errors import NotFound


def excluded_channels(neurons: Iterable[str], structure: Structure) -> dict[str, NDArray[np.bool_]]:
    """Per layer, (channels,): which are excluded. Neurons are given as LAYER/CHANNEL.

    Raises NotFound for a layer that is not chosen or a channel that the layer does not have.
    """
    layers = structure.by_name
    excluded = {layer.name: np.zeros(layer.channels, np.bool_) for layer in structure.layers}
    for neuron in neurons:
        name, slash, channel = neuron.rpartition("/")
        if not slash:
            raise NotFound(f"--exclude {neuron}: give a neuron as LAYER/CHANNEL, such as {next(iter(layers))}/0")
        if name not in layers:
            nearest = tuple(get_close_matches(name, layers, n=3, cutoff=0.0))
            raise NotFound(
                f"--exclude {neuron}: no layer {name or neuron!r}; the nearest are {', '.join(nearest)}", nearest
            )
        last = layers[name].channels - 1
        if not (channel.isascii() and channel.isdigit() and int(channel) <= last):
            raise NotFound(f"--exclude {neuron}: layer {name} has the channels 0 to {last}; give LAYER/CHANNEL")
        excluded[name][int(channel)] = True
    return excluded
