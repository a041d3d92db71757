"""A dry run: what an ingest would count, and how long, how much memory and disk it would take. Nothing is written."""

from __future__ import annotations

import math
import resource
import sys
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ingest.attribution import ClassGraph, class_graph
from ingest.examples import LONGEST, ClassExamples
from ingest.images.batches import Skipped
from ingest.pictures.example_strips import square_side_px
from ingest.predictions import Predictions
from ingest.preparation import Preparation, prepare
from ingest.progress import Progress, duration
from ingest.run_tables import activation_table, hop_table, influence_table
from ingest.structure import ClassCounts, HopCounts
from summit_graph.pictures.strips import most_bytes
from summit_graph.run import Parameters

TIMED_BATCHES = 2


@dataclass(frozen=True)
class Estimate:
    """What a whole ingest would take, from two batches of the first class."""

    model: str
    layers: int
    neurons: int
    hops: int
    classes: int
    images: int
    seconds_per_image: float
    hours: float
    """Preparation, as it took here, and every image."""
    memory_mb: float
    """The process's largest resident size so far; on a GPU, what it holds there too."""
    disk_mb: float
    """All classes with the tables that the batches gave, grown to their images, and strips: an upper bound."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, by name."""
        return asdict(self)


def rehearse(
    parameters: Parameters,
    images: Path | str,
    *,
    device: str = "auto",
    workers: int | None = None,
    classes: Path | None = None,
    image_labels: Path | None = None,
    pictures: bool = True,
    progress: Progress | None = None,
) -> Estimate:
    """Prepares an ingest, says what it would count, and times two batches.

    Raises SummitError like an ingest; Unsupported says which operation of the model cannot be followed, and where.
    """
    progress = progress or Progress(quiet=True)
    begun = time.monotonic()
    preparation = prepare(
        parameters, images, device=device, workers=workers, classes=classes, image_labels=image_labels
    )
    preparation.check_labels()
    for line in listing(preparation):
        progress.message(line)
    estimate = _estimate(preparation, pictures, prepared_s=time.monotonic() - begun)
    progress.message(
        f"two batches took {estimate.seconds_per_image:.3f} s an image: about "
        f"{duration(estimate.hours * 3600)} for {estimate.images:,} images, "
        f"{estimate.memory_mb:,.0f} MB of memory, at most {estimate.disk_mb:,.0f} MB on disk"
    )
    return estimate


def listing(preparation: Preparation) -> list[str]:
    """The layers with their channels and the hops between tensors, for people."""
    structure, hops = preparation.trace.structure, preparation.trace.hops
    width = max(len(layer.name) for layer in structure.layers)
    lines = [f"model {preparation.model.name}, weights {preparation.model.weights}, {len(structure.layers)} layers:"]
    for layer in structure.layers:
        sources = [source for target, source in hops if target == layer.name]
        direct = int(structure.direct[layer.name].sum()) if layer.name in structure.direct else 0
        fed = f"fed by {', '.join(sources)} ({direct} direct)" if sources else "the lowest: nothing feeds it"
        lines.append(f"  {layer.name:<{width}}  {layer.channels:>5} channels  {fed}")
    inner = sorted({target for target, _ in hops} - {layer.name for layer in structure.layers})
    lines.append(f"{len(hops):,} hops, {len(inner):,} inner tensors among their targets")
    return lines


