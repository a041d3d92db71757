"""Which runs a store already holds: whether one is what is to be loaded, and the error where one is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from summit_graph import schema
from summit_graph.errors import NotFound, StoreUnavailable, SummitError
from summit_graph.nearest import nearest
from summit_graph.rows import Scope
from summit_graph.run import Run


@dataclass(frozen=True)
class Loaded:
    """What a store knows of a run of the wanted name."""

    digest: str
    state: str
    format: int
    has_unselected: Callable[[], bool]
    """Whether there are edges that are not selected: only a load in scope `all` brings them. It may have to search."""
    loading: str | None = None
    """Of a load that has not ended: what it was loading (Neo4j: the next one may go on)."""

    def is_whole(self) -> bool:
        """Whether it was loaded to its end, and nobody has begun to delete it."""
        return self.state in {schema.READY, schema.PARTIAL}

    def is_the_same(self, run: Run, scope: Scope, state: str) -> bool:
        """Whether this is the run itself, in that scope and state; False where the run takes its place unasked.

        That is so where what is there is no whole run, or part of one whose ingest had not ended. Raises SummitError
        where the name is taken by another run, or by this one in another scope or format.
        """
        name = run.manifest.run
        if not self.is_whole():
            return False
        if self.digest != run.manifest.digest or self.state != state:
            if self.state == schema.PARTIAL:
                return False
            raise SummitError(
                f"another run named {name} is loaded: give --replace to put this one in its place, or make the run "
                f"with another --name"
            )
        if self.format != schema.FORMAT:
            raise SummitError(
                f"the run {name} is loaded in format {self.format} and this version writes {schema.FORMAT}: "
                f"give --replace to load it anew"
            )
        has_unselected = self.has_unselected()
        if has_unselected != (scope == "all" and _has_unselected(run)):
            there = "all" if has_unselected else "selected"
            raise SummitError(f"the run {name} is loaded with --scope {there}: give --replace to load it with {scope}")
        return True


def _has_unselected(run: Run) -> bool:
    """Whether any class's edges are not all selected."""
    for number in run.class_numbers:
        selected = run.table("influences", number)["selected"].to_numpy()
        if not selected.all():
            return True
    return False


def check_formats(place: str, others: Sequence[tuple[str, int]]) -> None:
    """Raises StoreUnavailable where a store holds runs, given by id and format, that this version cannot read."""
    if others:
        run, found = others[0]
        raise StoreUnavailable(
            f"{place} holds the run {run} in format {found}, and this version reads {schema.FORMAT}: load it anew "
            f"(summit-graph load RUN --replace --db {place}) or remove it (summit-graph delete-run {run} --db {place})"
        )


def no_run(place: str, wanted: str, there: Sequence[str]) -> NotFound:
    """The error where a run that is to be deleted is not in the store at that place, whatever its state."""
    close = nearest(wanted, there, len(there) or 1)
    hint = f"the nearest is {close[0]}" if close else "it holds none"
    return NotFound(f"{place} has no run {wanted!r}: {hint}", close)
