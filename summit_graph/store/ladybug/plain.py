"""The embedded engine's values as plain ones: None, bool, int, float, str, or lists and dicts of these."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from summit_graph.store.values import are_plain


def plain_row(row: Collection[Any]) -> tuple[Any, ...]:
    """A row of plain values; most rows hold nothing else, which is told at once."""
    return tuple(row) if are_plain(row) else tuple(map(plain, row))


def plain(value: Any) -> Any:
    """One value; nodes and relationships are their properties."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        # Sums of integers come as decimals.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        if value.keys() >= {"_NODES", "_RELS"}:
            return {"nodes": plain(value["_NODES"]), "relationships": plain(value["_RELS"])}
        if "_LABEL" in value and ("_ID" in value or "_SRC" in value):
            return {key: plain(entry) for key, entry in value.items() if not key.startswith("_") and entry is not None}
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return list(value) if are_plain(value) else [plain(entry) for entry in value]
    return str(value)
