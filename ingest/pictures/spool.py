"""The pixels of many images on the disk, so that parts of them can be had again without decoding."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray


class PixelSpool:
    """Images of one size in a file without a name: it is gone when the process is, however that ends."""

    def __init__(self, folder: Path, size: tuple[int, int, int]) -> None:
        """`folder` has to lie on a disk with room; `size` is channels, height, width."""
        self._channels, self._height, self._width = size
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - the spool closes it
        self._place: dict[str, int] = {}

    def __enter__(self) -> PixelSpool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, name: object) -> bool:
        return name in self._place

    @property
    def image_bytes(self) -> int:
        """What an image takes."""
        return self._channels * self._height * self._width

    def add(self, names: Sequence[str], pixels: NDArray[np.uint8]) -> None:
        """Appends images, in the order of their names.  (B, H, W, C)"""
        for name, image in zip(names, pixels, strict=True):
            self._place[name] = len(self._place)
            left = np.ascontiguousarray(image).data.cast("B")
            while left:
                left = left[self._file.write(left) :]

    def part(self, name: str, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
        """A rectangle of an image, half-open.  -> (y1 - y0, x1 - x0, C)"""
        row_bytes = self._width * self._channels
        start = self._place[name] * self.image_bytes + y0 * row_bytes
        rows = np.frombuffer(os.pread(self._file.fileno(), (y1 - y0) * row_bytes, start), np.uint8)
        return rows.reshape(y1 - y0, self._width, self._channels)[:, x0:x1]

    def close(self) -> None:
        """Gives the disk's room back."""
        self._file.close()
