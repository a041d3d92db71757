"""A measurement that travels: one time over another, both taken alternately in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """How long `measured` takes as a multiple of `yardstick`."""

    measured: str
    yardstick: str
    measured_ms: float
    yardstick_ms: float

    @property
    def value(self) -> float:
        """The multiple: 1 is as fast as the yardstick."""
        return self.measured_ms / self.yardstick_ms


def milliseconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def alternate(measured: Callable[[], object], yardstick: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median times of both in milliseconds, called in turn after one call each that does not count.

    Taken in turn, so that a machine that slows down slows both.
    """
    measured()
    yardstick()
    pairs = [(milliseconds(measured), milliseconds(yardstick)) for _ in range(rounds)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def table(ratios: Sequence[Ratio]) -> str:
    """The ratios as lines of text in columns."""
    head = ("ratio", "ms", "of ms", "what", "against")
    rows = [
        (f"{one.value:.2f}", f"{one.measured_ms:,.1f}", f"{one.yardstick_ms:,.1f}", one.measured, one.yardstick)
        for one in ratios
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, *rows]:
        numbers = [cell.rjust(width) for cell, width in zip(row[:3], widths[:3], strict=True)]
        words = [cell.ljust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        lines.append("  ".join([*numbers, *words]).rstrip())
    return "\n".join(lines)
