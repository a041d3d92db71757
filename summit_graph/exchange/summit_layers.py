"""Which layer of a run is which of Summit's: its page knows nine, by name, with a number of channels each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summit_graph.errors import InvalidParameter
from summit_graph.exchange.summit_import import INCEPTION_V1_CHANNELS
from summit_graph.names import Names

IN_ORDER = "in-order"
"""Instead of names: the run's last layers are Summit's last ones, as many as there are."""


@dataclass(frozen=True)
class SummitLayer:
    """A layer as it is written: `ours` names it in the run, None where the page's layer has nothing of the run."""

    name: str
    ours: str | None


def summit_layers(names: Names, mapping: Sequence[str]) -> tuple[SummitLayer, ...]:
    """The layers to write, in forward order; with a mapping all nine of Summit's page, without one the run's own.

    `mapping` holds LAYER=NAME (a layer of the run, one of Summit's), or `in-order` alone. Raises InvalidParameter where
    a name is none of Summit's, comes twice, would turn the order round, or has too few channels for the run's layer.
    """
    if not mapping:
        return tuple(SummitLayer(layer.name, layer.name) for layer in names.layers)
    pairs = _in_order(names) if list(mapping) == [IN_ORDER] else [_pair(names, said) for said in mapping]
    theirs = [name for _, name in pairs]
    ours = [layer for layer, _ in pairs]
    for said in (theirs, ours):
        twice = [name for index, name in enumerate(said) if name in said[:index]]
        if twice:
            raise InvalidParameter(f"--map names {twice[0]} twice: give each layer once", "map")
    by_theirs = dict(zip(theirs, ours, strict=True))
    layers = tuple(SummitLayer(name, by_theirs.get(name)) for name in INCEPTION_V1_CHANNELS)
    index = {layer.name: layer.index for layer in names.layers}
    order = [index[layer.ours] for layer in layers if layer.ours is not None]
    if order != sorted(order):
        raise InvalidParameter("--map turns the order of layers round: Summit's go from mixed3a to mixed5b", "map")
    channels = {layer.name: layer.channels for layer in names.layers}
    for layer in layers:
        if layer.ours is not None and channels[layer.ours] > INCEPTION_V1_CHANNELS[layer.name]:
            raise InvalidParameter(
                f"--map {layer.ours}={layer.name}: {layer.ours} has {channels[layer.ours]} channels and Summit's page "
                f"knows {INCEPTION_V1_CHANNELS[layer.name]} of {layer.name}: take a later layer",
                "map",
            )
    return layers


def _in_order(names: Names) -> list[tuple[str, str]]:
    theirs = list(INCEPTION_V1_CHANNELS)
    ours = [layer.name for layer in names.layers][-len(theirs) :]
    return list(zip(ours, theirs[-len(ours) :], strict=True))


def _pair(names: Names, said: str) -> tuple[str, str]:
    ours, equals, theirs = said.rpartition("=")
    if not equals or theirs not in INCEPTION_V1_CHANNELS:
        raise InvalidParameter(
            f"--map {said}: write LAYER=NAME with one of {', '.join(INCEPTION_V1_CHANNELS)}, or {IN_ORDER}", "map"
        )
    return names.find_layer(ours).name, theirs
