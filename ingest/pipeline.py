"""From a model and images to a run directory, class by class.

1. `prepare` loads the model, finds the images and their labels, and traces the model; up to 1,000 images are predicted.
2. Each class: images are decoded and counted batch by batch; while the next class is counted, its graph is computed and
   its tables are written. Several ranks share the classes.
3. At the end: the classes with their predictions, the neurons, and the embedding of the classes at each layer.

A finished class is a checkpoint: the same ingest again goes on at the first class that is not finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ingest.class_counting import ClassCounter
from ingest.class_finishing import ClassFinisher
from ingest.disk import writing
from ingest.images.batches import Skipped
from ingest.pictures.example_strips import ExampleStrips
from ingest.pictures.input_space import find_input_space
from ingest.preparation import Preparation, prepare
from ingest.progress import Progress, Stopwatch
from ingest.ranks import Alone, ranks_here
from ingest.whole_run import finish_run
from summit_graph.errors import SummitError
from summit_graph.run import Manifest, Parameters, RunWriter, tables
from summit_graph.run.manifest import check_run_id, run_name


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
    """Wall time by what it was spent on (waited for), and `total`, their sum; empty where the run was complete."""
    beside: Mapping[str, float] = field(default_factory=dict)
    """Seconds by what other threads spent them on meanwhile, so that nobody waited for it."""


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
    pictures: bool = True,
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
        pictures: whether to draw the patches that activate neurons most.

    Under torchrun every rank calls it, with the same arguments. Raises SummitError for everything that a user can
    mend, most of it before anything is written.
    """
    progress = progress or Progress(quiet=True)
    watch = Stopwatch()
    name = run or run_name(out)
    # What needs no model is checked before one is loaded, which may take minutes.
    check_run_id(name)
    RunWriter.check(out)
    with ranks_here() as ranks:
        with watch.spent_on("preparing"):
            preparation = prepare(
                parameters, images, device=device, workers=workers, classes=classes, image_labels=image_labels
            )
            manifest = preparation.manifest(name)
            # By rank 0 alone: to the others, what it begins to write meanwhile would be somebody else's.
            ranks.in_turn(lambda: _refuse_other_numbers(RunWriter.check(out, manifest), manifest, out), lambda: None)
            _describe(preparation, ranks, progress)
            writer = ranks.in_turn(lambda: _begin(preparation, manifest, out), lambda: RunWriter.join(out, manifest))
        with writer:
            if writer.complete:
                progress.message(f"{out} is complete already")
                return _summary(writer)
            strips = _example_strips(preparation, out, progress) if pictures else None
            _count_classes(preparation, writer, ranks, progress, watch, strips)
            progress.message("embedding the classes" + (" and drawing examples" if strips is not None else ""))
            with writing(out):
                ranks.in_turn(lambda: finish_run(preparation, writer, watch, strips), lambda: None)
            return _summary(writer, watch)


def _begin(preparation: Preparation, manifest: Manifest, out: Path) -> RunWriter:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        preparation.check_labels()
    writer = RunWriter.start(out, manifest, preparation.labels.names)
    try:
        _refuse_other_numbers(writer.manifest, manifest, out)
    except SummitError:
        writer.close()
        raise
    return writer


def _refuse_other_numbers(there: Manifest | None, manifest: Manifest, out: Path) -> None:
    if there is not None and there.notes.get("labels_digest") != manifest.notes["labels_digest"]:
        raise SummitError(f"{out} holds a run whose folders had other class numbers: give another --out")


def _describe(preparation: Preparation, ranks: Alone, progress: Progress) -> None:
    model, layers = preparation.model, preparation.trace.structure.layers
    found = f" ({model.message})" if model.message else ""
    shared = f", {ranks.size} ranks" if ranks.size > 1 else ""
    progress.message(f"model {model.name}, weights {model.weights}{found}, on {preparation.device}{shared}")
    progress.message(
        f"{len(layers)} layers with {sum(layer.channels for layer in layers):,} neurons, "
        f"{len(preparation.trace.hops):,} hops"
    )
    progress.message(
        f"{preparation.images:,} images of {len(preparation.source.classes):,} classes ({preparation.labels.rule}); "
        f"preprocessing: {preparation.preprocess.description}"
    )


def _example_strips(preparation: Preparation, out: Path, progress: Progress) -> ExampleStrips | None:
    """What draws the examples' patches; None where the model's input cannot be turned back into pixels."""
    try:
        space = find_input_space(preparation.preprocess, preparation.input_shape)
    except SummitError as error:
        progress.message(f"no pictures of examples: {error}")
        return None
    return ExampleStrips(out, preparation.trace.structure, preparation.receptive_fields, space)


def _count_classes(
    preparation: Preparation,
    writer: RunWriter,
    ranks: Alone,
    progress: Progress,
    watch: Stopwatch,
    strips: ExampleStrips | None,
) -> None:
    """Counts the classes that are not finished and writes them; ends when all ranks have."""
    finished = ranks.same(writer.finished_classes())
    before = ranks.same(len(writer.skipped()))
    left = [(number, entry) for number, entry in preparation.classes if number not in finished]
    if ranks.size > 1:
        # The largest first, so that no rank begins one when the others have nothing left.
        left.sort(key=lambda pair: (-len(pair[1].images), pair[0]))
    if finished:
        progress.message(f"going on after {len(finished):,} finished classes")
    if not left:
        return
    images = sum(len(entry.images) for _, entry in left)
    skipped = Skipped(preparation.images, preparation.parameters.max_bad, before=before, count=ranks.count)
    with (
        preparation.loader(images) as loader,
        ClassCounter(preparation, loader, skipped, ranks, watch, strips) as counter,
    ):
        progress.start(images=images, classes=len(left))
        with ClassFinisher(writer, preparation.trace.structure, preparation.parameters, watch, strips) as finisher:
            for number, entry in ranks.share(left):
                for done in counter.count(number, entry):
                    progress.reached(done)
                finisher.hand_over(counter.taken)
                progress.class_done(ranks.count("classes", 1))
    ranks.meet()
    progress.end()


def _summary(writer: RunWriter, watch: Stopwatch | None = None) -> Summary:
    rows = pq.read_table(writer.directory / tables.whole_path("classes"), partitioning=None)
    images = rows.column("images").to_numpy()
    return Summary(
        manifest=writer.manifest,
        images=int(images.sum()),
        skipped=len(writer.manifest.skipped),
        correct=int(rows.column("correct").to_numpy().sum()),
        classes=int(np.count_nonzero(images)),
        seconds=watch.whole() if watch is not None else {},
        beside=watch.hidden if watch is not None else {},
    )
