"""Loading into and deleting from an embedded store: a new file is built beside the old one, verified, and renamed.

1. A folder `.<name>.loading` beside the file is locked; a second loader says so and stops. What a killed one left in
   it is removed: the file that readers see was not touched.
2. The run is read, checked and staged in that folder.
3. The first run, or one that replaces another, goes into a fresh file, with the other runs read over from the old one;
   a further run into a copy of the file. Rows go in by COPY alone.
4. Checkpoint and close; the file is opened again, read-only, and every table's content is compared with what was staged
   (and the other runs' row counts with what they were).
5. The file is renamed into the old one's place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ladybug

from summit_graph import schema
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.rows import GraphRows, Scope, graph_state
from summit_graph.run import Run
from summit_graph.store.base import LoadReport, Progress
from summit_graph.store.digest import check_content
from summit_graph.store.ladybug import content
from summit_graph.store.ladybug.engine import check_tables, connected, create_tables, execute
from summit_graph.store.loaded import check_formats, no_run
from summit_graph.store.pace import Pace
from summit_graph.store.staging import Staged, StageWriter, stage

BUILT = "built.lbug"
"""Name of the new file within the folder it is built in."""
STAGED_TO_BUILT = 8
"""A built file takes at most about this many times the bytes that its rows took when staged."""
FEW_ROWS_BYTES = 32_000_000
"""And beside that, while it is written: 13 MB where a run has hardly a row, a page or more for each column."""


def load(path: Path, run: Run, scope: Scope, *, replace: bool, progress: Progress) -> LoadReport:
    """See Store.load."""
    wanted = run.manifest.run
    with _building_folder(path) as folder:
        there = _what_is_there(path, run, scope, replace=replace)
        if there.same is not None:
            return LoadReport(wanted, there.same, already_loaded=True)
        progress(f"reading {run.directory}")
        staged = stage(GraphRows(run, scope), _fresh(folder / "rows"))
        _check_space(path, folder, staged, progress)
        if there.others and not there.replaced:
            _copy_file(path, folder / BUILT)
            with connected(path, read_only=True) as connection:
                rows_of_others = content.counts(connection)
            _fill(folder / BUILT, [staged], create=False, progress=progress)
        else:
            kept = [_stage_from_store(path, other, folder) for other in there.others]
            rows_of_others = {table: sum(other.counts[table] for other in kept) for table in schema.TABLES}
            _fill(folder / BUILT, [*kept, staged], create=True, progress=progress)
        progress("reading back what was written")
        _verify(folder / BUILT, staged, rows_of_others, progress)
        progress(f"putting the new file in the place of {path}")
        _take_place(folder / BUILT, path)
        return LoadReport(wanted, staged.counts, already_loaded=False)


def delete(path: Path, run: str) -> None:
    """See Store.delete_run: the other runs go into a fresh file."""
    with _building_folder(path) as folder:
        with connected(path, read_only=True) as connection:
            check_tables(connection, path)
            runs = content.run_ids(connection)
            others_of_another_format = _of_another_format(connection, run)
        if run not in runs:
            raise no_run(str(path), run, runs)
        check_formats(str(path), others_of_another_format)
        kept = [_stage_from_store(path, other, folder) for other in runs if other != run]
        rows = {table: sum(other.counts[table] for other in kept) for table in schema.TABLES}
        _fill(folder / BUILT, kept, create=True, progress=lambda line: None)
        for staged in kept:
            others = {table: rows[table] - staged.counts[table] for table in schema.TABLES}
            _verify(folder / BUILT, staged, others, progress=lambda line: None)
        _take_place(folder / BUILT, path)


@dataclass(frozen=True)
class _There:
    """What a file holds before a load: ids of the other runs, and whether one of the wanted name is replaced.

    `same` is the rows of the wanted run where it is loaded already.
    """

    others: list[str]
    replaced: bool
    same: dict[str, int] | None


def _what_is_there(path: Path, run: Run, scope: Scope, *, replace: bool) -> _There:
    if not path.exists():
        return _There([], False, None)
    wanted = run.manifest.run
    with connected(path, read_only=True) as connection:
        check_tables(connection, path)
        check_formats(str(path), _of_another_format(connection, wanted))
        others = [other for other in content.run_ids(connection) if other != wanted]
        loaded = content.loaded(connection, wanted)
        if loaded is None or replace or not loaded.is_the_same(run, scope, graph_state(run)):
            return _There(others, loaded is not None, None)
        return _There(others, False, {table: content.count(connection, table, wanted) for table in schema.TABLES})


def _of_another_format(connection: ladybug.Connection, wanted: str) -> list[tuple[str, int]]:
    """Runs beside the wanted one that would be read over from the old file and cannot be."""
    return [(run, found) for run, found in content.runs_of_another_format(connection) if run != wanted]


@contextmanager
def _building_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside the file that this process alone uses, removed in the end."""
    folder = path.with_name(f".{path.name}.loading")
    try:
        folder.mkdir(exist_ok=True)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StoreUnavailable(f"cannot write beside {path}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreUnavailable(f"another load is writing {path}: wait until it has ended") from None
        if not folder.exists() or os.fstat(held).st_ino != folder.stat().st_ino:
            raise StoreUnavailable(f"another load has just written {path}: load again")
        for leftover in folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(held)


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _check_space(path: Path, folder: Path, staged: Staged, progress: Progress) -> None:
    needed = staged.size_bytes * STAGED_TO_BUILT + FEW_ROWS_BYTES + (path.stat().st_size if path.exists() else 0)
    free = shutil.disk_usage(folder).free
    progress(f"writing {sum(staged.counts.values()):,} rows; up to {needed / 1e6:,.0f} MB beside {path} meanwhile")
    if needed > free:
        raise SummitError(f"the disk of {path} has {free / 1e6:,.0f} MB free and the load needs {needed / 1e6:,.0f} MB")


def _copy_file(source: Path, target: Path) -> None:
    if source.with_name(source.name + ".wal").exists():
        raise StoreUnavailable(
            f"{source} was written by another program that did not close it: open and close it there"
        )
    shutil.copyfile(source, target)


def _stage_from_store(path: Path, run: str, folder: Path) -> Staged:
    """A run's rows read over from the file that is being replaced."""
    writer = StageWriter(_fresh(folder / f"kept-{run}"))
    try:
        with connected(path, read_only=True) as connection:
            for table in schema.TABLES:
                for part in content.read_back(connection, table, run):
                    writer.add(table, part)
        return writer.finish(run)
    finally:
        writer.close()


def _fill(built: Path, runs: list[Staged], *, create: bool, progress: Progress) -> None:
    with connected(built, read_only=False) as connection:
        # One transaction: every statement of its own would wait for the disk.
        execute(connection, "BEGIN TRANSACTION")
        if create:
            create_tables(connection)
        for staged in runs:
            pace = Pace(staged.run, sum(staged.counts.values()), progress)
            for table, rows in staged.counts.items():
                if rows:
                    pace.begin(table, rows)
                    execute(connection, f"COPY `{table}` FROM '{_quoted(staged.path(table))}'")
                    pace.add(rows)
        progress("committing")
        execute(connection, "COMMIT")
        progress("checkpointing")
        execute(connection, "CHECKPOINT")
    for leftover in (built.with_name(built.name + end) for end in (".wal", ".shadow")):
        if leftover.exists():
            raise SummitError(f"the embedded store left {leftover.name} behind: the load was given up, try again")


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")


def _verify(built: Path, staged: Staged, others: Mapping[str, int], progress: Progress) -> None:
    """Raises SummitError unless the file holds a run's rows exactly, and beside them `others` rows of other runs."""
    pace = Pace(staged.run, sum(staged.counts.values()), progress, reading_back=True)
    with connected(built, read_only=True) as connection:
        total = content.counts(connection)
        for table in schema.TABLES:
            digest = content.content_digest(connection, table, staged.run, staged.counts[table], pace)
            check_content(table, digest, staged.digests[table])
            found = total[table] - staged.counts[table]
            if found != others[table]:
                raise SummitError(
                    f"the store holds {found} rows of other runs instead of {others[table]} in {table}: "
                    f"the load was undone; load again"
                )


def _take_place(built: Path, path: Path) -> None:
    """Makes the built file durable and renames it; readers that have the old one open keep it."""
    for place in (built, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if place == built:
            built.replace(path)
