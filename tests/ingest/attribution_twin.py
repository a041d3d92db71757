"""The attribution graph once more, slowly: dictionaries of neurons, every chain walked, networkx for the importance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np

from ingest.structure import ClassCounts, HopCounts, Layer, Structure
from summit_graph.run.parameters import Parameters

Neuron = tuple[int, int]
"""Layer index and channel: sorts as layers and channels do."""


@dataclass(frozen=True)
class Case:
    """A random architecture and the random counts of one class."""

    counts: ClassCounts
    structure: Structure
    parameters: Parameters


def random_case(seed: int) -> Case:
    """A few layers and inner tensors with sparse hops of small counts: ties, empty rows and islands are common."""
    random = np.random.default_rng(seed)
    layers = tuple(Layer(f"layer{index}", index, int(random.integers(1, 10))) for index in range(random.integers(2, 6)))
    tensors: list[tuple[str, int]] = [("image", 3)]
    hops: list[HopCounts] = []
    density, largest = random.uniform(0.05, 0.9), int(random.choice([1, 3, 20, 400]))
    for layer in layers:
        inner = [(f"inner{layer.index}.{place}", int(random.integers(1, 7))) for place in range(random.integers(0, 4))]
        for name, channels in [*inner, (layer.name, layer.channels)]:
            read = [place for place in range(len(tensors)) if random.random() < 0.5] if layer.index else []
            hops += [_random_hop(random, (name, channels), tensors[place], density, largest) for place in read]
            tensors.append((name, channels))
    order = random.permutation(len(hops))
    silent = random.random() < 0.1
    activations = {
        layer.name: random.integers(0, 5, layer.channels).astype(np.int32) * (0 if silent else random.integers(0, 2))
        for layer in layers
    }
    neurons = [f"{layer.name}/{channel}" for layer in layers for channel in range(layer.channels)]
    excluded = random.choice(neurons, int(random.integers(0, 4)) if len(neurons) > 8 else 0, replace=False)
    return Case(
        ClassCounts(activations, tuple(hops[place] for place in order)),
        Structure(layers, {layer.name: random.random(layer.channels) < random.choice([0, 0.5, 1]) for layer in layers}),
        Parameters(
            attribution_mass=float(random.choice([0.005, 0.075, 0.3, 0.5, 1.0])),
            max_in_degree=int(random.integers(1, 8)),
            damping=float(random.choice([0.3, 0.85, 0.95])),
            exclude=tuple(str(neuron) for neuron in excluded),
        ),
    )


def _random_hop(
    random: np.random.Generator, target: tuple[str, int], source: tuple[str, int], density: float, largest: int
) -> HopCounts:
    shape = (target[1], source[1])
    table = np.where(random.random(shape) < density, random.integers(1, largest + 1, shape), 0)
    rows, columns = np.nonzero(table)
    return HopCounts(
        target[0], source[0], rows.astype(np.int32), columns.astype(np.int32), table[rows, columns].astype(np.int32)
    )


def edges(case: Case) -> tuple[dict[tuple[Neuron, Neuron], int], dict[str, int]]:
    """The edges after the cap as {(source, target): weight}, and the caps."""
    weights = _weights(case)
    kept: dict[tuple[Neuron, Neuron], int] = {}
    caps: dict[str, int] = {}
    for layer in case.structure.layers:
        if not any(hop.target_tensor == layer.name for hop in case.counts.hops):
            continue
        incoming = {
            channel: {
                source: weight for (source, target), weight in weights.items() if target == (layer.index, channel)
            }
            for channel in range(layer.channels)
        }
        direct = [channel for channel in range(layer.channels) if case.structure.direct[layer.name][channel]]
        cap = case.parameters.max_in_degree
        if direct:
            cap = max(1, sum(len(incoming[channel]) for channel in direct) // len(direct))
        caps[layer.name] = cap
        for channel, sources in incoming.items():
            strongest = sorted(sources.items(), key=lambda entry: (-entry[1], entry[0]))
            for source, weight in strongest if channel in direct else strongest[:cap]:
                kept[source, (layer.index, channel)] = weight
    return kept, caps


def _weights(case: Case) -> dict[tuple[Neuron, Neuron], int]:
    """Every chain is walked from its end to the first chosen layer; excluded ends are dropped."""
    index = {layer.name: layer.index for layer in case.structure.layers}
    into: dict[tuple[str, int], list[tuple[str, int, int]]] = {}
    for hop in case.counts.hops:
        for target, source, count in zip(hop.target_channel, hop.source_channel, hop.count, strict=True):
            into.setdefault((hop.target_tensor, int(target)), []).append((hop.source_tensor, int(source), int(count)))
    excluded = {(index[name.split("/")[0]], int(name.split("/")[1])) for name in case.parameters.exclude}
    weights: dict[tuple[Neuron, Neuron], int] = {}
    for layer in case.structure.layers:
        for channel in range(layer.channels):
            end = (layer.index, channel)
            walks = [(layer.name, channel, 10**9)]
            while walks:
                tensor, place, width = walks.pop()
                for source, source_channel, count in into.get((tensor, place), []):
                    narrowed = min(width, count)
                    start = (index[source], source_channel) if source in index else None
                    if start is None:
                        walks.append((source, source_channel, narrowed))
                    elif start not in excluded and end not in excluded:
                        weights[start, end] = max(weights.get((start, end), 0), narrowed)
    return weights


def importance(
    case: Case, weights: Mapping[tuple[Neuron, Neuron], int], tolerance: float = 1e-15
) -> dict[Neuron, float]:
    """Importance of the graph's nodes by networkx."""
    graph = nx.Graph()
    graph.add_weighted_edges_from((source, target, weight) for (source, target), weight in weights.items())
    if not graph:
        return {}
    excluded = set(case.parameters.exclude)
    personalization: dict[Neuron, float] = {}
    for layer in case.structure.layers:
        counts = [
            0 if f"{layer.name}/{channel}" in excluded else int(count)
            for channel, count in enumerate(case.counts.activations[layer.name])
        ]
        for channel, count in enumerate(counts):
            if (layer.index, channel) in graph:
                personalization[layer.index, channel] = count / max(counts) if max(counts) else 0.0
    if not any(personalization.values()):
        personalization = dict.fromkeys(personalization, 1.0)
    found = nx.pagerank(
        graph, alpha=case.parameters.damping, personalization=personalization, tol=tolerance, max_iter=10000
    )
    for component in nx.connected_components(graph):
        if not any(personalization[node] for node in component):
            found.update(dict.fromkeys(component, 0.0))
    return dict(found)


