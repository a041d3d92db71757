"""Batches of a class's images: decoded ahead by the decoders, in the images' order.

Whatever the number of decoder processes, the images come in the same order and the batches hold the same images.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ingest.images.decoders import Decoders, Pixels
from ingest.images.decoding import UnreadableImage
from ingest.images.preprocessing import Preprocess
from ingest.images.source import Reader, SourceImage
from ingest.images.worker import Decoding
from summit_graph.errors import SummitError


@dataclass(frozen=True)
class ImageBatch:
    """Images of one class and where they came from."""

    pixels: Tensor
    """(B, C, H, W) float32, on the CPU: the model's input."""
    images: tuple[SourceImage, ...]


class Skipped:
    """The images that could not be read, and how many of them are too many."""

    def __init__(
        self, images: int, max_bad: float, before: int = 0, count: Callable[[str, int], int] | None = None
    ) -> None:
        """`images` is how many there are in all, `before` how many classes that are already finished have skipped.

        `count("skipped", 1)` adds to a count that other processes share, and gives its value.
        """
        self._images = images
        self._max_bad = max_bad
        self._before = before
        self._count = count
        self._here = 0

    def add(self, image: SourceImage, reason: str) -> dict[str, str]:
        """The entry of an unreadable image for the run; raises SummitError if it is one too many."""
        self._here += 1
        skipped = self._before + (self._count("skipped", 1) if self._count is not None else self._here)
        if skipped > math.floor(self._max_bad * self._images + 1e-9):
            raise SummitError(
                f"{skipped} of {self._images:,} images cannot be read, more than --max-bad {self._max_bad:g} "
                f"allows; the last is {image.name}: {reason}"
            )
        return {"image": _printable(image.name), "reason": reason}


class Loader:
    """Reads images with decoder processes; a context manager that ends them."""

    def __init__(self, reader: Reader, preprocess: Preprocess, *, batch_size: int, workers: int) -> None:
        """With 0 workers images are decoded in this process, each when its batch is asked for."""
        self._preprocess = preprocess
        self._batch_size = batch_size
        # A batch ahead of the model, so that it does not wait; without workers nothing runs ahead.
        self._ahead = batch_size + workers if workers else 1
        self._decoders = Decoders(Decoding(reader, preprocess.pixels), workers)
        self._shape: tuple[int, ...] | None = None

    def __enter__(self) -> Loader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoders.close()

    def pixels(self, images: Sequence[SourceImage]) -> Iterator[tuple[SourceImage, Pixels]]:
        """Each image with its array, or with the reason why it cannot be read.

        Raises SummitError where preprocessing fails, or gives an image another shape than the first one had.
        """
        remaining = iter(images)
        pending: deque[tuple[SourceImage, Future[Pixels]]] = deque()
        try:
            while True:
                for image in islice(remaining, self._ahead - len(pending)):
                    pending.append((image, self._decoders.read(image)))
                if not pending:
                    return
                image, future = pending.popleft()
                result = future.result()
                if not isinstance(result, UnreadableImage):
                    self._check_shape(image, result)
                yield image, result
        finally:
            for _, future in pending:
                future.cancel()

    def batches(
        self, images: Sequence[SourceImage], skipped: Skipped, entries: list[dict[str, str]]
    ) -> Generator[ImageBatch]:
        """The readable images in batches; an entry for each unreadable one is appended to `entries`."""
        arrays: list[NDArray[Any]] = []
        read: list[SourceImage] = []
        for image, result in self.pixels(images):
            if isinstance(result, UnreadableImage):
                entries.append(skipped.add(image, str(result)))
                continue
            arrays.append(result)
            read.append(image)
            if len(arrays) == self._batch_size:
                yield ImageBatch(self._preprocess.batch(arrays), tuple(read))
                arrays, read = [], []
        if arrays:
            yield ImageBatch(self._preprocess.batch(arrays), tuple(read))

    def first_readable(self, images: Iterator[SourceImage]) -> Tensor:
        """The model's input (C, H, W) of the first image that can be read; raises SummitError where none can."""
        reason = "there are none"
        for image in images:
            result = self._decoders.read(image).result()
            if not isinstance(result, UnreadableImage):
                self._check_shape(image, result)
                return self._preprocess.batch([result])[0]
            reason = f"{image.name}: {result}"
        raise SummitError(f"none of the images can be read; the last is {reason}")

    def _check_shape(self, image: SourceImage, pixels: NDArray[Any]) -> None:
        # Whole numbers are pixels (H, W, C), floats the model's input (C, H, W).
        height, width, channels = pixels.shape if pixels.dtype == np.uint8 else (*pixels.shape[1:], pixels.shape[0])
        shape = (channels, height, width)
        if self._shape is None:
            self._shape = shape
        if shape != self._shape:
            raise SummitError(
                f"{image.name} becomes an input of {_shown(shape)} where the first image became {_shown(self._shape)}: "
                "give --resize and --crop, so that all have one size"
            )


def _shown(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _printable(name: str) -> str:
    """The name in valid Unicode, whatever bytes the file system holds."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
