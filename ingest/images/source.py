"""What an ingest reads: the images of labelled classes, wherever they lie, and how their pixels are had."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from summit_graph.errors import SummitError


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image of a source; whether it can be read is not known yet."""

    name: str
    """Path relative to the source, with `/`; a number where the images have no paths."""
    bytes: int
    place: Any = None
    """Where the source's reader finds it, if not by its name."""


@dataclass(frozen=True)
class SourceClass:
    """A class and its images, by sorted name."""

    name: str
    images: tuple[SourceImage, ...]
    number: int | None = None
    """The model's output, where the source's own labels are numbers of outputs."""


class Reader(Protocol):
    """Reads single images; goes to the decoder processes, so it can be pickled and holds no list of images."""

    def read(self, image: SourceImage) -> Image.Image | NDArray[np.float32]:
        """An upright RGB image, or the model's input (C, H, W) itself; raises UnreadableImage."""
        ...


@dataclass(frozen=True)
class ImageSource:
    """The labelled images of an ingest."""

    dataset: str
    """Its name: that of the folder, of the archive without its suffix, of the factory."""
    classes: tuple[SourceClass, ...]
    """By sorted name; each has images."""
    reader: Reader
    paths_say_class: bool = True
    """Whether an image's name begins with its class; else the digest says which class it is of."""
    prepared: bool = False
    """Whether the images are the model's input already, so that nothing is left to be preprocessed."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What classes are called, where the source says it: by the class's name."""
    content: str = ""
    """A digest of the content where names and sizes do not tell two sources apart."""

    @property
    def images(self) -> int:
        """How many images there are, readable or not."""
        return sum(len(entry.images) for entry in self.classes)

    @property
    def digest(self) -> str:
        """SHA-256 over the images' names and sizes in bytes, in order: `NAME`, a zero byte, `SIZE`, a newline for each.

        Where the names do not say the class, a line `CLASS`, a zero byte, a newline stands before its images, and where
        there are no files of their own, the content's digest before all.
        """
        digest = hashlib.sha256(self.content.encode())
        for entry in self.classes:
            if not self.paths_say_class:
                digest.update(os.fsencode(entry.name) + b"\0\n")
            for image in entry.images:
                digest.update(os.fsencode(image.name) + b"\0" + str(image.bytes).encode() + b"\n")
        return digest.hexdigest()


def grouped(labelled: Iterable[tuple[SourceImage, str]], limit: int | None, *, numbered: bool) -> list[SourceClass]:
    """Classes out of images with their labels, the first `limit` of each by sorted name.

    `numbered`: the labels are numbers of outputs, and the classes come in the order of their numbers.
    """
    images: dict[str, list[SourceImage]] = {}
    for image, label in labelled:
        images.setdefault(label, []).append(image)
    order = sorted(images, key=int) if numbered else sorted(images)
    return [
        SourceClass(
            label,
            tuple(sorted(images[label], key=lambda image: image.name)[:limit]),
            int(label) if numbered else None,
        )
        for label in order
    ]


def are_numbers(labels: Sequence[str]) -> bool:
    """Whether labels are numbers of outputs: all of them whole numbers, written without leading zeros."""
    return bool(labels) and all(label.isdecimal() and str(int(label)) == label for label in labels)


def refuse_empty(classes: Sequence[SourceClass], where: object) -> tuple[SourceClass, ...]:
    """The classes as a tuple; raises SummitError where there are none."""
    if not classes:
        raise SummitError(f"{where} holds no images: give a folder that holds one folder of images per class")
    return tuple(classes)
