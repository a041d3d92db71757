"""Counting one class: its images are decoded, run through the traced model and counted, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import pyarrow as pa

from ingest.activation import NotFinite
from ingest.examples import ClassExamples
from ingest.images.batches import ImageBatch, Loader, Skipped
from ingest.images.source import SourceClass
from ingest.lanes import CountedBatch, Lanes, NotFiniteImage
from ingest.pictures.example_strips import ExampleStrips
from ingest.pictures.spool import PixelSpool
from ingest.predictions import Predictions
from ingest.preparation import Preparation
from ingest.progress import Stopwatch
from ingest.ranks import Alone
from ingest.structure import ClassCounts
from summit_graph.errors import SummitError


@dataclass(frozen=True)
class CountedClass:
    """What the images of a class gave; its graph is not computed yet."""

    number: int
    counts: ClassCounts
    predictions: pa.Table
    examples: pa.Table
    skipped: Sequence[dict[str, str]]
    pixels: PixelSpool | None
    """The images as the model saw them, where strips of patches are drawn; whoever finishes the class closes it."""


class ClassCounter:
    """Counts classes one after the other, each one's batches side by side on the cores."""

    def __init__(
        self,
        preparation: Preparation,
        loader: Loader,
        skipped: Skipped,
        ranks: Alone,
        watch: Stopwatch,
        strips: ExampleStrips | None = None,
    ) -> None:
        self._preparation = preparation
        self._loader = loader
        self._skipped = skipped
        self._ranks = ranks
        self._watch = watch
        self._strips = strips
        with watch.spent_on("preparing"):
            self._counter = preparation.counter()
            self._lanes = Lanes(self._counter, preparation.device)

    def __enter__(self) -> ClassCounter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lanes.__exit__(kind, error, trace)

    def count(self, number: int, entry: SourceClass) -> Iterator[int]:
        """Counts a class; gives how many images are done, of all ranks, whenever more are.

        `taken` holds the class when it has ended. Raises SummitError where an image gives NaN or infinity.
        """
        predictions, unreadable = Predictions(number), list[dict[str, str]]()
        examples = ClassExamples(self._preparation.trace.structure, self._preparation.receptive_fields)
        pixels = self._strips.spool() if self._strips is not None else None
        tally = self._counter.tally()
        try:
            for one in self._lanes.counted(self._decoded(entry, unreadable), tally):
                begun = time.monotonic()
                names = [image.name for image in one.batch.images]
                predictions.add(names, one.counted.logits)
                examples.add(names, one.counted.peaks)
                if self._strips is not None and pixels is not None:
                    self._strips.keep(pixels, names, one.batch.pixels)
                self._note(one, time.monotonic() - begun)
                yield self._ranks.count("images", len(names))
            yield self._ranks.count("images", len(unreadable))
            with self._watch.spent_on("influence"):
                counts = self._counter.take(tally)
        except BaseException as error:
            if pixels is not None:
                pixels.close()
            if isinstance(error, NotFiniteImage):
                raise _placed(error.cause, error.batch, self._preparation.labels.name(number)) from error
            raise
        self.taken = CountedClass(number, counts, predictions.table(), examples.table(), unreadable, pixels)

    def _note(self, one: CountedBatch, noted_s: float) -> None:
        """The time that was waited for a batch is its forward pass's and its influences', as they shared its lane."""
        influence_s = one.counted.influence_seconds
        share = influence_s / max(one.seconds, 1e-9)
        self._watch.add("influence", one.waited_s * share)
        self._watch.add("forward", one.waited_s * (1 - share) + noted_s)
        self._watch.beside("influence", influence_s - one.waited_s * share)
        self._watch.beside("forward", one.seconds - influence_s - one.waited_s * (1 - share))

    def _decoded(self, entry: SourceClass, unreadable: list[dict[str, str]]) -> Iterator[ImageBatch]:
        """The class's batches; the time that is waited for them is decoding's."""
        batches = self._loader.batches(entry.images, self._skipped, unreadable)
        while True:
            with self._watch.spent_on("decode"):
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
