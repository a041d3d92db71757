"""From a model and images to a run directory, class by class.

1. `prepare` loads the model, finds the images and their labels, and traces the model; up to 1,000 images are predicted.
2. Each class: images are decoded and counted batch by batch; its graph is computed and its tables are written.
3. At the end: the classes with their predictions, the neurons, and the embedding of the classes at each layer.

A finished class is a checkpoint: the same ingest again goes on at the first class that is not finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.activation import NotFinite
from ingest.attribution import class_graph
from ingest.counting import Counter
from ingest.embedding import class_embedding
from ingest.examples import ClassExamples, merged_examples
from ingest.images.batches import ImageBatch, Loader, Skipped
from ingest.images.source import SourceClass
from ingest.predictions import Predictions
from ingest.preparation import Preparation, prepare
from ingest.progress import Progress, Stopwatch
from ingest.run_tables import (
    activation_matrix,
    activation_table,
    embedding_table,
    hop_table,
    influence_table,
    neuron_table,
)
from summit_graph.errors import SummitError
from summit_graph.run import ClassResult, Manifest, Parameters, RunWriter, tables
from summit_graph.run.manifest import run_name

PCA_BELOW = 5
"""With fewer classes than this the embedding is their principal components."""


@dataclass(frozen=True)
class Summary:
    """What an ingest did, for whoever started it."""

    manifest: Manifest
    images: int
    skipped: int
    correct: int
    classes: int
    """Classes with images."""
    seconds: Mapping[str, float]
    """Wall time by what it was spent on, and `total`; empty where the run was complete already."""


def ingest(
    parameters: Parameters,
    images: Path | str,
    out: Path,
    *,
    run: str | None = None,
    device: str = "auto",
    workers: int | None = None,
    classes: Path | None = None,
    image_labels: Path | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Ingests a model over labelled images into the run directory `out`, or goes on where an earlier ingest stopped.

    Args:
        parameters: everything that decides the result.
        images: a folder or zip archive with one folder per class, or with `image_labels`; arrays (`.npz`); or
            `MODULE:FACTORY` of a torch Dataset.
        run: the run's name; by default that of the directory.
        device: auto, cpu or cuda.
        workers: processes that decode, 0 for none; their number changes nothing in the result.
        classes: CSV that says which folder (or label) is which output.
        image_labels: CSV that says which image is of which class.

    Raises SummitError for everything that a user can mend, most of it before anything is written.
    """
    progress = progress or Progress(quiet=True)
    watch = Stopwatch()
    with watch.spent_on("preparing"):
        preparation = prepare(
            parameters, images, device=device, workers=workers, classes=classes, image_labels=image_labels
        )
        _describe(preparation, progress)
        manifest = preparation.manifest(run or run_name(out))
        if _is_new(out):
            preparation.check_labels()
        writer = RunWriter.start(out, manifest)
        if writer.manifest.notes.get("labels_digest") != manifest.notes["labels_digest"]:
            raise SummitError(f"{out} holds a run whose folders had other class numbers: give another --out")
    if writer.complete:
        progress.message(f"{out} is complete already")
        return _summary(writer, {})
    _count_classes(preparation, writer, progress, watch)
    progress.message("embedding the classes")
    with watch.spent_on("embedding"), _writing(out):
        _finish(preparation, writer)
    spent = {**watch.seconds, "other": watch.total - sum(watch.seconds.values())}
    return _summary(writer, {**spent, "total": sum(spent.values())})


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Turns what the file system refuses into one line; the classes that are written stay finished."""
    try:
        yield
    except OSError as error:
        raise SummitError(
            f"cannot write {out}: {error.strerror or error}; make room or allow it, then give the same command again"
        ) from error


def _is_new(out: Path) -> bool:
    return not out.exists() or (out.is_dir() and not any(out.iterdir()))


def _describe(preparation: Preparation, progress: Progress) -> None:
    model, layers = preparation.model, preparation.trace.structure.layers
    found = f" ({model.message})" if model.message else ""
    progress.message(f"model {model.name}, weights {model.weights}{found}, on {preparation.device}")
    progress.message(
        f"{len(layers)} layers with {sum(layer.channels for layer in layers):,} neurons, "
        f"{len(preparation.trace.hops):,} hops"
    )
    progress.message(
        f"{preparation.images:,} images of {len(preparation.source.classes):,} classes ({preparation.labels.rule}); "
        f"preprocessing: {preparation.preprocess.description}"
    )


def _count_classes(preparation: Preparation, writer: RunWriter, progress: Progress, watch: Stopwatch) -> None:
    """Counts the classes that are not finished and writes them."""
    finished = writer.finished_classes()
    left = [(number, entry) for number, entry in preparation.classes if number not in finished]
    if finished:
        progress.message(f"going on after {len(finished):,} finished classes")
    progress.start(images=sum(len(entry.images) for _, entry in left), classes=len(left))
    skipped = Skipped(preparation.images, preparation.parameters.max_bad, before=len(writer.skipped()))
    with watch.spent_on("preparing"):
        counter = preparation.counter()
        fields = preparation.receptive_fields() if left else {}
    with preparation.loader(sum(len(entry.images) for _, entry in left)) as loader:
        for number, entry in left:
            examples = ClassExamples(preparation.trace.structure, fields)
            result = _count_class(preparation, number, entry, loader, counter, examples, skipped, progress, watch)
            with watch.spent_on("writing"), _writing(writer.directory):
                writer.write_class(result)
            progress.class_done()
    progress.end()


def _count_class(
    preparation: Preparation,
    number: int,
    entry: SourceClass,
    loader: Loader,
    counter: Counter,
    examples: ClassExamples,
    skipped: Skipped,
    progress: Progress,
    watch: Stopwatch,
) -> ClassResult:
    parameters, structure = preparation.parameters, preparation.trace.structure
    entries: list[dict[str, str]] = []
    predictions = Predictions(number)
    for batch in _timed(loader.batches(entry.images, skipped, entries), watch):
        with watch.spent_on("counting"):
            try:
                counted = counter.add(batch.pixels.to(preparation.device))
            except NotFinite as error:
                raise _placed(error, batch, preparation.labels.name(number)) from error
            names = [image.name for image in batch.images]
            predictions.add(names, counted.logits)
            examples.add(names, counted.peaks)
        progress.advance(len(batch.images))
    progress.advance(len(entries))
    with watch.spent_on("graphs"):
        counts = counter.take()
        graph = class_graph(counts, structure, parameters)
    return ClassResult(
        number=number,
        activations=activation_table(number, counts, graph, structure),
        influences=influence_table(number, graph),
        hops=hop_table(number, counts) if parameters.hops else None,
        predictions=predictions.table(),
        examples=examples.table(),
        totals={name: sums._asdict() for name, sums in graph.totals.items()},
        skipped=entries,
    )


def _timed(batches: Iterator[ImageBatch], watch: Stopwatch) -> Iterator[ImageBatch]:
    """The batches; the time that is waited for them is decoding's."""
    while True:
        with watch.spent_on("decoding"):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _placed(error: NotFinite, batch: ImageBatch, class_name: str) -> SummitError:
    image = batch.images[error.position].name
    where = f"layer {error.layer}" if error.layer else "the output"
    return SummitError(
        f"class {class_name}, image {image}: {where} is NaN or infinite; the model cannot be counted on it"
    )


