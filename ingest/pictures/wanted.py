"""Which neurons of a run get pictures: all, those of its attribution graphs, or those that are named."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from summit_graph.errors import NotFound, SummitError
from summit_graph.run import Run

SELECTED, ALL = "selected", "all"


def wanted_neurons(run: Run, names: Sequence[str] = (SELECTED,)) -> dict[str, list[int]]:
    """Channels by layer, in forward order: `selected` (in any class's graph), `all`, or LAYER/CHANNEL each.

    Raises NotFound for a layer or channel that the run does not have.
    """
    channels = {layer.name: layer.channels for layer in run.manifest.layers}
    if ALL in names:
        return {layer: list(range(count)) for layer, count in channels.items()}
    found: dict[str, set[int]] = {layer: set() for layer in channels}
    for name in names:
        if name == SELECTED:
            for layer, selected in _selected(run).items():
                found[layer].update(selected)
        else:
            layer, channel = _named(name, channels)
            found[layer].add(channel)
    return {layer: sorted(chosen) for layer, chosen in found.items() if chosen}


def _named(name: str, channels: dict[str, int]) -> tuple[str, int]:
    layer, _, channel = name.rpartition("/")
    if not channel.isdigit() or not layer:
        raise SummitError(f"{name!r} names no neuron: give selected, all, or LAYER/CHANNEL")
    if layer not in channels:
        nearest = tuple(difflib.get_close_matches(layer, channels, n=3, cutoff=0.0))
        raise NotFound(f"the run has no layer {layer!r}; the nearest are {', '.join(nearest)}", nearest)
    if int(channel) >= channels[layer]:
        raise NotFound(f"{layer} has the channels 0 to {channels[layer] - 1}, and no {channel}", ())
    return layer, int(channel)


def _selected(run: Run) -> dict[str, list[int]]:
    chosen: NDArray[np.bool_] = np.zeros(sum(layer.channels for layer in run.manifest.layers), np.bool_)  # (neurons,)
    for number in run.class_numbers:
        table = run.table("activations", number)
        chosen[table["neuron"].to_numpy()[table["selected"].to_numpy(zero_copy_only=False)]] = True
    first, found = 0, {}
    for layer in run.manifest.layers:
        found[layer.name] = np.flatnonzero(chosen[first : first + layer.channels]).tolist()
        first += layer.channels
    return found
