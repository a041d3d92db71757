"""A run whose ingest has not ended, loaded as far as it goes: seen where it is named, replaced by more of itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from summit_graph import schema
from summit_graph.errors import NotFound, SummitError
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run, RunWriter
from summit_graph.store import Store
from tests.run.test_directory import CLASSES, MANIFEST, NEURONS, result
from tests.run.test_unfinished import predictions
from tests.store.stored import run_states
from tests.store.test_cli import summit_graph
from tests.store.test_contract import assert_holds

RUN = MANIFEST.run


@pytest.fixture
def begun(tmp_path: Path) -> RunWriter:
    """A run of which class 1 is finished."""
    writer = RunWriter.start(tmp_path / "runs" / RUN, MANIFEST, {0: "tench", 1: "crane"})
    writer.write_class(replace(result(1), predictions=predictions(1, [1, 0])))
    return writer


def classes_of(store: Store, **values: object) -> list[int]:
    return [row["class"] for row in run_query(store, packaged_catalogue().get("classes"), values).rows]


def test_a_partial_run_is_seen_where_it_is_named_and_makes_way_for_more_of_it(store: Store, begun: RunWriter) -> None:
    with pytest.raises(SummitError, match="is not complete"):
        store.load(Run.open(begun.directory))
    first = Run.open(begun.directory, partial=True)
    store.load(first)
    assert run_states(store) == {RUN: schema.PARTIAL}
    assert_holds(store, first)
    with pytest.raises(NotFound, match="no run that is ready"):
        classes_of(store)
    assert classes_of(store, run=RUN) == [0, 1]
    assert store.load(first).already_loaded

    begun.write_class(replace(result(0), predictions=predictions(0, [0])))
    second = Run.open(begun.directory, partial=True)
    assert not store.load(second).already_loaded
    assert run_states(store) == {RUN: schema.PARTIAL}
    assert_holds(store, second)

    begun.finish(classes=CLASSES, neurons=NEURONS)
    complete = Run.open(begun.directory)
    assert not store.load(complete).already_loaded
    assert run_states(store) == {RUN: schema.READY}
    assert_holds(store, complete)
    assert len(classes_of(store)) == CLASSES.num_rows
    with pytest.raises(SummitError, match="--replace"):
        store.load(second)


def test_the_command_says_that_a_run_is_partial(begun: RunWriter, tmp_path: Path) -> None:
    words = ("load", str(begun.directory), "--db", "g.lbug")
    refused = summit_graph(*words, directory=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    loaded = summit_graph(*words, "--partial", directory=tmp_path)
    assert loaded.returncode == 0, loaded.stderr
    assert f"partial, with 1 finished classes: name it in queries (--run {RUN})" in loaded.stderr
    begun.close()
