"""Summit's published class graphs as a run directory.

What the files do not tell stays unknown: images of a class and accuracy (null), totals before selection, hops,
predictions and examples. Every published node and edge is one that its authors selected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from summit_graph import __version__
from summit_graph.errors import SummitError
from summit_graph.exchange import PUBLISHED_PARAMETERS, SUMMIT_RUN
from summit_graph.exchange.class_list import ListedClass, read_class_list
from summit_graph.exchange.summit_files import PublishedGraph, PublishedGraphs, read_published_graphs
from summit_graph.run import ClassResult, LayerEntry, Manifest, RunWriter, read_manifest, tables
from summit_graph.run.manifest import FILE_NAME, check_run_id, now
from summit_graph.store.base import Progress

MODEL, DATASET = "InceptionV1", "ImageNet"

INCEPTION_V1_CHANNELS: Mapping[str, int] = {
    "mixed3a": 256,
    "mixed3b": 480,
    "mixed4a": 508,
    "mixed4b": 512,
    "mixed4c": 512,
    "mixed4d": 528,
    "mixed4e": 832,
    "mixed5a": 832,
    "mixed5b": 1024,
}
"""The inception modules of InceptionV1 as published with Lucid, in forward order."""

PUBLISHED_DEFECTS = (
    "influences were counted with stride 3, so at every ninth position",
    "the outlier channels were left out of the wrong layer's influences",
    "attr_channels number inner channels as if they were those of the layer below: not taken",
)
"""What is known to be wrong with the published counts, so that nobody compares a run of their own with them blindly."""

Embedding = Callable[[Sequence[NDArray[np.integer[Any]]]], Sequence[NDArray[np.float64]]]
"""Counts of each layer, (classes, channels), to a point for each class, (classes, 2)."""

NeuronNumbers = Mapping[tuple[str, int], int]
"""The run's number of each neuron, by layer and channel."""


@dataclass(frozen=True)
class ImportReport:
    """What an import wrote, or found written by an earlier one."""

    run: str
    digest: str
    classes: int
    neurons: int
    activations: int
    """Nodes of all classes' graphs."""
    influences: int
    """Edges of all classes' graphs."""
    distinct_influences: int
    """Pairs of neurons that have an edge in some class's graph."""
    already_imported: bool


