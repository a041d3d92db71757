"""A run into a store: its graph, then its pictures beside it; and out of it again."""

from __future__ import annotations

from contextlib import closing

from summit_graph.errors import SummitError
from summit_graph.pictures import PICTURES, shelf_of
from summit_graph.rows import Scope
from summit_graph.run import Run
from summit_graph.store import open_store
from summit_graph.store.base import LoadReport, Progress


def load_run(
    run: Run,
    db: str | None = None,
    *,
    scope: Scope = "selected",
    replace: bool = False,
    progress: Progress | None = None,
) -> LoadReport:
    """Loads a run into the store at a path or URL (None: the setting `db`), and copies its pictures.

    A run whose graph is there already gets the pictures that it has now. Raises SummitError as `Store.load` and
    `Shelf.put` do; where the pictures cannot be copied, the graph is loaded all the same.
    """
    say = progress or (lambda line: None)
    with closing(open_store(db, must_exist=False)) as store:
        report = store.load(run, scope=scope, replace=replace, progress=progress)
    shelf = shelf_of(db)
    if shelf is None:
        if (run.directory / PICTURES).is_dir():
            say("the run's pictures were not copied: SUMMIT_PICTURES names the folder where a server's pictures lie")
        return report
    try:
        copied = shelf.put(report.run, run.directory)
    except SummitError as error:
        raise SummitError(f"the graph of {report.run} is loaded, without new pictures: {error}") from None
    if copied:
        say(f"{copied:,} pictures are in {shelf.folder}")
    return report


def delete_run(run: str, db: str | None = None) -> None:
    """Removes a run from a store, with its pictures; raises NotFound where there is none of that id."""
    with closing(open_store(db)) as store:
        store.delete_run(run)
    shelf = shelf_of(db)
    if shelf is not None:
        shelf.remove(run)
