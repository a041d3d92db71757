"""Generated runs of 1,000 classes in two sizes, with equal answers for some classes and neurons in both.

Popularity of neurons falls off as in Summit's published graphs (Zipf). The classes from PROBES on grow with the size;
the first ones are the same in both, and so are the neurons that only these activate, so that one query has one answer,
and what its time adds at the larger size is the cost of the graph around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from summit_graph.run import ClassResult, LayerEntry, Manifest, Parameters, Run, RunWriter, tables

CLASSES = 1_000
IMAGES_PER_CLASS = 1_300
CHANNELS = (192, 256, 480, 512, 512, 528, 832, 1_024, 1_148)
"""Nine layers, 5,484 neurons."""
PROBES = 10
PROBE_CHANNELS = 16
"""In each layer, the last channels are active in probe classes only."""


@dataclass(frozen=True)
class Size:
    """Rows of one class."""

    name: str
    vertices: int
    edges: int
    activations: int


SMALL = Size("0.2 M", 60, 200, 500)
LARGE = Size("10 M", 500, 10_000, 5_000)


def make_scale_run(directory: Path, size: Size, classes: int = CLASSES) -> Run:
    """Writes a run of that size and opens it; the probe classes are of the small size always."""
    layers = tuple(LayerEntry(f"layer{index}", index, channels) for index, channels in enumerate(CHANNELS))
    manifest = Manifest(
        run="scale",
        model="benchmarks.scale_run",
        dataset=size.name,
        layers=layers,
        parameters=Parameters(model="benchmarks.scale_run"),
        images_digest=size.name,
        weights_digest="none",
        created="2026-01-01T00:00:00Z",
    )
    writer = RunWriter.start(directory, manifest)
    layer_of = np.repeat(np.arange(len(CHANNELS)), CHANNELS)  # (neurons,)
    channel = np.concatenate([np.arange(channels) for channels in CHANNELS])  # (neurons,)
    for number in range(classes):
        writer.write_class(_class(number, SMALL if number < PROBES else size, layer_of, channel))
    numbers = np.arange(classes)
    images = np.full(classes, IMAGES_PER_CLASS)
    names = [f"class {number}" for number in numbers]
    writer.finish(
        classes=_table(tables.CLASSES, [numbers, names, images, images // 2]),
        neurons=_table(tables.NEURONS, [np.arange(len(layer_of)), layer_of, channel]),
    )
    return Run.open(directory)


def _class(number: int, size: Size, layer_of: np.ndarray, channel: np.ndarray) -> ClassResult:
    generator = np.random.default_rng([7, number])
    private = channel >= np.array(CHANNELS)[layer_of] - PROBE_CHANNELS
    popularity = 1.0 / (1 + channel)
    popularity[private] = 0.2 if number < PROBES else 0.0
    active = _chosen(generator, popularity, size.activations)
    vertices = np.sort(active[_chosen(generator, popularity[active], size.vertices)])
    selected = np.isin(active, vertices)
    importance = generator.random(len(active)) * (1 + 9 * selected)
    count = generator.integers(1, IMAGES_PER_CLASS, len(active))
    activations = [np.full(len(active), number), active, count, importance, selected]
    source, target = (ends.ravel() for ends in np.meshgrid(vertices, vertices, indexing="ij"))
    upwards = layer_of[source] < layer_of[target]
    pairs = np.flatnonzero(upwards)
    kept = np.sort(generator.choice(pairs, min(size.edges, len(pairs)), replace=False))
    edges = len(kept)
    count = generator.integers(1, IMAGES_PER_CLASS, edges)
    influences = [np.full(edges, number), source[kept], target[kept], count, np.ones(edges, bool)]
    return ClassResult(
        number, _table(tables.ACTIVATIONS, activations), _table(tables.INFLUENCES, influences), totals={}
    )


def _chosen(generator: np.random.Generator, weights: np.ndarray, wanted: int) -> np.ndarray:
    """So many places, ascending, drawn without replacement with these weights (Efraimidis and Spirakis 2006)."""
    keys = np.log(1 - generator.random(len(weights))) / np.where(weights > 0, weights, 1e-300)
    return np.sort(np.argsort(-keys, kind="stable")[: min(wanted, int((weights > 0).sum()))])


def _table(schema: pa.Schema, columns: Sequence[np.ndarray | list[str]]) -> pa.Table:
    return pa.table(
        [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
