"""The weight between neurons of two chosen layers: the widest chain of hops that leads through inner tensors only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.structure import HopCounts, Structure

Weights = NDArray[np.unsignedinteger[Any]]
"""(target channels, source channels): weight of the widest chain, 0 where there is none."""


def chain_weights(hops: Iterable[HopCounts], structure: Structure) -> dict[str, dict[str, Weights]]:
    """How strongly each chosen layer is fed by each earlier one: target layer -> source layer -> weights.

    A chain's width is its smallest count; the weight is that of the widest chain. A chain ends at the first chosen
    layer it meets; one that begins at a tensor no chosen layer reaches does not count.
    """
    layers = structure.by_name
    into: dict[str, list[HopCounts]] = {}
    for hop in hops:
        into.setdefault(hop.target_tensor, []).append(hop)
    sizes = _channels(into, structure)
    number = np.min_scalar_type(max((int(hop.count.max()) for hop in _filled(into)), default=0))
    reached: dict[str, dict[str, Weights]] = {}
    for tensor in _sources_first(into, layers):
        reached[tensor] = _reached(into.get(tensor, ()), reached, layers, sizes, number)
    return {layer: reached[layer] for layer in layers if layer in into}


def _filled(into: Mapping[str, list[HopCounts]]) -> list[HopCounts]:
    return [hop for hops in into.values() for hop in hops if len(hop.count)]


def _channels(into: Mapping[str, list[HopCounts]], structure: Structure) -> dict[str, int]:
    """Channels of each tensor, as far as the counts name them."""
    sizes: dict[str, int] = {}
    for hop in _filled(into):
        sizes[hop.target_tensor] = max(sizes.get(hop.target_tensor, 0), int(hop.target_channel.max()) + 1)
        sizes[hop.source_tensor] = max(sizes.get(hop.source_tensor, 0), int(hop.source_channel.max()) + 1)
    return sizes | {layer.name: layer.channels for layer in structure.layers}


def _sources_first(into: Mapping[str, list[HopCounts]], layers: Mapping[str, Any]) -> list[str]:
    """The targets of hops in an order in which the inner tensors that a target reads come before it."""
    inner_sources = {
        target: [hop.source_tensor for hop in hops if hop.source_tensor in into and hop.source_tensor not in layers]
        for target, hops in into.items()
    }
    return list(TopologicalSorter(inner_sources).static_order())


def _reached(
    hops: Iterable[HopCounts],
    reached: Mapping[str, Mapping[str, Weights]],
    layers: Mapping[str, Any],
    sizes: Mapping[str, int],
    number: np.dtype[Any],
) -> dict[str, Weights]:
    """Weights from chosen layers to one tensor, given those of the inner tensors that it reads."""
    found: dict[str, Weights] = {}
    for hop in hops:
        if not len(hop.count):
            continue
        rows = sizes[hop.target_tensor]
        if hop.source_tensor in layers:
            table = found.setdefault(hop.source_tensor, np.zeros((rows, sizes[hop.source_tensor]), number))
            pairs = (hop.target_channel, hop.source_channel)
            table[pairs] = np.maximum(table[pairs], hop.count.astype(number))
            continue
        for layer, inner in reached.get(hop.source_tensor, {}).items():
            table = found.setdefault(layer, np.zeros((rows, sizes[layer]), number))
            np.maximum(table, _through(hop, inner, rows), out=table)
    return found


def _through(hop: HopCounts, inner: Weights, rows: int) -> Weights:
    """Max-min product: the widest chains that end with this hop. (inner channels, sources) -> (rows, sources)

    Goes by position in the rows instead of by entry: the p-th entries of all target channels are one array operation.
    Channels with the most entries come first, so that those that have a p-th entry are a prefix.
    """
    degree = np.bincount(hop.target_channel, minlength=rows)  # (rows,)
    first = np.cumsum(degree) - degree  # (rows,)
    by_degree = np.argsort(-degree, kind="stable")
    degree, first = degree[by_degree], first[by_degree]
    count = hop.count.astype(inner.dtype)
    widest = np.zeros((rows, inner.shape[1]), inner.dtype)
    chain = np.empty_like(widest)
    for position in range(int(degree[0])):
        active = int(np.searchsorted(-degree, -position))
        entry = first[:active] + position  # (active,)
        np.take(inner, hop.source_channel[entry], axis=0, out=chain[:active], mode="clip")  # (active, source channels)
        np.minimum(chain[:active], count[entry][:, None], out=chain[:active])
        np.maximum(widest[:active], chain[:active], out=widest[:active])
    by_channel = np.empty_like(widest)
    by_channel[by_degree] = widest
    return by_channel
