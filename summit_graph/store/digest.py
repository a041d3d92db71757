"""A digest of a table's content that does not depend on the order of its rows: what was read back against the run.

1. A text is its length and its bytes, eight at a time, mixed into 128 bits; a list counts as its text.
2. A number is its 64 bits, scrambled; a null is a constant of its own, so that it differs from 0 and from "".
3. A row's hash mixes its columns' hashes by their place, in two lanes of 64 bits.
4. The digest is the number of rows and the sum of their hashes, lane by lane modulo 2**64: a row that is changed,
   dropped or doubled changes it, the order of the rows does not.

Everything is done to whole columns: hashing each text by itself took longer than an engine needs to write the rows. The
mixing is no cryptography: it finds what an engine lost or confused; nobody forges rows here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa

from summit_graph.errors import SummitError

ROWS_PER_CHUNK = 65_536
"""Rows hashed at a time: their columns stay in the processor's cache."""

_LANES = 2
_NULL = np.array([0x9AE16A3B2F90404F, 0xC3A5C85C97CB3127], dtype=np.uint64)
_SEEDS = np.array([0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93], dtype=np.uint64)
_Lanes = np.ndarray  # (lanes, rows) uint64
_WORD_BYTES = 8
_KEPT = np.array([2 ** (8 * length) - 1 for length in range(_WORD_BYTES + 1)], dtype=np.uint64)
"""By how many bytes of a text are left: which bits of the eight bytes from there on are the text's own."""


@dataclass(frozen=True)
class ContentDigest:
    """How many rows a table has, and the sum of their hashes."""

    rows: int = 0
    lanes: tuple[int, int] = (0, 0)

    def including(self, table: pa.Table) -> ContentDigest:
        """This digest with further rows of the same table; columns count in their order, not by name."""
        rows, first, second = self.rows, *self.lanes
        for start in range(0, table.num_rows, ROWS_PER_CHUNK):
            chunk = table.slice(start, ROWS_PER_CHUNK)
            sums = _row_hashes(chunk).sum(axis=1, dtype=np.uint64)  # (lanes, rows) -> (lanes,)
            rows += chunk.num_rows
            first, second = (first + int(sums[0])) % 2**64, (second + int(sums[1])) % 2**64
        return ContentDigest(rows, (first, second))


def check_content(table: str, found: ContentDigest, expected: ContentDigest) -> None:
    """Raises SummitError unless what was read back from a store is what was written into it."""
    if found != expected:
        what = f"{found.rows} rows instead of {expected.rows}" if found.rows != expected.rows else "other values"
        raise SummitError(f"the store holds {what} in {table}: the load was undone; load again")


def _row_hashes(chunk: pa.Table) -> _Lanes:
    hashes = np.zeros((_LANES, chunk.num_rows), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place, column in enumerate(chunk.columns):
            hashes = _scramble(hashes * np.uint64(0x100000001B3) + _column_hashes(column) + np.uint64(place + 1))
    return hashes


def _column_hashes(column: pa.ChunkedArray) -> _Lanes:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_list(kind):
        return _text_hashes(column)
    numbers = column.combine_chunks()
    bits: Callable[[pa.Array], np.ndarray] = _float_bits if pa.types.is_floating(kind) else _integer_bits
    hashes = _scramble(bits(numbers)[None, :] ^ _SEEDS[:, None])
    if numbers.null_count:
        hashes[:, ~numbers.is_valid().to_numpy(zero_copy_only=False)] = _NULL[:, None]
    return hashes


def _float_bits(numbers: pa.Array) -> np.ndarray:
    values: np.ndarray = numbers.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
    return values.view(np.uint64)


def _integer_bits(numbers: pa.Array) -> np.ndarray:
    values: np.ndarray = numbers.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return values.view(np.uint64)


def _text_hashes(column: pa.ChunkedArray) -> _Lanes:
    """Of a column of texts or lists; ids repeat, so each text is hashed once and its hash dealt out."""
    if pa.types.is_list(column.type):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        column = pa.chunked_array([pa.array(texts, pa.string())])
    encoded = column.combine_chunks().dictionary_encode()
    hashes = _hashes_of(encoded.dictionary)  # (lanes, different texts)
    if not encoded.null_count:
        return hashes[:, encoded.indices.to_numpy()]
    # A missing text is the one after the last.
    hashes = np.concatenate([hashes, _NULL[:, None]], axis=1)
    return hashes[:, encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()]


def _hashes_of(texts: pa.StringArray) -> _Lanes:
    starts, lengths, words = _text_bytes(texts)
    hashes = _scramble(lengths.view(np.uint64)[None, :] ^ _SEEDS[:, None])
    for word in range(-(-int(lengths.max(initial=0)) // _WORD_BYTES)):
        left = lengths - _WORD_BYTES * word
        rows = np.flatnonzero(left > 0)
        bits = words[starts[rows] + _WORD_BYTES * word] & _KEPT[np.minimum(left[rows], _WORD_BYTES)]
        hashes[:, rows] = _scramble((hashes[:, rows] ^ bits) * _SEEDS[:, None] + np.uint64(word))
    return hashes


def _text_bytes(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each text begins (rows,), its length in bytes (rows,), and at every byte the eight from there on."""
    _, offsets, content = texts.buffers()
    if not len(texts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    first, last = int(places[0]), int(places[-1])
    padded = np.zeros(last - first + _WORD_BYTES, np.uint8)
    if last > first:
        padded[: last - first] = np.frombuffer(content, np.uint8)[first:last]
    words: np.ndarray = np.ndarray((last - first + 1,), "<u8", buffer=padded.data, strides=(1,))
    return places[:-1] - first, np.diff(places), words


def _scramble(bits: np.ndarray) -> np.ndarray:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every bit of the input changes half of the output's."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return cast(np.ndarray, bits ^ (bits >> np.uint64(31)))