def import_summit(
    path: Path,
    out: Path,
    *,
    classes: Path | None = None,
    images_per_class: int | None = None,
    run: str = SUMMIT_RUN,
    embed: Embedding | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Turns a zip or folder of `ag-<class>.json` into a complete run directory.

    `classes` is a CSV file (index, wnid, name); without it class 7 is named "class 7". With `images_per_class` (about
    1,300 in ImageNet) counts have shares. `embed` places the classes in each layer by their counts. Everything is read
    and checked before anything is written; an import that was killed goes on when it is repeated. Raises SummitError
    where the input is damaged or `out` holds something else.
    """
    say = progress or (lambda line: None)
    check_run_id(run)
    if images_per_class is not None and images_per_class < 1:
        raise SummitError(f"--images-per-class is {images_per_class}: give a whole number from 1")
    published = read_published_graphs(path)
    listed = _listed_classes(published, classes)
    _check_counts(published, images_per_class)
    layers = _layers(published)
    say(f"read {len(published.graphs):,} class graphs")

    neurons = _number_neurons(published)
    manifest = _manifest(run, layers, published, listed, images_per_class)
    _refuse_another_import(out, manifest)
    with RunWriter.start(out, manifest) as writer:
        if writer.complete:
            return _report(published, neurons, writer.manifest, already_imported=True)
        finished = writer.finished_classes()
        for graph in published.graphs:
            if graph.number not in finished:
                writer.write_class(_class_result(graph, neurons))
        if embed is not None:
            say(f"placing {len(published.graphs):,} classes in {len(layers)} layers")
        complete = writer.finish(
            classes=_classes_table(listed, images_per_class),
            neurons=_neurons_table(neurons, layers),
            embedding=None if embed is None else _embedding_table(published, neurons, embed),
        )
    say(f"wrote {out}")
    return _report(published, neurons, complete, already_imported=False)


def _listed_classes(published: PublishedGraphs, path: Path | None) -> list[ListedClass]:
    """The name and id of each class that has a graph."""
    numbers = [graph.number for graph in published.graphs]
    if path is None:
        return [ListedClass(number, "", f"class {number}") for number in numbers]
    listed = read_class_list(path)
    missing = [number for number in numbers if number not in listed]
    if missing:
        raise SummitError(f"{path} lacks {len(missing)} of the {len(numbers)} classes, the first is class {missing[0]}")
    return [listed[number] for number in numbers]


def _check_counts(published: PublishedGraphs, images_per_class: int | None) -> None:
    if images_per_class is None:
        return
    for graph in published.graphs:
        counts = [node.count for nodes in graph.nodes.values() for node in nodes]
        counts += [edge.count for edges in graph.edges.values() for edge in edges]
        largest = max(counts, default=0)
        if largest > images_per_class:
            raise SummitError(
                f"--images-per-class is {images_per_class}, but class {graph.number} counts {largest} images: give more"
            )


def _layers(published: PublishedGraphs) -> tuple[LayerEntry, ...]:
    """The layers with their numbers of channels: InceptionV1's own, of other models up to the highest that occurs."""
    inception = published.layers == tuple(INCEPTION_V1_CHANNELS)
    channels = dict(INCEPTION_V1_CHANNELS) if inception else dict.fromkeys(published.layers, 0)
    for graph in published.graphs:
        for layer, nodes in graph.nodes.items():
            needed = max((node.channel + 1 for node in nodes), default=0)
            if inception and needed > channels[layer]:
                raise SummitError(
                    f"ag-{graph.number}.json: {layer} has {channels[layer]} channels, so {needed - 1} is none"
                )
            channels[layer] = max(channels[layer], needed)
    return tuple(LayerEntry(layer, index, channels[layer]) for index, layer in enumerate(published.layers))


def _number_neurons(published: PublishedGraphs) -> NeuronNumbers:
    """A number for each neuron that occurs, ascending by layer in forward order, then by channel."""
    occurring: dict[str, set[int]] = {layer: set() for layer in published.layers}
    for graph in published.graphs:
        for layer, nodes in graph.nodes.items():
            occurring[layer].update(node.channel for node in nodes)
    ordered = ((layer, channel) for layer, channels in occurring.items() for channel in sorted(channels))
    return {neuron: number for number, neuron in enumerate(ordered)}


def _manifest(
    run: str,
    layers: tuple[LayerEntry, ...],
    published: PublishedGraphs,
    listed: list[ListedClass],
    images_per_class: int | None,
) -> Manifest:
    names = {str(entry.number): [entry.wnid, entry.name] for entry in listed}
    source = {"graphs": published.digest, "classes": names, "images_per_class": images_per_class}
    return Manifest(
        run=run,
        model=MODEL,
        dataset=DATASET,
        layers=layers,
        parameters=None,
        images_digest="",
        weights_digest="",
        created=now(),
        software={"summit-graph": __version__},
        notes={
            "source": "attribution graphs published by Hohman et al., Summit, TVCG 2020",
            "source_digest": hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest(),
            "published_parameters": dict(PUBLISHED_PARAMETERS),
            "published_defects": list(PUBLISHED_DEFECTS),
            "images_per_class": images_per_class,
            "wnids": {str(entry.number): entry.wnid for entry in listed if entry.wnid},
        },
    )


def _refuse_another_import(out: Path, manifest: Manifest) -> None:
    """Raises SummitError where `out` holds, begun or complete, a run of other files, names or images."""
    if not (out / FILE_NAME).exists():
        return
    there = read_manifest(out)
    if there.notes.get("source_digest") != manifest.notes["source_digest"]:
        raise SummitError(f"{out} holds a run of something else: give another --out or remove that folder")


def _class_result(graph: PublishedGraph, neurons: NeuronNumbers) -> ClassResult:
    """A class's nodes as activations and its edges as influences, all of them selected."""
    nodes = [(neurons[layer, node.channel], node) for layer, of_layer in graph.nodes.items() for node in of_layer]
    below = dict(zip(graph.layers[1:], graph.layers, strict=False))
    edges = [
        (neurons[below[layer], edge.source], neurons[layer, edge.target], edge.count)
        for layer, of_layer in graph.edges.items()
        for edge in of_layer
    ]
    activations = {
        "class": [graph.number] * len(nodes),
        "neuron": [number for number, _ in nodes],
        "count": [node.count for _, node in nodes],
        "importance": [node.importance for _, node in nodes],
        "selected": [True] * len(nodes),
    }
    influences = {
        "class": [graph.number] * len(edges),
        "source": [source for source, _, _ in edges],
        "target": [target for _, target, _ in edges],
        "count": [count for _, _, count in edges],
        "selected": [True] * len(edges),
    }
    return ClassResult(
        graph.number,
        activations=pa.table(activations, tables.ACTIVATIONS),
        influences=pa.table(influences, tables.INFLUENCES),
    )


def _classes_table(listed: list[ListedClass], images_per_class: int | None) -> pa.Table:
    columns = {
        "class": [entry.number for entry in listed],
        "name": [entry.name for entry in listed],
        "images": [images_per_class] * len(listed),
        "correct": [None] * len(listed),
    }
    return pa.table(columns, tables.CLASSES)


def _neurons_table(neurons: NeuronNumbers, layers: tuple[LayerEntry, ...]) -> pa.Table:
    index = {layer.name: layer.index for layer in layers}
    columns = {
        "neuron": list(neurons.values()),
        "layer_index": [index[layer] for layer, _ in neurons],
        "channel": [channel for _, channel in neurons],
    }
    return pa.table(columns, tables.NEURONS)


def _embedding_table(published: PublishedGraphs, neurons: NeuronNumbers, embed: Embedding) -> pa.Table:
    """Where the classes lie in each layer by their counts; channels that no class has play no part."""
    places: dict[str, dict[int, int]] = {layer: {} for layer in published.layers}
    for layer, channel in neurons:
        places[layer][channel] = len(places[layer])
    counts = [np.zeros((len(published.graphs), len(places[layer])), dtype=np.int64) for layer in published.layers]
    for row, graph in enumerate(published.graphs):
        for matrix, layer in zip(counts, published.layers, strict=True):
            for node in graph.nodes[layer]:
                matrix[row, places[layer][node.channel]] = node.count
    numbers = [graph.number for graph in published.graphs]
    parts = [
        pa.table(
            [numbers, [index] * len(numbers), points[:, 0], points[:, 1]],
            schema=tables.EMBEDDING,
        )
        for index, points in enumerate(embed(counts))
    ]
    return pa.concat_tables(parts)


def _report(
    published: PublishedGraphs, neurons: NeuronNumbers, manifest: Manifest, already_imported: bool
) -> ImportReport:
    distinct = {
        (layer, edge.source, edge.target)
        for graph in published.graphs
        for layer, edges in graph.edges.items()
        for edge in edges
    }
    return ImportReport(
        run=manifest.run,
        digest=manifest.digest,
        classes=len(published.graphs),
        neurons=len(neurons),
        activations=sum(len(nodes) for graph in published.graphs for nodes in graph.nodes.values()),
        influences=sum(len(edges) for graph in published.graphs for edges in graph.edges.values()),
        distinct_influences=len(distinct),
        already_imported=already_imported,
    )
