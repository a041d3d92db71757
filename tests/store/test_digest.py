"""The content digest: it sees every change of a row, and not the order of rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from summit_graph.store.digest import ContentDigest

ROWS = {
    "text": ["a", "b", "", None, "a"],
    "integer": [1, 0, None, -1, 1],
    "number": [0.5, None, 0.0, float("inf"), 0.5],
    "truth": [True, False, None, True, True],
    "integers": [[1, 2], [], None, [0], [1, 2]],
}
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("integer", pa.int64()),
        ("number", pa.float64()),
        ("truth", pa.bool_()),
        ("integers", pa.list_(pa.int64())),
    ]
)
TABLE = pa.table(ROWS, schema=SCHEMA)


def digest(table: pa.Table) -> ContentDigest:
    return ContentDigest().including(table)


def test_the_order_and_the_parts_of_rows_do_not_matter() -> None:
    expected = digest(TABLE)
    assert expected.rows == 5
    assert digest(TABLE.take([4, 2, 0, 1, 3])) == expected
    assert digest(TABLE.slice(0, 2)).including(TABLE.slice(2)) == expected
    assert digest(pa.concat_tables([TABLE.slice(3), TABLE.slice(0, 3)])) == expected


def test_a_row_dropped_or_doubled_is_seen() -> None:
    digests = {digest(TABLE), digest(TABLE.slice(1)), digest(pa.concat_tables([TABLE, TABLE.slice(1, 1)]))}
    assert len({one.lanes for one in digests}) == 3


@pytest.mark.parametrize(
    ("column", "place", "value"),
    [
        ("text", 0, "A"),
        ("text", 2, None),
        ("text", 3, ""),
        ("integer", 1, None),
        ("integer", 2, 0),
        ("integer", 0, 2),
        ("number", 1, 0.0),
        ("number", 2, -0.0),
        ("number", 0, float(np.nextafter(0.5, 1))),
        ("truth", 1, None),
        ("truth", 2, False),
        ("integers", 0, [2, 1]),
        ("integers", 1, None),
        ("integers", 2, []),
    ],
)
def test_a_value_changed_in_one_place_is_seen(column: str, place: int, value: object) -> None:
    values = list(ROWS[column])  # type: ignore[call-overload]
    values[place] = value
    changed = pa.table({**ROWS, column: values}, schema=SCHEMA)
    assert digest(changed).rows == digest(TABLE).rows
    assert digest(changed).lanes != digest(TABLE).lanes


def test_values_exchanged_between_rows_or_columns_are_seen() -> None:
    plain = pa.table({"source": ["a", "b"], "target": ["c", "d"]})
    assert digest(plain) != digest(pa.table({"source": ["a", "b"], "target": ["d", "c"]}))
    assert digest(plain) != digest(pa.table({"source": ["c", "d"], "target": ["a", "b"]}))


def test_random_changes_are_all_seen() -> None:
    generator = np.random.default_rng(0)
    numbers = generator.integers(0, 3, (400, 2))
    seen = {digest(pa.table({"a": row[:1], "b": row[1:]})).lanes: tuple(row) for row in numbers}
    assert len(seen) == len({tuple(row) for row in numbers.tolist()})


def test_texts_that_differ_in_one_byte_or_in_length_are_told_apart() -> None:
    texts = ["", "\0", "a", "a\0", "b" * 7, "b" * 8, "b" * 9, "b" * 8 + "\0", "b" * 16, "é" * 8, "summit/1/a/2" * 3]
    texts += [f"{'c' * place}x{'c' * (23 - place)}" for place in range(24)]
    tables = [pa.table({"text": [text]}, pa.schema([("text", pa.string())])) for text in texts]
    alone = [digest(table) for table in tables]
    assert len({one.lanes for one in alone}) == len(texts)
    assert len({one.lanes[0] for one in alone}) == len({one.lanes[1] for one in alone}) == len(texts)
    together = digest(pa.table({"text": texts}))
    assert together == digest(pa.table({"text": ["before", *texts, "after"]}).slice(1, len(texts)))
    summed = ContentDigest()
    for table in tables:
        summed = summed.including(table)
    assert together == summed
