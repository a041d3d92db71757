"""Answers in other people's formats: an Arrow table, JSON, JSON Lines, CSV, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from summit_graph.errors import SummitError

if TYPE_CHECKING:
    import pyarrow as pa

    from summit_graph.queries.streaming import RowStream

Row = Mapping[str, Any]
_ARROW_TYPES = {
    "class": "int64",
    "integer": "int64",
    "count": "int64",
    "number": "float64",
    "share": "float64",
    "boolean": "bool",
}
_ARROW_LISTS = {"neurons": "string", "classes": "int64", "counts": "int64", "shares": "float64"}


def arrow_table(columns: Sequence[tuple[str, str]], rows: Iterable[Row]) -> pa.Table:
    """The rows as an Arrow table with a type for every column, known even where there is no row.

    A column of type `any` (of an ad hoc query) has the type that its values have; raises SummitError where they have
    none in common.
    """
    # Imported when called: a question asked on a terminal does not wait for Arrow.
    import pyarrow as pa

    rows = list(rows)
    arrays = []
    for name, kind in columns:
        values = [row[name] for row in rows]
        try:
            arrays.append(pa.array(values, _arrow_type(kind)))
        except (pa.ArrowException, OverflowError) as error:
            wrong = "values of several types" if kind == "any" else f"a value that is no {kind}"
            raise SummitError(f"column {name} has {wrong}: {str(error).splitlines()[0]}") from None
    return pa.table(arrays, names=[name for name, _ in columns])


def json_text(answer: Any) -> str:
    """JSON; a number that is none is null."""
    return json.dumps(_finite(answer), ensure_ascii=False, allow_nan=False)


def json_parts(stream: RowStream) -> Iterator[str]:
    """The whole answer as one JSON object, in parts: what is known before the rows, the rows, what is known after."""
    yield json_text(stream.head)[:-1] + ', "rows": ['
    separator = ""
    for batch in stream.batches:
        if batch:
            yield separator + ", ".join(map(json_text, batch))
            separator = ", "
    yield "], " + json_text(stream.tail)[1:] + "\n"


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object of columns a line."""
    for row in rows:
        yield json_text(row) + "\n"


def csv_lines(columns: Sequence[tuple[str, str]], rows: Iterable[Row]) -> Iterator[str]:
    """A header, then a line for each row; null is empty, a list is JSON, truth is `true` or `false`."""
    names = [name for name, _ in columns]
    yield _csv_line(names)
    for row in rows:
        yield _csv_line([_csv_cell(row[name]) for name in names])


def write_parquet(columns: Sequence[tuple[str, str]], batches: Iterable[Iterable[Row]], sink: BinaryIO) -> None:
    """Writes a Parquet file, a batch of rows at a time; see `parquet_parts`."""
    for part in parquet_parts(columns, batches):
        sink.write(part)


def parquet_parts(columns: Sequence[tuple[str, str]], batches: Iterable[Iterable[Row]]) -> Iterator[bytes]:
    """A Parquet file, part by part as its batches of rows come.

    Columns of type `any` have no type before their last value is known: they are held, as Arrow has them, until then.
    Raises SummitError where a column holds what Parquet cannot.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables: Iterator[pa.Table] = (arrow_table(columns, batch) for batch in batches)
    try:
        if any(kind == "any" for _, kind in columns):
            held = [arrow_table(columns, []), *tables]
            tables = iter([pa.concat_tables(held, promote_options="permissive")])
            first = next(tables)
        else:
            first = arrow_table(columns, [])
        written = _Written()
        with pq.ParquetWriter(written, first.schema, compression="zstd") as writer:
            for table in chain([first], tables):
                writer.write_table(table)
                yield written.taken()
        yield written.taken()
    except pa.ArrowException as error:
        raise SummitError(
            "a column holds values that Parquet cannot: return properties of one type, not nodes or paths, "
            f"or use --format json ({str(error).splitlines()[0]})"
        ) from None


def _arrow_type(kind: str) -> pa.DataType | None:
    import pyarrow as pa

    if kind == "any":
        return None
    if kind in _ARROW_LISTS:
        return pa.list_(pa.type_for_alias(_ARROW_LISTS[kind]))
    return pa.type_for_alias(_ARROW_TYPES.get(kind, "string"))


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json_text(value) if isinstance(value, list | dict) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Mapping):
        return {name: _finite(entry) for name, entry in value.items()}
    return [_finite(entry) for entry in value] if isinstance(value, list | tuple) else value


class _Written(io.RawIOBase):
    """What a writer wrote, to be taken part by part; it still says where it is."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._place = 0

    def taken(self) -> bytes:
        """What was written since this was asked last."""
        held, self._held = bytes(self._held), bytearray()
        return held

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, content: Any) -> int:
        """Holds bytes."""
        written = memoryview(content).nbytes
        self._held += content
        self._place += written
        return written

    def tell(self) -> int:
        """How many bytes were written."""
        return self._place
