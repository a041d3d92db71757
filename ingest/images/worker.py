"""A decoder process: reads images and makes their pixels, as it is asked over its standard input and output.

Started as `python -m ingest.images.worker` by `ingest.images.decoders`. It loads no torch unless what it is to do needs
it, prints nothing, and ends when its input does, so that none outlives an ingest that was killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.images.decoding import UnreadableImage
from ingest.images.geometry import Pixels
from ingest.images.source import Reader, SourceImage
from summit_graph.errors import SummitError


@dataclass(frozen=True)
class Decoding:
    """From an image of the source to its pixels: all that a decoder process has to know."""

    reader: Reader
    pixels: Pixels

    def read(self, image: SourceImage) -> NDArray[Any]:
        """The image's array, C-contiguous; raises UnreadableImage, or SummitError where preprocessing fails.

        The order in memory is part of the result: convolutions of another one round otherwise.
        """
        try:
            image.name.encode()
        except UnicodeEncodeError:
            raise UnreadableImage("its name is not UTF-8: rename it") from None
        content = self.reader.read(image)
        return np.ascontiguousarray(self.pixels(content) if isinstance(content, Image.Image) else content)


@dataclass(frozen=True)
class Answer:
    """What comes back for an image: its array's type and shape (the bytes follow), or why there is none."""

    kind: str
    """`pixels`, `unreadable` or `refused`."""
    dtype: str = ""
    shape: tuple[int, ...] = ()
    reason: str = ""


def main() -> None:
    """Answers until the input ends."""
    # Ctrl-C is the ingest's to answer; this process ends with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a user's own function prints must not get between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        sys.path[:] = pickle.load(asked)
        decoding: Decoding = pickle.load(asked)
        while True:
            _answer(decoding, pickle.load(asked), answers)
    except (EOFError, BrokenPipeError):
        # The ingest has ended, in whatever way; nothing is left to be told to anybody.
        os._exit(0)


def _answer(decoding: Decoding, image: SourceImage, answers: BinaryIO) -> None:
    try:
        pixels = decoding.read(image)
    except UnreadableImage as unreadable:
        pickle.dump(Answer("unreadable", reason=str(unreadable)), answers)
    except SummitError as refused:
        pickle.dump(Answer("refused", reason=str(refused)), answers)
    else:
        pickle.dump(Answer("pixels", pixels.dtype.str, pixels.shape), answers)
        answers.write(pixels.data)
    answers.flush()


if __name__ == "__main__":
    # Pickled classes are looked up by their module's real name, which this one does not have when it is the program.
    from ingest.images import worker

    worker.main()
