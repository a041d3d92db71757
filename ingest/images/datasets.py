"""Images of a torch Dataset that a factory of the user's makes: `MODULE:FACTORY` or `FILE.py:FACTORY`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.images.decoding import UnreadableImage, rgb
from ingest.images.source import ImageSource, SourceImage, grouped, refuse_empty
from ingest.reference import load_object, one_line
from summit_graph.errors import SummitError

_TARGETS = ("targets", "labels", "_labels", "y")
"""Attributes in which torchvision's and others' data sets keep the labels of all items."""


@dataclass(frozen=True)
class DatasetReader:
    """Takes items of a data set; each process makes its own by the factory."""

    reference: str

    def read(self, image: SourceImage) -> Image.Image | NDArray[np.float32]:
        """The image of an item's number, or the model's input where the item is a tensor."""
        try:
            content, _ = _dataset(self.reference)[int(image.name)]
        except Exception as error:
            raise UnreadableImage(one_line(error)) from None
        if isinstance(content, Image.Image):
            return rgb(content, content.format)
        return np.asarray(content, np.float32)


def dataset_source(reference: str, *, limit: int | None = None) -> ImageSource:
    """The images of the data set that `reference` makes; its labels are numbers of the model's outputs.

    Labels are taken from the data set where it keeps them (`targets`, `labels`), else every item is read for its own.
    Items are (image, label), the image a PIL image, or a tensor (C, H, W) that is the model's input already.
    Raises SummitError where the factory is missing or fails, or makes something else.
    """
    dataset = _dataset(reference)
    try:
        size = len(dataset)
        first = dataset[0] if size else None
        if not isinstance(first, tuple | list) or len(first) != 2:
            raise SummitError(f"{reference} must give (image, label) for each item, not {type(first).__name__}")
        labels = [int(label) for label in _labels(dataset, size)]
    except SummitError:
        raise
    except Exception as error:
        raise SummitError(f"{reference}: {one_line(error)}") from error
    if min(labels) < 0:
        raise SummitError(f"{reference}: a label is {min(labels)}: labels are numbers of the model's outputs, from 0")
    prepared = not isinstance(first[0], Image.Image)
    if prepared and np.asarray(first[0]).ndim != 3:
        raise SummitError(f"{reference} must give PIL images, or tensors (channels, height, width)")
    digits = len(str(size - 1))
    labelled = [(SourceImage(f"{index:0{digits}d}", 0), str(label)) for index, label in enumerate(labels)]
    names = getattr(dataset, "classes", ())
    return ImageSource(
        reference.rpartition(":")[2],
        refuse_empty(grouped(labelled, limit, numbered=True), reference),
        DatasetReader(reference),
        paths_say_class=False,
        prepared=prepared,
        names={str(number): str(name) for number, name in enumerate(names)},
        content=reference,
    )


@cache
def _dataset(reference: str) -> Any:
    factory = load_object(reference, meaning="data set")
    try:
        dataset = factory() if callable(factory) else factory
    except Exception as error:
        raise SummitError(f"{reference}() failed: {one_line(error)}") from error
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise SummitError(f"{reference} gives {type(dataset).__name__}, which is no data set with a length and items")
    return dataset


def _labels(dataset: Any, size: int) -> Sequence[Any]:
    """The label of each item."""
    if hasattr(dataset, "indices") and hasattr(dataset, "dataset"):
        # torch's Subset: the labels of what it is taken from.
        whole = _labels(dataset.dataset, len(dataset.dataset))
        return [whole[index] for index in dataset.indices]
    for name in _TARGETS:
        kept = getattr(dataset, name, None)
        if kept is not None and not callable(kept) and len(kept) == size:
            return list(kept)
    return [dataset[index][1] for index in range(size)]
