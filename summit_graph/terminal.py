"""Answers as text that is read on a terminal: tables."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

GAP = "  "
UNKNOWN = "–"
"""What stands where a value is null."""
CUT = "…"
"""What stands at the end of a cell that is longer than there is room."""
NARROWEST = 8
"""Places that a column of text keeps however narrow the terminal is."""
CHAINS = ("chain", "weakest_edge")
"""How the names of columns begin whose neurons follow each other; a list in another one is only a list."""
NUMERIC_TYPES = {"class", "integer", "count", "number", "share"}


def table_lines(
    columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, Any]], width: int | None = None
) -> Iterator[str]:
    """A table: names, a rule, a line for each row; numbers stand to the right. `columns` are names and types.

    `width`: the terminal's; the widest columns of text are cut to it, numbers never. None cuts nothing.
    """
    names = [name for name, _ in columns]
    values = [[row[name] for name in names] for row in rows]
    numeric = [_is_numeric(kind, [row[index] for row in values]) for index, (_, kind) in enumerate(columns)]
    between = [" → " if name.startswith(CHAINS) else ", " for name in names]
    said = ([cell(value, joint) for value, joint in zip(row, between, strict=True)] for row in values)
    lines = [[printable(name) for name in names], *said]
    widths = [max(display_width(line[index]) for line in lines) for index in range(len(names))]
    if width is not None:
        widths = _fitted(widths, numeric, width)
    head, *body = ([_cut(text, room) for text, room in zip(line, widths, strict=True)] for line in lines)
    yield _line(head, widths, numeric)
    yield GAP.join("─" * room for room in widths)
    for line in body:
        yield _line(line, widths, numeric)


def cell(value: Any, between: str = ", ") -> str:
    """A value as it stands in a table; `between` stands between the entries of a list."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.6g}"
    if isinstance(value, list):
        return between.join(map(cell, value))
    if isinstance(value, Mapping):
        return printable(json.dumps(value, ensure_ascii=False, default=str))
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


def _fitted(widths: Sequence[int], numeric: Sequence[bool], width: int) -> list[int]:
    """Widths that add up to the terminal's, as far as columns of text give room: always the widest one gives."""
    fitted = list(widths)
    excess = sum(fitted) + len(GAP) * (len(fitted) - 1) - width
    texts = [index for index, right in enumerate(numeric) if not right and fitted[index] > NARROWEST]
    while excess > 0 and texts:
        widest = max(texts, key=lambda index: fitted[index])
        fitted[widest] -= 1
        excess -= 1
        if fitted[widest] == NARROWEST:
            texts.remove(widest)
    return fitted


def _cut(text: str, width: int) -> str:
    if display_width(text) <= width:
        return text
    while display_width(text) > width - 1:
        text = text[:-1]
    return text + CUT


def _is_numeric(kind: str, values: Sequence[Any]) -> bool:
    """By its type; a column of an ad hoc query by what it holds."""
    if kind != "any":
        return kind in NUMERIC_TYPES
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
