"""Finishing a counted class beside the next one's counting: its attribution graph, its tables, its checkpoint."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from types import TracebackType

from ingest.attribution import class_graph
from ingest.class_counting import CountedClass
from ingest.disk import writing
from ingest.pictures.example_strips import ExampleStrips
from ingest.progress import Stopwatch
from ingest.run_tables import activation_table, hop_table, influence_table
from ingest.structure import Structure
from summit_graph.run import ClassResult, Parameters, RunWriter


class ClassFinisher:
    """Finishes classes on a thread of its own, one at a time; a context manager that waits for the last.

    Memory holds two classes' tables at most: the one that is finished and the one that is counted.
    """

    def __init__(
        self,
        writer: RunWriter,
        structure: Structure,
        parameters: Parameters,
        watch: Stopwatch,
        strips: ExampleStrips | None = None,
    ) -> None:
        self._writer = writer
        self._structure = structure
        self._parameters = parameters
        self._watch = watch
        self._strips = strips
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="finisher")
        self._pending: Future[dict[str, float]] | None = None

    def __enter__(self) -> ClassFinisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._thread.shutdown(wait=True)

    def hand_over(self, counted: CountedClass) -> None:
        """Takes a counted class, when the one before is finished; raises what finishing that one raised."""
        self.wait()
        self._pending = self._thread.submit(self._finish, counted)

    def wait(self) -> None:
        """Waits for the class at hand; the time is counted as spent on its parts as that class took them."""
        if self._pending is None:
            return
        pending, self._pending = self._pending, None
        begun = time.monotonic()
        taken = pending.result()
        waited = time.monotonic() - begun
        share = waited / max(sum(taken.values()), 1e-9)
        for part, seconds in taken.items():
            self._watch.add(part, seconds * share)
            self._watch.beside(part, seconds * (1 - share))

    def _finish(self, counted: CountedClass) -> dict[str, float]:
        with counted.pixels or nullcontext():
            return self._finish_with_pixels(counted)

    def _finish_with_pixels(self, counted: CountedClass) -> dict[str, float]:
        begun = time.monotonic()
        graph = class_graph(counted.counts, self._structure, self._parameters)
        graphed = time.monotonic()
        result = ClassResult(
            number=counted.number,
            activations=activation_table(counted.number, counted.counts, graph, self._structure),
            influences=influence_table(counted.number, graph),
            hops=hop_table(counted.number, counted.counts) if self._parameters.hops else None,
            predictions=counted.predictions,
            examples=counted.examples,
            totals={name: sums._asdict() for name, sums in graph.totals.items()},
            skipped=counted.skipped,
        )
        with writing(self._writer.directory):
            # Before the tables, so that a class that is finished has its pictures.
            if self._strips is not None and counted.pixels is not None:
                self._strips.write_class(counted.number, counted.examples, result.activations, counted.pixels)
            drawn = time.monotonic()
            self._writer.write_class(result)
        return {"graphs": graphed - begun, "pictures": drawn - graphed, "writing": time.monotonic() - drawn}
