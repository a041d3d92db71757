"""Progress on stderr: a bar on a terminal, else a line every ten seconds, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY_S = 10.0
BAR_EVERY_S = 0.2
_BAR_WIDTH = 24


class Progress:
    """Says how far an ingest, or the drawing of neurons, is; `quiet` says nothing at all."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet
        self._terminal = self._stream.isatty()
        self._all_images = self._classes = self._all_classes = self._neurons = 0
        self._started = self._last_shown = time.monotonic()
        self._width = 0

    def message(self, text: str) -> None:
        """One line of its own."""
        if not self._quiet:
            self._clear()
            print(text, file=self._stream, flush=True)

    def start(self, *, images: int, classes: int) -> None:
        """Begins to count: how many images and classes are still to be done."""
        self._classes = 0
        self._all_images, self._all_classes = images, classes
        self._started = self._last_shown = time.monotonic()

    def reached(self, images: int) -> None:
        """So many images are done in all, unreadable ones too."""
        if not self._is_due():
            return
        rate, left = self._pace(images, self._all_images)
        self._show(
            images / max(self._all_images, 1),
            f"{images:,} of {self._all_images:,} images, {rate:,.{0 if rate >= 10 else 1}f} images/s, "
            f"{self._classes:,} of {self._all_classes:,} classes done, {left} left",
        )

    def class_done(self, classes: int) -> None:
        """So many classes are counted in all."""
        self._classes = classes

    def start_neurons(self, neurons: int) -> None:
        """Begins to count: how many neurons are still to be drawn."""
        self._neurons = neurons
        self._started = self._last_shown = time.monotonic()

    def reached_neurons(self, neurons: float) -> None:
        """So many neurons are drawn in all; of those under way the part that is done."""
        if not self._is_due():
            return
        rate, left = self._pace(neurons, self._neurons)
        a_minute = f"{60 * rate:,.{0 if 60 * rate >= 10 else 1}f} a minute"
        self._show(
            neurons / max(self._neurons, 1), f"{int(neurons):,} of {self._neurons:,} neurons, {a_minute}, {left} left"
        )

    def end(self) -> None:
        """Takes the bar away."""
        self._clear()

    def _is_due(self) -> bool:
        """Whether the last line is old enough for a new one; one that is asked for then has to be shown."""
        now = time.monotonic()
        if self._quiet or now - self._last_shown < (BAR_EVERY_S if self._terminal else LINE_EVERY_S):
            return False
        self._last_shown = now
        return True

    def _pace(self, done: float, of: int) -> tuple[float, str]:
        """How many have been done a second, and how long the others take at that."""
        rate = done / max(self._last_shown - self._started, 1e-9)
        return rate, duration((of - done) / rate if rate > 0 else 0.0)

    def _show(self, part: float, text: str) -> None:
        if not self._terminal:
            print(text, file=self._stream, flush=True)
            return
        filled = int(_BAR_WIDTH * part)
        line = f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {text}"
        print("\r" + line.ljust(self._width), end="", file=self._stream, flush=True)
        self._width = len(line)

    def _clear(self) -> None:
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=self._stream, flush=True)
            self._width = 0


class Stopwatch:
    """Wall time in seconds, by what it was spent on; parts are counted by the thread that waits for them."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(("preparing", "decode", "forward", "influence", "graphs", "writing"), 0.0)
        self.hidden: dict[str, float] = {}
        """What was done beside the rest, by other threads, so that nobody waited for it."""
        self._started = time.monotonic()

    @contextmanager
    def spent_on(self, what: str) -> Iterator[None]:
        """Counts the block's time as spent on `what`."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(what, time.monotonic() - started)

    def add(self, what: str, seconds: float) -> None:
        """Counts seconds that have gone by as spent on `what`."""
        self._seconds[what] = self._seconds.get(what, 0.0) + seconds

    def beside(self, what: str, seconds: float) -> None:
        """Notes seconds that `what` took while the time was counted as something else's."""
        self.hidden[what] = self.hidden.get(what, 0.0) + max(seconds, 0.0)

    def whole(self) -> dict[str, float]:
        """Seconds by part, what is left over as `other`, and their sum as `total`: all since the stopwatch was made."""
        total = time.monotonic() - self._started
        return {**self._seconds, "other": total - sum(self._seconds.values()), "total": total}


def duration(seconds: float) -> str:
    """A time as people say it: `42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
