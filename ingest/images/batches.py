"""Batches of a class's images: decoded and preprocessed ahead by worker threads, in the files' order.

Pillow's decoders and resizing release the interpreter's lock, so threads share the cores. Whatever their number, the
images come in the same order and the batches hold the same images.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from types import TracebackType

import torch
from torch import Tensor

from ingest.images.decoding import UnreadableImage, decode
from ingest.images.folders import ImageFile
from ingest.images.preprocessing import Preprocess
from summit_graph.errors import SummitError


@dataclass(frozen=True)
class ImageBatch:
    """Images of one class and the files they came from."""

    images: Tensor
    """(B, C, H, W) float32, on the CPU."""
    files: tuple[ImageFile, ...]


class Skipped:
    """The images that could not be read, and how many of them are too many."""

    def __init__(self, images: int, max_bad: float, before: int = 0) -> None:
        """`images` is how many there are in all, `before` how many classes that are already finished have skipped."""
        self._images = images
        self._max_bad = max_bad
        self._count = before

    def add(self, file: ImageFile, reason: str) -> dict[str, str]:
        """The entry of an unreadable image for the run; raises SummitError if it is one too many."""
        self._count += 1
        if self._count > math.floor(self._max_bad * self._images + 1e-9):
            raise SummitError(
                f"{self._count} of {self._images:,} images cannot be read, more than --max-bad {self._max_bad:g} "
                f"allows; the last is {file.name}: {reason}"
            )
        return {"image": _printable(file.name), "reason": reason}


class Loader:
    """Reads images with worker threads; a context manager that ends them."""

    def __init__(self, preprocess: Preprocess, *, batch_size: int, workers: int) -> None:
        self._preprocess = preprocess
        self._batch_size = batch_size
        self._ahead = batch_size + workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
        self._shape: tuple[int, ...] | None = None

    def __enter__(self) -> Loader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def images(self, files: Sequence[ImageFile]) -> Iterator[tuple[ImageFile, Tensor | UnreadableImage]]:
        """Each file with its tensor (C, H, W), or with the reason why it cannot be read.

        Raises SummitError where preprocessing fails, or gives an image another shape than the first one had.
        """
        remaining = iter(files)
        pending: deque[tuple[ImageFile, Future[Tensor | UnreadableImage]]] = deque()
        try:
            while True:
                for file in islice(remaining, self._ahead - len(pending)):
                    pending.append((file, self._pool.submit(self._read, file)))
                if not pending:
                    return
                file, future = pending.popleft()
                result = future.result()
                if isinstance(result, Tensor):
                    self._check_shape(file, result)
                yield file, result
        finally:
            for _, future in pending:
                future.cancel()

    def batches(
        self, files: Sequence[ImageFile], skipped: Skipped, entries: list[dict[str, str]]
    ) -> Generator[ImageBatch]:
        """The readable images in batches; an entry for each unreadable one is appended to `entries`."""
        tensors: list[Tensor] = []
        read: list[ImageFile] = []
        for file, result in self.images(files):
            if isinstance(result, UnreadableImage):
                entries.append(skipped.add(file, str(result)))
                continue
            tensors.append(result)
            read.append(file)
            if len(tensors) == self._batch_size:
                yield ImageBatch(torch.stack(tensors), tuple(read))
                tensors, read = [], []
        if tensors:
            yield ImageBatch(torch.stack(tensors), tuple(read))

    def first_readable(self, files: Iterator[ImageFile]) -> Tensor:
        """The tensor (C, H, W) of the first image that can be read; raises SummitError where none can."""
        reason = "there are none"
        for file in files:
            result = self._read(file)
            if isinstance(result, Tensor):
                self._check_shape(file, result)
                return result
            reason = f"{file.name}: {result}"
        raise SummitError(f"none of the images can be read; the last is {reason}")

    def _read(self, file: ImageFile) -> Tensor | UnreadableImage:
        try:
            file.name.encode()
        except UnicodeEncodeError:
            return UnreadableImage("its name is not UTF-8: rename it")
        try:
            image = decode(file.path)
        except UnreadableImage as unreadable:
            return unreadable
        return self._preprocess(image)

    def _check_shape(self, file: ImageFile, tensor: Tensor) -> None:
        shape = tuple(tensor.shape)
        if self._shape is None:
            self._shape = shape
        if shape != self._shape:
            raise SummitError(
                f"{file.name} becomes an input of {_shown(shape)} where the first image became {_shown(self._shape)}: "
                "give --resize and --crop, so that all have one size"
            )


def _shown(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _printable(name: str) -> str:
    """The name in valid Unicode, whatever bytes the file system holds."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
