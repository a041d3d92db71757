"""A run whose ingest has not ended, opened as far as it goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from summit_graph.errors import SummitError
from summit_graph.run import Run, RunWriter, tables
from summit_graph.run.lock import FILE_NAME, RunLock
from summit_graph.run.manifest import PARTIAL
from tests.run.test_directory import CLASSES, MANIFEST, NEURONS, result


def predictions(number: int, predicted: list[int]) -> pa.Table:
    columns = {
        "image": [f"{number}/{index}.png" for index in range(len(predicted))],
        "class": [number] * len(predicted),
        "predicted": predicted,
        "probability": [0.5] * len(predicted),
    }
    return pa.table(columns, schema=tables.PREDICTIONS)


@pytest.fixture
def begun(tmp_path: Path) -> RunWriter:
    """A run of which class 1 is finished."""
    writer = RunWriter.start(tmp_path / "run", MANIFEST, {0: "tench", 1: "crane", 7: "bear"})
    writer.write_class(replace(result(1), predictions=predictions(1, [1, 7, 9, 1])))
    return writer


def test_its_finished_classes_can_be_read_when_it_is_asked_for(begun: RunWriter) -> None:
    with pytest.raises(SummitError, match="is not complete"):
        Run.open(begun.directory)
    run = Run.open(begun.directory, partial=True)
    run.check_digests()
    assert run.manifest.state == PARTIAL
    assert run.manifest.images == 4
    assert run.manifest.skipped == ({"image": "1.png", "reason": "no image"},)
    assert run.manifest.totals == {"1": {"low": {"importance": 0.75, "influence": 0.0}}}
    assert run.class_numbers == [1]
    assert run.table("classes").to_pylist() == [
        {"class": 1, "name": "crane", "images": 4, "correct": 2},
        {"class": 7, "name": "bear", "images": 0, "correct": 0},
        {"class": 9, "name": "9", "images": 0, "correct": 0},
    ]
    assert run.table("neurons").equals(NEURONS)
    assert not run.has("embedding")


def test_its_digest_follows_what_is_finished(begun: RunWriter) -> None:
    before = Run.open(begun.directory, partial=True).manifest.digest
    assert Run.open(begun.directory, partial=True).manifest.digest == before
    begun.write_class(replace(result(0), predictions=predictions(0, [0])))
    assert Run.open(begun.directory, partial=True).manifest.digest != before
    complete = begun.finish(classes=CLASSES, neurons=NEURONS)
    assert Run.open(begun.directory, partial=True).manifest == complete


def test_one_without_a_finished_class_or_without_predictions_says_so(tmp_path: Path) -> None:
    with RunWriter.start(tmp_path / "run", MANIFEST) as writer:
        with pytest.raises(SummitError, match="has no finished class yet"):
            Run.open(tmp_path / "run", partial=True)
        writer.write_class(result(1))
        with pytest.raises(SummitError, match="has no predictions"):
            Run.open(tmp_path / "run", partial=True)


# -- one writer at a time ---------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_writes(begun: RunWriter) -> None:
    with pytest.raises(SummitError, match=r"run is being written by process \d+ on .*: let it end"):
        RunWriter.start(begun.directory, MANIFEST)
    begun.close()
    begun.close()
    with RunWriter.start(begun.directory, MANIFEST) as again:
        assert again.finished_classes() == {1}


def test_a_lock_that_nobody_holds_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"process": 1, "host": "gone"}')
    held = RunLock.take(tmp_path)
    with pytest.raises(SummitError, match="is being written"):
        RunLock.take(tmp_path)
    held.release()
    assert not list(tmp_path.iterdir())


def test_what_a_process_killed_at_its_start_leaves_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FILE_NAME).write_text("")
    (tmp_path / "run" / ".manifest.json.99.partial").write_text("{")
    with RunWriter.start(tmp_path / "run", MANIFEST) as writer:
        assert not writer.finished_classes()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["checkpoints", "manifest.json"]