def _finish(preparation: Preparation, writer: RunWriter) -> None:
    """Writes the tables of the whole run and completes its manifest."""
    structure, labels = preparation.trace.structure, preparation.labels
    numbers = [number for number, _ in preparation.classes]
    rows = [_class_row(writer, number) for number in numbers]
    known = dict(zip(numbers, rows, strict=True))
    predicted = {other for row in rows for other in row.predicted}
    # A class that is predicted but has no images of its own is a class with 0 images: mistakes lead to it.
    everything = sorted(set(numbers) | predicted)
    class_table = pa.table(
        {
            "class": np.array(everything, np.int32),
            "name": [labels.name(number) for number in everything],
            "images": np.array([known[number].images if number in known else 0 for number in everything], np.int32),
            "correct": np.array([known[number].correct if number in known else 0 for number in everything], np.int32),
        },
        schema=tables.CLASSES,
    )
    with_images = [number for number in numbers if known[number].images]
    places = class_embedding(activation_matrix((_written(writer, "activations", n) for n in with_images), structure))
    neurons = neuron_table(structure)
    writer.finish(
        classes=class_table,
        neurons=neurons,
        embedding=embedding_table(with_images, places),
        examples=merged_examples((_written(writer, "examples", n) for n in numbers), neurons.num_rows),
        notes={"embedding": "PCA" if len(with_images) < PCA_BELOW else "UMAP"},
    )


@dataclass(frozen=True)
class _ClassRow:
    images: int
    correct: int
    predicted: Sequence[int]
    """Numbers of the classes that its images are taken for."""


def _class_row(writer: RunWriter, number: int) -> _ClassRow:
    predicted = _written(writer, "predictions", number).column("predicted").to_numpy()
    return _ClassRow(len(predicted), int(np.count_nonzero(predicted == number)), np.unique(predicted).tolist())


def _written(writer: RunWriter, name: str, number: int) -> pa.Table:
    return pq.read_table(writer.directory / tables.class_path(name, number), partitioning=None)


def _summary(writer: RunWriter, seconds: Mapping[str, float]) -> Summary:
    manifest = writer.manifest
    rows = pq.read_table(writer.directory / tables.whole_path("classes"), partitioning=None)
    images = rows.column("images").to_numpy()
    return Summary(
        manifest=manifest,
        images=int(images.sum()),
        skipped=len(manifest.skipped),
        correct=int(rows.column("correct").to_numpy().sum()),
        classes=int(np.count_nonzero(images)),
        seconds=seconds,
    )
