"""Scikit-learn's handwritten digits (1,797 real scans of 8×8 pixels, 16 greys) as images and as PNG files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor

SIDE = 32
"""Pixels of an image's side: the scans' eight, enlarged so that a digit can be recognised in a file browser."""
CLASS_NAMES = tuple(f"digit {number}" for number in range(10))
"""The names of the classes and of their folders; a bare `3` would read as a class's number."""
MEAN, STD = 0.3, 0.35
"""Of the pixels in 0..1, rounded: what the model's input is normalised with."""

_LARGEST_GREY = 16


@dataclass(frozen=True)
class Digits:
    """Images and labels of one half of the data."""

    pixels: NDArray[np.uint8]
    """(N, SIDE, SIDE), the digit light on black."""
    labels: NDArray[np.int64]
    """(N,), the digit."""
    origins: NDArray[np.int64]
    """(N,), each image's place in scikit-learn's data."""

    def tensors(self) -> tuple[Tensor, Tensor]:
        """The model's input (N, 1, SIDE, SIDE) float32 and the labels (N,), as ingest makes them from the files."""
        pixels = torch.from_numpy(self.pixels).to(torch.float32) / 255
        return ((pixels - MEAN) / STD).unsqueeze(1), torch.from_numpy(self.labels)


def load_halves() -> tuple[Digits, Digits]:
    """The images to train on, and the held-out ones: every other image of each digit, in the data's own order."""
    scans, labels = load_digits(return_X_y=True)  # (1797, 64) in 0..16, (1797,)
    rank = np.zeros(len(labels), dtype=np.int64)  # place of an image among those of its digit
    for digit in np.unique(labels):
        rank[labels == digit] = np.arange(np.count_nonzero(labels == digit))
    pixels = np.stack([_enlarged(scan.reshape(8, 8)) for scan in scans])
    halves = [np.flatnonzero(rank % 2 == half) for half in (0, 1)]
    training, held_out = (Digits(pixels[half], labels[half].astype(np.int64), half) for half in halves)
    return training, held_out


def write_images(folder: Path, digits: Digits) -> bool:
    """Writes the images as PNG files, one folder a class, whole or not at all; False where they are there already."""
    if folder.is_dir():
        return False
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name in CLASS_NAMES:
        (unfinished / name).mkdir(parents=True)
    for pixels, label, origin in zip(digits.pixels, digits.labels, digits.origins, strict=True):
        Image.fromarray(pixels).save(unfinished / CLASS_NAMES[label] / f"{origin:04d}.png")
    unfinished.rename(folder)
    return True


def _enlarged(scan: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A scan (8, 8) of 0..16 as an image (SIDE, SIDE) of 0..255."""
    grey = np.round(scan * (255 / _LARGEST_GREY)).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
