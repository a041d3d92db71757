"""Stores that hold runs in another format than this version's: refused with what to do, and then it helps."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import ladybug
import pytest

from summit_graph import schema
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.queries import packaged_catalogue, run_query
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.neo4j import Neo4jStore
from tests.store.stored import run_states
from tests.store.test_contract import assert_holds


def make_older(store: Store, place: str, run: str) -> None:
    """As a version before this one would have left it."""
    text = f"MATCH (r:Run) WHERE r.id = '{run}' SET r.format = {schema.FORMAT - 1}"
    if isinstance(store, Neo4jStore):
        store._server.write(text, {}, label="older")
    else:
        with ladybug.Database(place) as database, ladybug.Connection(database, num_threads=1) as connection:
            connection.execute(text)
            connection.execute("CHECKPOINT")


def test_a_run_of_an_older_format_is_not_read_and_is_replaced(store: Store, place: str, other_run: Run) -> None:
    store.load(other_run)
    make_older(store, place, "other")
    with closing(open_store(place)) as later:
        for refused in (
            lambda: later.load(other_run),
            lambda: run_query(later, packaged_catalogue().get("classes"), {}),
        ):
            with pytest.raises(SummitError, match=rf"format {schema.FORMAT - 1}.*--replace") as said:
                refused()
            assert "\n" not in str(said.value)
        later.load(other_run, replace=True)
        assert_holds(later, other_run)
        assert run_query(later, packaged_catalogue().get("classes"), {}).rows


def test_a_run_of_an_older_format_may_be_removed(store: Store, place: str, other_run: Run) -> None:
    store.load(other_run)
    make_older(store, place, "other")
    with closing(open_store(place)) as later:
        later.delete_run("other")
        assert run_states(later) == {}


def test_a_load_beside_a_run_of_an_older_format_loses_nothing(
    store: Store, place: str, small_run: Run, other_run: Run
) -> None:
    store.load(other_run)
    make_older(store, place, "other")
    with closing(open_store(place)) as later:
        if place.endswith(".lbug"):
            # Its rows would have to be carried over into the new file.
            with pytest.raises(StoreUnavailable, match=r"other in format.*--replace.*delete-run other"):
                later.load(small_run)
            assert run_states(later) == {"other": "ready"}
        else:
            later.load(small_run)
            assert_holds(later, small_run)
            assert run_states(later) == {"other": "ready", "small": "ready"}


VERSION_AT = len(b"LBUG")
"""Where a file of the embedded engine says which version of the engine's format it has."""


@pytest.mark.parametrize("version", [1, 42, 255])
def test_a_file_of_another_version_of_the_engine_is_refused_with_what_to_do(
    tmp_path: Path, small_run: Run, version: int
) -> None:
    path = tmp_path / "graph.lbug"
    with closing(open_store(str(path), must_exist=False)) as store:
        store.load(small_run)
    content = bytearray(path.read_bytes())
    assert 1 < content[VERSION_AT] < 255
    content[VERSION_AT] = version
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"another version of the embedded engine.*remove it and load") as said:
        open_store(str(path))
    assert "\n" not in str(said.value)
    assert path.read_bytes() == content
