"""Strips of the patches that activate neurons most: of each class while it is at hand, over all classes at the end.

A patch is what the neuron's strongest cell sees of the image: its receptive field, in the model's own input pixels. A
class's pixels are kept on the disk while it is counted. Over all classes, the images that are needed are decoded again:
few of a large data set, and a resumed ingest needs nothing from before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ingest.disk import writing
from ingest.images.batches import Loader, Skipped
from ingest.images.source import SourceImage
from ingest.pictures.input_space import InputSpace
from ingest.pictures.spool import PixelSpool
from ingest.structure import Structure
from summit_graph.pictures import PICTURES, examples_path
from summit_graph.pictures.strips import Patch, strip
from summit_graph.run import atomic

SPOOL_BYTES = 1 << 30
"""Pixels that are on the disk at a time for the strips over all classes."""


class ExampleStrips:
    """Draws the strips of a run's examples into its directory."""

    def __init__(
        self, directory: Path, structure: Structure, fields: Mapping[str, NDArray[np.int32]], space: InputSpace
    ) -> None:
        """`fields` are the layers' receptive fields: (cells, 4) of x0, y0, x1, y1."""
        self._directory = directory
        self._space = space
        self._neurons = [(layer.name, channel) for layer in structure.layers for channel in range(layer.channels)]
        self._side_px = {name: square_side_px(field) for name, field in fields.items()}

    def spool(self) -> PixelSpool:
        """Room for a class's pixels, on the run's own disk."""
        with writing(self._directory):
            return PixelSpool(self._directory, self._space.size)

    def keep(self, spool: PixelSpool, names: list[str], pixels: Tensor) -> None:
        """Keeps a batch of the model's input.  (B, C, H, W)"""
        with writing(self._directory):
            spool.add(names, self._space.to_pixels(pixels))

    def write_class(self, number: int, examples: pa.Table, activations: pa.Table, spool: PixelSpool) -> None:
        """The strips of a class's selected neurons, from its tables and its pixels."""
        selected = activations["neuron"].to_numpy()[activations["selected"].to_numpy(zero_copy_only=False)]
        of_selected = examples.filter(pa.array(np.isin(examples["neuron"].to_numpy(), selected)))
        for neuron, rows in _by_neuron(of_selected):
            layer, channel = self._neurons[neuron]
            self._write(examples_path(layer, channel, number), layer, rows, spool)

    def write_all(self, examples: pa.Table, images: Mapping[str, SourceImage], loader: Loader) -> None:
        """The strips over all classes, from the merged table; those that are there already stay."""
        missing = [(neuron, rows) for neuron, rows in _by_neuron(examples) if not self._path_of(neuron).is_file()]
        most = max(1, SPOOL_BYTES // int(np.prod(self._space.size)))
        with ThreadPoolExecutor() as threads:
            for group in _in_groups(missing, most):
                needed = {name for _, rows in group for name in rows["image"].to_pylist()}
                with self.spool() as spool:
                    self._decode([images[name] for name in sorted(needed)], loader, spool)
                    for _ in threads.map(self._writer_of_all(spool), group):
                        pass

    def _writer_of_all(self, spool: PixelSpool) -> Callable[[tuple[int, pa.Table]], None]:
        def write(of_neuron: tuple[int, pa.Table]) -> None:
            neuron, rows = of_neuron
            layer, channel = self._neurons[neuron]
            self._write(examples_path(layer, channel), layer, rows, spool)

        return write

    def _decode(self, images: list[SourceImage], loader: Loader, spool: PixelSpool) -> None:
        # An image that could be read before and cannot now leaves its square empty.
        for batch in loader.batches(images, Skipped(len(images), max_bad=1.0), []):
            self.keep(spool, [image.name for image in batch.images], batch.pixels)

    def _path_of(self, neuron: int) -> Path:
        return self._directory / PICTURES / examples_path(*self._neurons[neuron])

    def _write(self, path: str, layer: str, rows: pa.Table, spool: PixelSpool) -> None:
        side_px = self._side_px[layer]
        patches = [_patch(row, side_px, spool) for row in rows.to_pylist()]
        with atomic.replacing(self._directory / PICTURES / path, durable=False) as temporary:
            temporary.write_bytes(strip(patches, side_px))


def _patch(row: Mapping[str, int | str], side_px: int, spool: PixelSpool) -> Patch:
    """An example's patch; where the image's border cut its field, it lies at the other side of its square."""
    name, x0, y0, x1, y1 = str(row["image"]), *(int(row[edge]) for edge in ("x0", "y0", "x1", "y1"))
    if name not in spool:
        return Patch(Image.new("RGBA", (1, 1)))
    pixels = spool.part(name, x0, y0, x1, y1)  # (h, w, C)
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))
    return Patch(image, side_px - (x1 - x0) if x0 == 0 else 0, side_px - (y1 - y0) if y0 == 0 else 0)


def square_side_px(field: NDArray[np.int32]) -> int:
    """The longest side of any cell's receptive field.  (cells, 4)"""
    return int((field[:, 2:] - field[:, :2]).max())


def _by_neuron(examples: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Each neuron's rows of a table that is sorted by neuron and rank."""
    neurons, starts = np.unique(examples["neuron"].to_numpy(), return_index=True)
    for neuron, start, end in zip(neurons, starts, [*starts[1:], examples.num_rows], strict=True):
        yield int(neuron), examples.slice(start, end - start)


def _in_groups(neurons: list[tuple[int, pa.Table]], most: int) -> Iterator[list[tuple[int, pa.Table]]]:
    """The neurons in groups that need at most so many images together, or in which one neuron stands alone."""
    group: list[tuple[int, pa.Table]] = []
    needed: set[str] = set()
    for neuron, rows in neurons:
        names = set(rows["image"].to_pylist())
        if group and len(needed | names) > most:
            yield group
            group, needed = [], set()
        group.append((neuron, rows))
        needed |= names
    if group:
        yield group
