"""Answers in other people's formats, and as tables that a terminal cannot be harmed by."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pyarrow.parquet as pq
import pytest

from summit_graph.errors import SummitError
from summit_graph.queries.formats import arrow_table, csv_lines, json_lines, json_text, parquet_bytes
from summit_graph.terminal import display_width, printable, table_lines

COLUMNS = (("name", "text"), ("class", "class"), ("share", "share"), ("chain", "neurons"), ("seen", "boolean"))
ROWS: list[dict[str, Any]] = [
    {"name": "O'Brien's \"dog\", ärm", "class": 7, "share": 0.5, "chain": ["b/1", "a/0"], "seen": True},
    {"name": "two\nlines", "class": 12, "share": None, "chain": [], "seen": None},
]


def test_an_arrow_table_has_the_header_s_types_and_the_same_values() -> None:
    table = arrow_table(COLUMNS, ROWS)
    assert [str(field.type) for field in table.schema] == ["string", "int64", "double", "list<item: string>", "bool"]
    assert table.to_pylist() == ROWS
    assert arrow_table(COLUMNS, []).schema == table.schema


def test_parquet_is_read_back_equal() -> None:
    assert pq.read_table(io.BytesIO(parquet_bytes(COLUMNS, ROWS))).to_pylist() == ROWS


def test_an_ad_hoc_column_of_several_types_is_refused_as_a_table() -> None:
    assert arrow_table([("x", "any")], [{"x": 1}, {"x": None}]).to_pylist() == [{"x": 1}, {"x": None}]
    with pytest.raises(SummitError, match="column x has values of several types"):
        arrow_table([("x", "any")], [{"x": 1}, {"x": "one"}])
    with pytest.raises(SummitError, match="column x has values of several types"):
        arrow_table([("x", "any")], [{"x": 2**70}])


def test_json_lines_are_one_object_each() -> None:
    lines = list(json_lines(ROWS))
    assert [json.loads(line) for line in lines] == ROWS
    assert all(line.count("\n") == 1 for line in lines)


def test_json_has_null_for_a_number_that_is_none() -> None:
    assert json_text({"a": math.nan, "b": [math.inf, (1.5, -math.inf)]}) == '{"a": null, "b": [null, [1.5, null]]}'


def test_csv_is_read_back() -> None:
    read = list(csv.reader(io.StringIO("".join(csv_lines(COLUMNS, ROWS)))))
    assert read == [
        ["name", "class", "share", "chain", "seen"],
        ["O'Brien's \"dog\", ärm", "7", "0.5", '["b/1", "a/0"]', "true"],
        ["two\nlines", "12", "", "[]", ""],
    ]


def test_a_table_is_aligned_and_numbers_stand_to_the_right() -> None:
    rows = [{"name": "鯉 carp", "class": 7, "share": 0.123456}, {"name": "tench", "class": 12, "share": None}]
    assert list(table_lines(COLUMNS[:3], rows)) == [
        "name     class   share",
        "───────  ─────  ──────",
        "鯉 carp      7  0.1235",
        "tench       12       –",
    ]


def test_a_table_without_rows_shows_its_columns() -> None:
    assert list(table_lines(COLUMNS[:2], [])) == ["name  class", "────  ─────"]


def test_chains_and_truth_are_readable() -> None:
    lines = list(table_lines(COLUMNS[3:], ROWS))
    assert lines[2] == "b/1 → a/0  yes"
    assert lines[3] == "           –"


def test_a_name_cannot_give_orders_to_the_terminal() -> None:
    assert printable("\x1b[31mred\u202e\r\nאב") == "\ufffd[31mred\ufffd\ufffd\ufffdאב"
    assert display_width("e\u0301鯉") == 3
