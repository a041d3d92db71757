"""The rows of an answer of the embedded engine, as plain values (`plain`).

An answer whose columns hold numbers, texts or lists of them is taken column by column, as Arrow tables, which
costs far less than its rows one by one. Nodes, paths and maps are taken row by row.
"""

from __future__ import annotations

from typing import Any

import ladybug
import pyarrow as pa

from summit_graph.store.ladybug.plain import plain_row

FEW_ROWS = 128
"""Below this a table costs more than the rows."""
_SCALARS = {"BOOL", "DOUBLE", "FLOAT", "INT8", "INT16", "INT32", "INT64", "STRING"}
_BY_COLUMN = frozenset({"INT128", *_SCALARS, *(f"{name}[]" for name in _SCALARS)})


def first_rows(result: ladybug.QueryResult, most: int | None = None) -> list[tuple[Any, ...]]:
    """An answer's rows, `most` of them where that is given."""
    rows = result.get_num_tuples()
    are_wanted = rows >= FEW_ROWS and (most is None or rows <= most)
    if are_wanted and _BY_COLUMN.issuperset(result.get_column_data_types()):
        return list(zip(*map(_values, result.get_as_arrow(chunk_size=-1).columns), strict=True))
    return [plain_row(row) for row in (result.get_all() if most is None else result.get_n(most))]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_decimal(column.type):
        # A sum of integers has 128 bits.
        try:
            column = column.cast(pa.int64())
        except pa.ArrowInvalid:
            return [None if value is None else int(value) for value in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values
