"""A run directory: written whole or not at all, gone on with, and checked."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from summit_graph.errors import SummitError
from summit_graph.run import ClassResult, LayerEntry, Manifest, Parameters, Run, RunWriter, atomic, tables

MANIFEST = Manifest(
    run="run",
    model="model",
    dataset="data",
    layers=(LayerEntry("low", 0, 2),),
    parameters=Parameters(damping=0.85),
    images_digest="images",
    weights_digest="weights",
    created="2026-01-02T03:04:05Z",
)
CLASSES = pa.table({"class": [0, 1], "name": ["a", "b"], "images": [2, 3], "correct": [1, None]}, schema=tables.CLASSES)
NEURONS = pa.table({"neuron": [0, 1], "layer_index": [0, 0], "channel": [0, 1]}, schema=tables.NEURONS)


def result(number: int) -> ClassResult:
    activations = {
        "class": [number, number],
        "neuron": [1, 0],
        "count": [number + 1, 2],
        "importance": [0.5, 0.25],
        "selected": [True, False],
    }
    return ClassResult(
        number,
        pa.table(activations, schema=tables.ACTIVATIONS),
        tables.INFLUENCES.empty_table(),
        totals={"low": {"importance": 0.75, "influence": 0.0}},
        skipped=[{"image": f"{number}.png", "reason": "no image"}],
    )


def test_a_run_is_complete_only_once_it_is_finished(tmp_path: Path) -> None:
    writer = RunWriter.start(tmp_path / "run", MANIFEST)
    writer.write_class(result(0))
    with pytest.raises(SummitError, match="not complete"):
        Run.open(tmp_path / "run")
    writer.write_class(result(1))
    writer.finish(classes=CLASSES, neurons=NEURONS)
    run = Run.open(tmp_path / "run")
    assert run.class_numbers == [0, 1]
    assert run.manifest.images == 5
    assert run.manifest.skipped == ({"image": "0.png", "reason": "no image"}, {"image": "1.png", "reason": "no image"})
    assert run.manifest.totals["1"] == {"low": {"importance": 0.75, "influence": 0.0}}
    assert run.table("activations", 1)["neuron"].to_pylist() == [0, 1]
    assert run.table("activations", 1)["count"].to_pylist() == [2, 2]
    run.check_digests()
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_run_that_was_cut_off_goes_on_and_ends_with_the_same_digest(tmp_path: Path) -> None:
    whole = RunWriter.start(tmp_path / "whole", MANIFEST)
    for number in (0, 1):
        whole.write_class(result(number))
    expected = whole.finish(classes=CLASSES, neurons=NEURONS).digest

    RunWriter.start(tmp_path / "cut", MANIFEST).write_class(result(1))
    (tmp_path / "cut" / "activations" / ".00000.parquet.99.partial").write_bytes(b"half")
    again = RunWriter.start(tmp_path / "cut", replace(MANIFEST, created="2026-02-02T00:00:00Z"))
    assert again.finished_classes() == {1}
    again.write_class(result(0))
    assert again.finish(classes=CLASSES, neurons=NEURONS).digest == expected
    assert not list((tmp_path / "cut").rglob("*.partial"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"parameters": Parameters(damping=0.5)}, "damping"),
        ({"model": "other"}, "model"),
        ({"images_digest": "others"}, "images_digest"),
        ({"weights_digest": "others"}, "weights_digest"),
        ({"layers": (LayerEntry("low", 0, 3),)}, "layers"),
        ({"parameters": None}, "parameters"),
    ],
)
def test_going_on_with_other_inputs_is_refused_by_name(tmp_path: Path, change: dict[str, object], named: str) -> None:
    with RunWriter.start(tmp_path / "run", MANIFEST) as writer:
        writer.write_class(result(0))
    before = sorted(path for path in (tmp_path / "run").rglob("*"))
    with pytest.raises(SummitError, match=f"other {named}: give another --out"):
        RunWriter.start(tmp_path / "run", replace(MANIFEST, **change))  # type: ignore[arg-type]
    assert sorted(path for path in (tmp_path / "run").rglob("*")) == before


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SummitError, match="no run directory"):
        RunWriter.start(tmp_path, MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_that_could_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    atomic.write_json(path, {"a": 1})
    before = path.read_bytes()

    def fail_in_the_middle() -> None:
        with atomic.replacing(path) as temporary:
            temporary.write_bytes(b"half")
            assert path.read_bytes() == before
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail_in_the_middle()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]


def test_equal_tables_are_equal_files_whatever_the_order_of_their_rows(tmp_path: Path) -> None:
    for name, rows in (("first", [0, 1]), ("second", [1, 0])):
        writer = RunWriter.start(tmp_path / name, MANIFEST)
        writer.write_class(replace(result(0), activations=result(0).activations.take(rows)))
    files = [tmp_path / name / "activations" / "00000.parquet" for name in ("first", "second")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.fixture
def copy(small_run: Run, tmp_path: Path) -> Path:
    """A copy of a run that may be damaged."""
    return shutil.copytree(small_run.directory, tmp_path / "copy")


def test_a_missing_table_is_named(copy: Path) -> None:
    (copy / "influences" / "00002.parquet").unlink()
    with pytest.raises(SummitError, match=r"influences/00002\.parquet is missing"):
        Run.open(copy).check_digests()
    with pytest.raises(SummitError, match=r"influences/00002\.parquet cannot be read"):
        Run.open(copy).table("influences", 2)


def test_a_changed_table_is_named(copy: Path) -> None:
    path = copy / "activations" / "00001.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(1), path)
    with pytest.raises(SummitError, match=r"activations/00001\.parquet is not the file the manifest records"):
        Run.open(copy).check_digests()


@pytest.mark.parametrize("kept", [0, 3, 200])
def test_a_table_that_was_cut_off_is_named(copy: Path, kept: int) -> None:
    path = copy / "neurons.parquet"
    os.truncate(path, kept)
    with pytest.raises(SummitError, match=r"neurons\.parquet cannot be read") as refused:
        Run.open(copy).table("neurons")
    assert "\n" not in str(refused.value)


def test_a_table_with_other_columns_is_named(copy: Path) -> None:
    path = copy / "neurons.parquet"
    pq.write_table(pa.table({"neuron": [1]}), path)
    with pytest.raises(SummitError, match=r"neurons\.parquet has other columns"):
        Run.open(copy).table("neurons")


def test_a_manifest_that_names_a_foreign_file_is_refused(copy: Path) -> None:
    run = Run.open(copy)
    foreign = {**run.manifest.tables, "../../etc/passwd": "00"}
    with pytest.raises(SummitError, match="no table of a run"):
        Run(copy, replace(run.manifest, tables=foreign)).check_digests()


def test_a_table_that_the_run_has_not_is_said_so(small_run: Run) -> None:
    assert not small_run.has("hops", 0)
    with pytest.raises(SummitError, match=r"the run small has no hops/00000\.parquet"):
        small_run.table("hops", 0)