def selection(
    case: Case, weights: Mapping[tuple[Neuron, Neuron], int], values: Mapping[Neuron, float]
) -> tuple[set[Neuron], dict[str, int]]:
    """The selected neurons and each layer's mass in the end, given the importance of every neuron."""
    layers = [layer.index for layer in case.structure.layers]
    mass = dict.fromkeys(layers, round(case.parameters.attribution_mass * 1000))
    live = [(source, target) for source, target in weights if values[source] > 0 and values[target] > 0]
    while True:
        chosen = {neuron for layer in layers for neuron in _top(layer, values, mass[layer])}
        to_raise: set[int] = set()
        for layer in layers:
            downward = [(source, target) for source, target in live if target[0] == layer]
            if downward and not any(source in chosen and target in chosen for source, target in downward):
                to_raise |= {layer} | {source[0] for source, _ in downward}
        if not to_raise:
            return chosen, {case.structure.layers[layer].name: mass[layer] for layer in layers}
        for layer in to_raise:
            mass[layer] = min(1000, mass[layer] + 5)


def _top(layer: int, values: Mapping[Neuron, float], mass: int) -> list[Neuron]:
    ranked = sorted((-value, neuron) for neuron, value in values.items() if neuron[0] == layer and value > 0)
    total = -sum(value for value, _ in ranked)
    taken: list[Neuron] = []
    held = 0.0
    for value, neuron in ranked:
        if taken and mass < 1000 and held * 1000 >= mass * total:
            break
        taken.append(neuron)
        held -= value
    return taken
