"""A run as graph rows: against plain loops, and what is refused before a store is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from summit_graph import schema
from summit_graph.errors import SummitError
from summit_graph.rows import GraphRows, influences
from summit_graph.run import ClassResult, LayerEntry, Manifest, Parameters, Run, RunWriter, tables
from summit_graph.run.atomic import file_sha256
from summit_graph.run.manifest import write_manifest
from tests.runs import make_run
from tests.store.naive_rows import naive_rows

Table = Mapping[str, list[Any]]


def rows_of(run: Run, scope: Literal["selected", "all"], rows_per_group: int = 250_000) -> dict[str, list[Any]]:
    """All rows of all parts, in their order."""
    found: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    for table, part in GraphRows(run, scope, rows_per_group).parts():
        assert part.schema.equals(schema.TABLES[table].arrow)
        found[table] += zip(*(column.to_pylist() for column in part.columns), strict=True)
    return found


def in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=repr)


@pytest.mark.parametrize("scope", ["selected", "all"])
@pytest.mark.parametrize(("rows_per_group", "rows_per_merge"), [(1, 7), (250_000, 1_000_000)])
def test_every_table_has_the_rows_of_the_definition(
    small_run: Run,
    scope: Literal["selected", "all"],
    rows_per_group: int,
    rows_per_merge: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(influences, "ROWS_PER_MERGE", rows_per_merge)
    found, expected = rows_of(small_run, scope, rows_per_group), naive_rows(small_run, scope)
    for table in schema.TABLES:
        assert in_order(found[table]) == in_order(expected[table]), table
        assert expected[table], f"the generated run has no {table}: the comparison shows nothing"


@pytest.mark.parametrize("scope", ["selected", "all"])
def test_a_run_of_which_only_counts_are_known_has_no_shares(
    countless_run: Run, scope: Literal["selected", "all"]
) -> None:
    found, expected = rows_of(countless_run, scope), naive_rows(countless_run, scope)
    for table in schema.TABLES:
        assert in_order(found[table]) == in_order(expected[table]), table
    assert {row[3] for row in found["ACTIVATES"]} == {None}


def test_the_scope_all_brings_ends_of_edges_that_have_no_activation(small_run: Run) -> None:
    ends = [row for row in rows_of(small_run, "all")["Vertex"] if row[7] == 0]
    assert ends
    assert {row[10] for row in ends} == {False}


def test_ids_are_unique_in_every_label(small_run: Run) -> None:
    found = rows_of(small_run, "all")
    for label in schema.LABELS:
        ids = [row[0] for row in found[label.name]]
        assert len(set(ids)) == len(ids)


ACTIVATIONS: Table = {
    "class": [0, 0, 0],
    "neuron": [0, 1, 2],
    "count": [3, 1, 2],
    "importance": [0.5, 0.25, 0.25],
    "selected": [True, False, True],
}
INFLUENCES: Table = {"class": [0, 0], "source": [0, 1], "target": [2, 2], "count": [4, 1], "selected": [True, False]}


def write_run(
    directory: Path,
    activations: Table = ACTIVATIONS,
    influences: Table = INFLUENCES,
    *,
    neurons: Table | None = None,
    classes: Table | None = None,
    totals: Mapping[str, Mapping[str, float]] | None = None,
    predictions: Table | None = None,
    embedding: Table | None = None,
) -> Run:
    """A run of one class and two layers, `low` (2 channels) and `high` (1), with what is given."""
    layers = (LayerEntry("low", 0, 2), LayerEntry("high", 1, 1))
    manifest = Manifest("faulty", "model", "data", layers, Parameters(), "images", "weights", "2026-01-01T00:00:00Z")
    writer = RunWriter.start(directory, manifest)
    of_class = ClassResult(
        0,
        pa.table(dict(activations), schema=tables.ACTIVATIONS),
        pa.table(dict(influences), schema=tables.INFLUENCES),
        predictions=None if predictions is None else pa.table(dict(predictions), schema=tables.PREDICTIONS),
        totals=totals or {},
    )
    writer.write_class(of_class)
    neurons = neurons or {"neuron": [0, 1, 2], "layer_index": [0, 0, 1], "channel": [0, 1, 0]}
    classes = classes or {"class": [0], "name": ["tench"], "images": [4], "correct": [None]}
    writer.finish(
        classes=pa.table(dict(classes), schema=tables.CLASSES),
        neurons=pa.table(dict(neurons), schema=tables.NEURONS),
        embedding=None if embedding is None else pa.table(dict(embedding), schema=tables.EMBEDDING),
    )
    return Run.open(directory)


def with_a_null(directory: Path, path: str, column: str) -> Run:
    """The run with a null in a column of one of its tables, and a manifest that knows that file."""
    run = write_run(directory)
    rows = pq.read_table(directory / path, partitioning=None).to_pylist()
    kinds = [pa.field(field.name, field.type) for field in pq.read_schema(directory / path)]
    pq.write_table(pa.Table.from_pylist([{**rows[0], column: None}, *rows[1:]], pa.schema(kinds)), directory / path)
    digests = {**run.manifest.tables, path: file_sha256(directory / path)}
    write_manifest(directory, replace(run.manifest, tables=digests))
    return Run.open(directory)


def changed(table: Table, column: str, place: int, value: Any) -> Table:
    values = list(table[column])
    values[place] = value
    return {**table, column: values}


def test_the_run_that_the_faults_are_put_into_has_none(tmp_path: Path) -> None:
    assert len(rows_of(write_run(tmp_path / "run"), "selected")["FEEDS"]) == 1


FAULTS: Mapping[str, tuple[Callable[[Path], Run], str]] = {
    "neuron out of range": (lambda path: write_run(path, changed(ACTIVATIONS, "neuron", 2, 7)), "neurons.parquet"),
    "negative neuron": (lambda path: write_run(path, changed(ACTIVATIONS, "neuron", 0, -1)), "neurons.parquet"),
    "negative count": (lambda path: write_run(path, changed(ACTIVATIONS, "count", 0, -1)), "count is below 0"),
    "not a number": (lambda path: write_run(path, changed(ACTIVATIONS, "importance", 0, float("nan"))), "importance"),
    "infinite": (lambda path: write_run(path, changed(ACTIVATIONS, "importance", 0, float("inf"))), "importance"),
    "neuron twice": (lambda path: write_run(path, changed(ACTIVATIONS, "neuron", 1, 0)), "twice"),
    "selected without importance": (
        lambda path: write_run(path, changed(ACTIVATIONS, "importance", 0, 0.0)),
        "without importance",
    ),
    "row of another class": (lambda path: write_run(path, changed(ACTIVATIONS, "class", 1, 3)), "another class"),
    "edge to nowhere": (
        lambda path: write_run(path, influences=changed(INFLUENCES, "target", 0, 9)),
        "neurons.parquet",
    ),
    "edge within a layer": (
        lambda path: write_run(path, influences=changed(INFLUENCES, "target", 1, 0)),
        "earlier layer",
    ),
    "edge of weight 0": (lambda path: write_run(path, influences=changed(INFLUENCES, "count", 0, 0)), "below 1"),
    "edge twice": (lambda path: write_run(path, influences=changed(INFLUENCES, "source", 1, 0)), "twice"),
    "selected edge of an unselected end": (
        lambda path: write_run(path, influences=changed(INFLUENCES, "selected", 1, True)),
        "not selected",
    ),
    "channel that the layer has not": (
        lambda path: write_run(path, neurons={"neuron": [0, 1, 2], "layer_index": [0, 0, 1], "channel": [0, 2, 0]}),
        "another model",
    ),
    "neurons out of order": (
        lambda path: write_run(path, neurons={"neuron": [0, 1, 2], "layer_index": [0, 1, 0], "channel": [0, 0, 1]}),
        "order",
    ),
    "class twice": (
        lambda path: write_run(
            path, classes={"class": [0, 0], "name": ["a", "b"], "images": [1, 1], "correct": [0, 0]}
        ),
        "twice",
    ),
    "tables of an unknown class": (
        lambda path: write_run(path, classes={"class": [1], "name": ["a"], "images": [1], "correct": [0]}),
        "class 0 has tables",
    ),
    "predicted class unknown": (
        lambda path: write_run(
            path, predictions={"image": ["a"], "class": [0], "predicted": [5], "probability": [0.5]}
        ),
        "class 5 is predicted",
    ),
    "probability above 1": (
        lambda path: write_run(
            path, predictions={"image": ["a"], "class": [0], "predicted": [0], "probability": [1.5]}
        ),
        "between 0 and 1",
    ),
    "image predicted twice": (
        lambda path: write_run(
            path,
            predictions={"image": ["a", "a"], "class": [0, 0], "predicted": [0, 0], "probability": [0.5, 0.6]},
        ),
        "an image is there twice",
    ),
    "place twice": (
        lambda path: write_run(
            path, embedding={"class": [0, 0], "layer_index": [1, 1], "x": [0.5, 0.6], "y": [0.5, 0.5]}
        ),
        "two places in layer 1",
    ),
    "no count": (
        lambda path: with_a_null(path, "activations/00000.parquet", "count"),
        "nothing in the column count",
    ),
    "no neuron": (
        lambda path: with_a_null(path, "influences/00000.parquet", "target"),
        "nothing in the column target",
    ),
    "class without a name": (lambda path: with_a_null(path, "classes.parquet", "name"), "nothing in the column name"),
    "totals of an unknown layer": (
        lambda path: write_run(path, totals={"middle": {"importance": 1.0, "influence": 1.0}}),
        "totals",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_that_contradicts_itself_is_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    make, said = FAULTS[fault]
    run = make(tmp_path / "run")
    with pytest.raises(SummitError, match=said) as refused:
        rows_of(run, "all")
    assert "\n" not in str(refused.value)


def test_a_run_without_edges_has_vertices_and_no_feeds(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", edge_share=0.0)
    found = rows_of(run, "all")
    assert found["FEEDS"] == found["INFLUENCES"] == []
    assert found["Vertex"]
