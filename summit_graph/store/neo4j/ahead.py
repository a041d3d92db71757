"""Work that goes on while a server is busy: the next rows are made, or asked for, while the last ones are in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items in their order, each made by a thread while the one before it is in use."""
    coming = iter(items)
    with ThreadPoolExecutor(1) as maker:
        made = maker.submit(_next_of, coming)
        while found := made.result():
            made = maker.submit(_next_of, coming)
            yield found[0]


def _next_of(coming: Iterator[Item]) -> tuple[Item] | None:
    """The next item, as a tuple of its own; None at the end."""
    for item in coming:
        return (item,)
    return None
