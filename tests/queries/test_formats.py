"""Answers in other people's formats, and as tables that a terminal cannot be harmed by."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import pyarrow.parquet as pq
import pytest

from summit_graph.errors import SummitError
from summit_graph.queries.formats import arrow_table, csv_lines, json_lines, json_text, write_parquet
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


def parquet_rows(columns: Sequence[tuple[str, str]], batches: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    written = io.BytesIO()
    write_parquet(columns, batches, written)
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(written.getvalue())).to_pylist()
    return rows


def test_parquet_is_read_back_equal() -> None:
    assert parquet_rows(COLUMNS, [ROWS]) == ROWS
    assert parquet_rows(COLUMNS, [ROWS[:1], ROWS[1:]]) == ROWS
    assert parquet_rows(COLUMNS, []) == []


def test_an_ad_hoc_column_s_type_may_show_in_a_later_batch() -> None:
    batches: list[list[dict[str, Any]]] = [[{"x": None, "y": 1}], [{"x": "one", "y": 2.5}], [{"x": None, "y": None}]]
    assert parquet_rows([("x", "any"), ("y", "any")], batches) == [row for batch in batches for row in batch]
    with pytest.raises(SummitError, match="values that Parquet cannot"):
        parquet_rows([("x", "any")], [[{"x": "one"}], [{"x": 2}]])


def test_a_value_that_is_not_of_its_column_s_type_is_said() -> None:
    with pytest.raises(SummitError, match="column count has a value that is no count"):
        arrow_table([("count", "count")], [{"count": "many"}])


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


def test_columns_of_text_are_cut_to_a_terminal_and_numbers_never() -> None:
    columns = (("name", "text"), ("said", "text"), ("count", "any"), ("share", "any"))
    rows = [{"name": "a" * 40, "said": "鯉" * 12, "count": 123_456_789_012, "share": 1e-7}]
    lines = list(table_lines(columns, rows, 60))
    assert [display_width(line) for line in lines] == [60, 60, 60]
    assert lines[2].endswith("  123456789012  1e-07")
    assert lines[2].startswith("a" * 15)
    assert lines[2].count("…") == 2
    narrow = list(table_lines(columns, rows, 10))
    assert narrow[2].split() == ["aaaaaaa…", "鯉鯉鯉…", "123456789012", "1e-07"]
    assert "…" not in "".join(table_lines(columns, rows))


def test_a_map_and_a_list_of_numbers_are_readable() -> None:
    lines = list(table_lines([("m", "any"), ("l", "any")], [{"m": {"name": "Bär"}, "l": [1, 2.5]}]))
    assert lines[2] == '{"name": "Bär"}  1, 2.5'


def test_a_table_without_rows_shows_its_columns() -> None:
    assert list(table_lines(COLUMNS[:2], [])) == ["name  class", "────  ─────"]


def test_chains_and_truth_are_readable() -> None:
    lines = list(table_lines(COLUMNS[3:], ROWS))
    assert lines[2] == "b/1 → a/0  yes"
    assert lines[3] == "           –"
    # Neurons that only stand beside each other are no chain, nor are names that were collected.
    walk = {"chain_a": ["b/1", "a/0"], "weakest_edge": ["b/1", "a/0"], "names": ["tench", "crane"]}
    [*_, line] = table_lines([("chain_a", "neurons"), ("weakest_edge", "neurons"), ("names", "any")], [walk])
    assert line == "b/1 → a/0  b/1 → a/0     tench, crane"


def test_a_name_cannot_give_orders_to_the_terminal() -> None:
    assert printable("\x1b[31mred\u202e\r\nאב") == "\ufffd[31mred\ufffd\ufffd\ufffdאב"
    assert display_width("e\u0301鯉") == 3
