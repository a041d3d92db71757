"""The names that come closest to one that is not there, for an error's last words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 3


def nearest(name: str, names: Iterable[str], count: int = SHOWN) -> tuple[str, ...]:
    """The names that are alike, the most alike first; where none is, the one that differs least. None of no names."""
    known = list(dict.fromkeys(names))
    return tuple(get_close_matches(name, known, count) or get_close_matches(name, known, 1, cutoff=0.0))


def alternatives(names: Iterable[str]) -> str:
    """Names as a choice: `a, b or c`."""
    known = list(names)
    return " or ".join(filter(None, [", ".join(known[:-1]), *known[-1:]]))