def _estimate(preparation: Preparation, pictures: bool, prepared_s: float) -> Estimate:
    _, folder = preparation.classes[0]
    structure, counter = preparation.trace.structure, preparation.counter()
    examples = ClassExamples(structure, preparation.receptive_fields)
    predictions, counts = Predictions(0), list[ClassCounts]()
    with preparation.loader() as loader:
        batches = loader.batches(folder.images, Skipped(preparation.images, 1.0), [])
        started = time.monotonic()
        for batch in islice(batches, TIMED_BATCHES):
            counted = counter.add(batch.pixels.to(preparation.device))
            names = [image.name for image in batch.images]
            predictions.add(names, counted.logits)
            examples.add(names, counted.peaks)
            counts.append(counter.take())
        batches.close()
    seconds = time.monotonic() - started
    written = 0.0
    if counts:
        together = _merged(counts)
        graph = class_graph(together, structure, preparation.parameters)
        tables = _class_bytes(preparation, counts, together, graph, predictions, examples)
        written = tables * len(preparation.source.classes) + (_picture_bytes(preparation, graph) if pictures else 0)
    per_image = seconds / max(predictions.images, 1)
    return Estimate(
        model=preparation.model.name,
        layers=len(structure.layers),
        neurons=sum(layer.channels for layer in structure.layers),
        hops=len(preparation.trace.hops),
        classes=len(preparation.source.classes),
        images=preparation.images,
        seconds_per_image=per_image,
        hours=(prepared_s + per_image * preparation.images) / 3600,
        memory_mb=_memory_bytes(preparation.device) / 1e6,
        disk_mb=written / 1e6,
    )


def _class_bytes(
    preparation: Preparation,
    counts: list[ClassCounts],
    together: ClassCounts,
    graph: ClassGraph,
    predictions: Predictions,
    examples: ClassExamples,
) -> float:
    """What the tables of a class of average size will take, from the counts of one batch or two.

    Counts of further images are partly of pairs that have been counted before: how many of the second batch's pairs the
    first had says how fast the tables grow, and they grow ever more slowly, so this is an upper bound. Examples are at
    most ten a neuron.
    """
    structure = preparation.trace.structure
    rows = [_rows(each) for each in counts]
    exponent = math.log2(_rows(together) / max(sum(rows) / 2, 1)) if len(counts) == 2 and _rows(together) else 1.0
    more = max(1.0, preparation.images / len(preparation.source.classes) / max(predictions.images, 1))
    growing = [activation_table(0, together, graph, structure), influence_table(0, graph)]
    growing += [hop_table(0, together)] if preparation.parameters.hops else []
    kept = min(more, max(1.0, LONGEST / max(predictions.images, 1)))
    growth = float(more ** min(max(exponent, 0.0), 1.0))
    return (
        sum(map(_parquet_bytes, growing)) * growth
        + _parquet_bytes(predictions.table()) * more
        + _parquet_bytes(examples.table()) * kept
    )


def _picture_bytes(preparation: Preparation, graph: ClassGraph) -> float:
    """What the strips of a whole run will take: of every neuron, and in each class of its selected ones."""
    structure, classes = preparation.trace.structure, len(preparation.source.classes)
    return sum(
        (layer.channels + classes * int(graph.selected[layer.name].sum()))
        * most_bytes(LONGEST, square_side_px(preparation.receptive_fields[layer.name]))
        for layer in structure.layers
    )


def _rows(counts: ClassCounts) -> int:
    """Pairs of channels with a count."""
    return sum(len(hop.count) for hop in counts.hops)


def _merged(counts: list[ClassCounts]) -> ClassCounts:
    """The counts of two batches together."""
    first, *rest = counts
    for other in rest:
        activations = {name: count + other.activations[name] for name, count in first.activations.items()}
        first = ClassCounts(activations, tuple(map(_merged_hop, first.hops, other.hops)))
    return first


def _merged_hop(first: HopCounts, second: HopCounts) -> HopCounts:
    target, source, count = (
        np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("target_channel", "source_channel", "count")
    )
    pairs, place = np.unique(np.stack([target, source]), axis=1, return_inverse=True)
    total = np.zeros(pairs.shape[1], np.int32)
    np.add.at(total, place.reshape(-1), count)
    return HopCounts(first.target_tensor, first.source_tensor, pairs[0], pairs[1], total)


def _memory_bytes(device: torch.device) -> float:
    # Linux counts in KiB, macOS in bytes.
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return resident + (torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0)


def _parquet_bytes(table: pa.Table) -> int:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return int(sink.getvalue().size)
