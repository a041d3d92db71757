"""Answers as text that is read on a terminal: tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

GAP = "  "
UNKNOWN = "–"
"""What stands where a value is null."""
NUMERIC_TYPES = {"class", "integer", "count", "number", "share"}


def table_lines(columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A table: names, a rule, a line for each row; numbers stand to the right. `columns` are names and types."""
    names = [name for name, _ in columns]
    cells = [[cell(row[name]) for name in names] for row in rows]
    numeric = [_is_numeric(kind, [row[index] for row in cells]) for index, (_, kind) in enumerate(columns)]
    widths = [max(map(display_width, [name, *(row[index] for row in cells)])) for index, name in enumerate(names)]
    yield _line(names, widths, numeric)
    yield GAP.join("─" * width for width in widths)
    for row in cells:
        yield _line(row, widths, numeric)


def cell(value: Any) -> str:
    """A value as it stands in a table; a list of neurons as a chain."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.6g}"
    if isinstance(value, list):
        return " → ".join(cell(entry) for entry in value)
    return printable(str(value))


def printable(text: str) -> str:
    """Text without what a terminal would obey (control and direction signs): names come from other people's data."""
    return "".join(
        sign if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def display_width(text: str) -> int:
    """How many places of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) != 0 for sign in text)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = []
    for text, width, right in zip(cells, widths, numeric, strict=True):
        space = " " * (width - display_width(text))
        padded.append(space + text if right else text + space)
    return GAP.join(padded).rstrip()


def _is_numeric(kind: str, cells: Sequence[str]) -> bool:
    """By its type; a column of an ad hoc query by what it holds."""
    if kind != "any":
        return kind in NUMERIC_TYPES
    return bool(cells) and all(text == UNKNOWN or text.lstrip("-").replace(".", "", 1).isdigit() for text in cells)
