"""Which runs a store already holds: whether one is what is to be loaded, and the error where one is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summit_graph.errors import NotFound, SummitError
from summit_graph.nearest import nearest
from summit_graph.rows import Scope
from summit_graph.run import Run


@dataclass(frozen=True)
class Loaded:
    """What a store knows of a run of the wanted name."""

    digest: str
    state: str
    has_unselected: bool
    """Whether there are edges that are not selected: only a load in scope `all` brings them."""

    def is_the_same(self, run: Run, scope: Scope) -> bool:
        """Whether this is the run itself, loaded in that scope.

        Raises SummitError where the name is taken by another run, or by this one in the other scope.
        """
        name = run.manifest.run
        if self.digest != run.manifest.digest:
            raise SummitError(
                f"another run named {name} is loaded: give --replace to put this one in its place, or make the run "
                f"with another --name"
            )
        if self.has_unselected != (scope == "all" and _has_unselected(run)):
            there = "all" if self.has_unselected else "selected"
            raise SummitError(f"the run {name} is loaded with --scope {there}: give --replace to load it with {scope}")
        return True


def _has_unselected(run: Run) -> bool:
    """Whether any class's edges are not all selected."""
    for number in run.class_numbers:
        selected = run.table("influences", number)["selected"].to_numpy()
        if not selected.all():
            return True
    return False


def no_run(place: str, wanted: str, there: Sequence[str]) -> NotFound:
    """The error where a run that is to be deleted is not in the store at that place, whatever its state."""
    close = nearest(wanted, there, len(there) or 1)
    hint = f"the nearest is {close[0]}" if close else "it holds none"
    return NotFound(f"{place} has no run {wanted!r}: {hint}", close)
