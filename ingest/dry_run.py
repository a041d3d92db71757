"""A dry run: what an ingest would count, and how long, how much memory and disk it would take. Nothing is written."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ingest.attribution import class_graph
from ingest.images.batches import Skipped
from ingest.preparation import Preparation, prepare
from ingest.progress import Progress, duration
from ingest.run_tables import activation_table, hop_table, influence_table
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
    memory_mb: float
    """The process's largest resident size so far; on a GPU, what it holds there too."""
    disk_mb: float
    """All classes with the tables that the batches gave, grown in proportion to their images: an upper bound."""

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
    progress: Progress | None = None,
) -> Estimate:
    """Prepares an ingest, says what it would count, and times two batches.

    Raises SummitError like an ingest; Unsupported says which operation of the model cannot be followed, and where.
    """
    progress = progress or Progress(quiet=True)
    preparation = prepare(
        parameters, images, device=device, workers=workers, classes=classes, image_labels=image_labels
    )
    preparation.check_labels()
    for line in listing(preparation):
        progress.message(line)
    estimate = _estimate(preparation)
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


def _estimate(preparation: Preparation) -> Estimate:
    _, folder = preparation.classes[0]
    structure, counter = preparation.trace.structure, preparation.counter()
    entries: list[dict[str, str]] = []
    with preparation.loader() as loader:
        batches = loader.batches(folder.images, Skipped(preparation.images, 1.0), entries)
        started, counted = time.monotonic(), 0
        for batch in islice(batches, TIMED_BATCHES):
            counter.add(batch.pixels.to(preparation.device))
            counted += len(batch.images)
        batches.close()
    counts = counter.take()
    seconds = time.monotonic() - started
    graph = class_graph(counts, structure, preparation.parameters)
    written = [activation_table(0, counts, graph, structure), influence_table(0, graph)]
    written += [hop_table(0, counts)] if preparation.parameters.hops else []
    # A table cannot grow faster than the images that are counted into it.
    growth = max(1.0, preparation.images / len(preparation.source.classes) / max(counted, 1))
    per_image = seconds / max(counted, 1)
    return Estimate(
        model=preparation.model.name,
        layers=len(structure.layers),
        neurons=sum(layer.channels for layer in structure.layers),
        hops=len(preparation.trace.hops),
        classes=len(preparation.source.classes),
        images=preparation.images,
        seconds_per_image=per_image,
        hours=per_image * preparation.images / 3600,
        memory_mb=_memory_bytes(preparation.device) / 1e6,
        disk_mb=sum(map(_parquet_bytes, written)) * growth * len(preparation.source.classes) / 1e6,
    )


def _memory_bytes(device: torch.device) -> float:
    # Linux counts in KiB, macOS in bytes.
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return resident + (torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0)


def _parquet_bytes(table: pa.Table) -> int:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return int(sink.getvalue().size)
