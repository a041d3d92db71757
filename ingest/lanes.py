"""Batches of a class counted side by side: each by one thread, which computes with one torch thread.

A lane needs no other core for its batch, so cores are used better than by sharing out every operation of a batch among
them; and what a batch gives depends neither on the number of cores nor on OMP_NUM_THREADS, which torchrun sets.
On a GPU there is one lane.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType

import torch

from ingest.activation import NotFinite
from ingest.counting import Batch, Counter, Tally
from ingest.images.batches import ImageBatch
from ingest.trace.isolation import exact_arithmetic

MOST = 16


@dataclass(frozen=True)
class CountedBatch:
    """A batch that is in the class's counts."""

    batch: ImageBatch
    counted: Batch
    seconds: float
    """What it took its lane."""
    waited_s: float
    """How long the caller had to wait for it."""


class NotFiniteImage(Exception):
    """A NaN or an infinity that an image of a batch led to."""

    def __init__(self, batch: ImageBatch, cause: NotFinite) -> None:
        super().__init__(str(cause))
        self.batch, self.cause = batch, cause


class Lanes:
    """Counts batches on as many threads as torch would use; a context manager that ends them."""

    def __init__(self, counter: Counter, device: torch.device, lanes: int | None = None) -> None:
        """`lanes`: how many batches are counted at once; by default torch's number of threads, at most 16."""
        self._counter, self._device = counter, device
        self._lanes = 1 if device.type != "cpu" else lanes or min(MOST, torch.get_num_threads())
        single = (1,) if device.type == "cpu" else (torch.get_num_threads(),)
        self._threads = ThreadPoolExecutor(
            self._lanes, thread_name_prefix="lane", initializer=torch.set_num_threads, initargs=single
        )

    def __enter__(self) -> Lanes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def counted(self, batches: Iterable[ImageBatch], tally: Tally) -> Iterator[CountedBatch]:
        """The batches in their order, each when it is in the tally; the next ones are begun meanwhile.

        Raises NotFiniteImage for the first image that gives NaN or infinity.
        """
        pending: deque[tuple[ImageBatch, Future[tuple[Batch, float]]]] = deque()
        # The flags of torch's arithmetic belong to the process: they are set once around all lanes.
        with exact_arithmetic():
            try:
                for batch in batches:
                    pending.append((batch, self._threads.submit(self._add, batch, tally)))
                    if len(pending) > self._lanes:
                        yield _waited_for(*pending.popleft())
                while pending:
                    yield _waited_for(*pending.popleft())
            finally:
                for _, future in pending:
                    future.cancel()
                # A lane that is still at a batch would put the flags back after they are given back here.
                wait([future for _, future in pending])

    def _add(self, batch: ImageBatch, tally: Tally) -> tuple[Batch, float]:
        begun = time.monotonic()
        counted = self._counter.add(batch.pixels.to(self._device), tally)
        return counted, time.monotonic() - begun


def _waited_for(batch: ImageBatch, future: Future[tuple[Batch, float]]) -> CountedBatch:
    begun = time.monotonic()
    try:
        counted, seconds = future.result()
    except NotFinite as error:
        raise NotFiniteImage(batch, error) from error
    return CountedBatch(batch, counted, seconds, time.monotonic() - begun)
