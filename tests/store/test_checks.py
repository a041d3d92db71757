"""What is wrong with a run is found before anything is written: one line, and the store is as it was."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import neo4j
import pytest

from summit_graph.errors import SummitError
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.neo4j import Neo4jStore
from tests.store.test_contract import assert_holds
from tests.store.test_rows import FAULTS


def traces(store: Store, place: str) -> object:
    """What any write would change: the file, and what lies beside it; the server's last transaction."""
    if isinstance(store, Neo4jStore):
        with store._server._session(neo4j.READ_ACCESS) as session:
            session.run("RETURN 1").consume()
            return session.last_bookmarks().raw_values
    return [(entry.name, entry.stat().st_ino, entry.stat().st_mtime_ns) for entry in Path(place).parent.glob("*.lbug*")]


def other_format(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))


def truncated(run: Path) -> None:
    table = run / "influences" / "00004.parquet"
    table.write_bytes(table.read_bytes()[:-20])


def changed(run: Path) -> None:
    table = run / "activations" / "00001.parquet"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)


def missing(run: Path) -> None:
    (run / "examples.parquet").unlink()


def not_ended(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "state": "running"}))


DAMAGES: dict[Callable[[Path], None], str] = {
    other_format: "format is 99",
    truncated: r"00004\.parquet",
    changed: r"00001\.parquet",
    missing: r"examples\.parquet is missing",
    not_ended: "ingest",
}


def test_a_disk_without_room_is_said_before_anything_is_written(
    tmp_path: Path, small_run: Run, other_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "graph.lbug")
    with closing(open_store(place, must_exist=False)) as store:
        store.load(other_run)
        before = traces(store, place)
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=4096))
        lines: list[str] = []
        with pytest.raises(SummitError, match=r"MB free and the load needs") as refused:
            store.load(small_run, progress=lines.append)
        assert "\n" not in str(refused.value)
        assert "MB beside" in lines[-1]
        assert traces(store, place) == before


def test_the_space_that_is_said_is_enough(tmp_path: Path, small_run: Run, other_run: Run) -> None:
    place = tmp_path / "graph.lbug"
    with closing(open_store(str(place), must_exist=False)) as store:
        for run in (small_run, other_run):
            before = place.stat().st_size if place.exists() else 0
            lines: list[str] = []
            store.load(run, progress=lines.append)
            [said] = [
                float(found[1].replace(",", "")) for line in lines if (found := re.search(r"up to ([\d,]+) MB", line))
            ]
            # The old file stays where it is until the new one is whole.
            assert before < place.stat().st_size <= said * 1e6


def test_no_damaged_or_contradictory_run_changes_a_store(
    store: Store, place: str, small_run: Run, other_run: Run, tmp_path: Path
) -> None:
    store.load(other_run)
    before = traces(store, place)
    for damage, said in DAMAGES.items():
        copy = tmp_path / "runs" / damage.__name__
        shutil.copytree(small_run.directory, copy)
        damage(copy)
        with pytest.raises(SummitError, match=said) as refused:
            store.load(Run.open(copy))
        assert "\n" not in str(refused.value)
    for fault, (make, said) in FAULTS.items():
        with pytest.raises(SummitError, match=said) as refused:
            store.load(make(tmp_path / "runs" / fault), scope="all")
        assert "\n" not in str(refused.value)
    assert traces(store, place) == before
    assert_holds(store, other_run)
    store.load(small_run)
    assert traces(store, place) != before
