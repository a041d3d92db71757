"""A query's answer as JSON, JSON Lines, CSV, Parquet or Arrow, in parts, and which of them a client wants."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from fastapi import Request
from pydantic_core import to_json

from api.problems import NotAcceptable
from summit_graph.errors import InvalidParameter
from summit_graph.queries import QueryResult, formats
from summit_graph.queries.streaming import RowStream

MEDIA_TYPES = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
"""Format -> the media type that it is sent as."""
ALSO_ACCEPTED = {"application/x-ndjson": "jsonl", "application/ndjson": "jsonl", "application/x-jsonlines": "jsonl"}
"""Other names of the same; `Accept` may say these too."""
Columns = Sequence[tuple[str, str]]
Row = dict[str, Any]
ROWS_PER_PART = 1_000
PART_BYTES = 1 << 16
"""Parts are put together up to this size: a small answer is one part, with its length in the header."""


def wanted_format(request: Request, said: str | None = None, offered: tuple[str, ...] = tuple(MEDIA_TYPES)) -> str:
    """The format that `?format=` says, else the one that `Accept` likes best, JSON where it likes all alike.

    Raises InvalidParameter for a format that there is none of, NotAcceptable where `Accept` names none that is offered.
    """
    if said is not None:
        if said not in offered:
            raise InvalidParameter(f"format is {said[:60]!r}: give one of {', '.join(offered)}", "format")
        return said
    accepted = ",".join(request.headers.getlist("accept")) or "*/*"
    chosen = _best(accepted, offered)
    if chosen is None:
        raise NotAcceptable(f"there is no such answer: accept one of {', '.join(MEDIA_TYPES[one] for one in offered)}")
    return chosen


def parts_of(result: QueryResult, chosen: str) -> Iterator[bytes]:
    """The answer in parts of some size; the first is there at once."""
    stream = RowStream(result.run, result.query, result.columns, _batches(result), result.truncated, result.next)
    return parts_of_stream(stream, chosen)


def parts_of_stream(stream: RowStream, chosen: str) -> Iterator[bytes]:
    """An answer whose rows are still to be taken, in parts of some size."""
    parts = _json_parts(stream) if chosen == "json" else _WRITERS[chosen](stream.columns, stream.batches)
    return _put_together(parts)


@lru_cache(maxsize=64)
def _best(accepted: str, offered: tuple[str, ...]) -> str | None:
    ranked = sorted(_liking(accepted, offered), key=lambda one: one[1], reverse=True)
    return ranked[0][0] if ranked and ranked[0][1] > 0 else None


def _liking(accepted: str, offered: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Each offered format with its quality: that of the most exact range of media types that it is in (RFC 9110)."""
    ranges = [_media_range(text) for text in accepted.split(",")]
    for chosen in offered:
        names = [MEDIA_TYPES[chosen], *(name for name, other in ALSO_ACCEPTED.items() if other == chosen)]
        found = [
            (len(media.replace("*", "")), quality)
            for media, quality in ranges
            if any(media in (name, name.partition("/")[0] + "/*", "*/*") for name in names)
        ]
        if found:
            yield chosen, max(found)[1]


def _media_range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return media, min(float(quality), 1.0)
    except ValueError:
        return media, 0.0


def _put_together(parts: Iterator[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= PART_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _json_parts(stream: RowStream) -> Iterator[bytes]:
    yield json_bytes(stream.head)[:-1] + b',"rows":['
    separator = b""
    for rows in stream.batches:
        yield separator + json_bytes(rows)[1:-1]
        separator = b","
    yield b"]," + json_bytes(stream.tail)[1:]


def _json_lines(columns: Columns, batches: Iterable[list[Row]]) -> Iterator[bytes]:
    for rows in batches:
        yield b"".join(json_bytes(row) + b"\n" for row in rows)


def _csv_parts(columns: Columns, batches: Iterable[list[Row]]) -> Iterator[bytes]:
    return (line.encode() for line in formats.csv_lines(columns, chain.from_iterable(batches)))


def _arrow_parts(columns: Columns, batches: Iterable[list[Row]]) -> Iterator[bytes]:
    # Imported when called: most answers are JSON, and the first one does not wait for Arrow.
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, formats.arrow_table(columns, []).schema) as writer:
        for rows in batches:
            writer.write_table(formats.arrow_table(columns, rows))
            yield _taken(sink)
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    content = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return content


_WRITERS: dict[str, Callable[[Columns, Iterable[list[Row]]], Iterator[bytes]]] = {
    "jsonl": _json_lines,
    "csv": _csv_parts,
    "parquet": formats.parquet_parts,
    "arrow": _arrow_parts,
}


def _batches(result: QueryResult) -> Iterator[list[Row]]:
    rows = result.rows
    return (rows[start : start + ROWS_PER_PART] for start in range(0, len(rows), ROWS_PER_PART))


def json_bytes(value: Any) -> bytes:
    """JSON in which a number that is none is null, since JSON has no NaN."""
    return to_json(value, inf_nan_mode="null")
