"""What attribution needs of a model's architecture, and the counts of a class: the seam of counting and graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Layer:
    """A chosen layer: a module's output."""

    name: str
    index: int
    """Position in forward order, from 0."""
    channels: int


@dataclass(frozen=True)
class Structure:
    """The chosen layers and which of their channels are direct, by the architecture alone (whatever the weights)."""

    layers: tuple[Layer, ...]
    direct: Mapping[str, NDArray[np.bool_]]
    """Per layer name, (channels,): terms all come from chosen layers, from at least k distinct source channels."""

    @property
    def by_name(self) -> dict[str, Layer]:
        """The layers by their names."""
        return {layer.name: layer for layer in self.layers}


@dataclass(frozen=True)
class HopCounts:
    """Counts of one hop for one class: how often a source channel was among a target channel's k largest terms.

    The four arrays have one entry per (target channel, source channel) with a count above 0, sorted by both.
    """

    target_tensor: str
    source_tensor: str
    target_channel: NDArray[np.int32]
    source_channel: NDArray[np.int32]
    count: NDArray[np.int32]


@dataclass(frozen=True)
class ClassCounts:
    """All counts of one class: A[l][y] of every channel and I[hop][y]."""

    activations: Mapping[str, NDArray[np.int32]]
    """Per layer name, (channels,)."""
    hops: tuple[HopCounts, ...]
