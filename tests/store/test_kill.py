"""A load that is killed: what was served is served still, the half-loaded run is unseen, the next load succeeds."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.services.evidence import Section
from tests.store.stop_points import PHASES, When, standing_load
from tests.store.stored import run_states
from tests.store.test_contract import assert_holds

KILLS: tuple[tuple[int, When], ...] = ((0, "before"), (0, "within"), (1, "within"), (2, "within"), (3, "after"))
"""Five kills in each phase: at which of its events (from 0), and where about it."""
HAPPENS_ONCE = {"commit", "checkpoint", "reading back", "rename", "ready flag"}
"""Phases of one event, but for Neo4j's reading back, of which the first few do."""
SOON: tuple[tuple[str, str, int, When], ...] = (
    ("ladybug", "relationships", 4, "within"),
    ("ladybug", "checkpoint", 0, "within"),
    ("ladybug", "rename", 0, "before"),
    ("ladybug", "rename", 0, "after"),
    ("neo4j", "nodes", 3, "within"),
    ("neo4j", "relationships", 5, "after"),
    ("neo4j", "ready flag", 0, "before"),
)
"""The kills of every day; the rest takes minutes."""


def kill_and_recover(store: Store, place: str, run: Run, other: Run, phase: str, event: int, when: When) -> bool:
    """Kills one load of `run` beside `other`, and loads it again; whether the killed one was visible already."""
    with standing_load(run.directory, place, phase, event, when):
        if when == "within":
            time.sleep(float(np.random.default_rng([event, len(phase)]).uniform(0, 0.005)))
        else:
            # Who reads does not wait for a load, wherever that stands.
            assert_holds(store, other)
    served = {name for name, state in run_states(store).items() if state == "ready"}
    assert served in ({other.manifest.run}, {other.manifest.run, run.manifest.run})
    assert_holds(store, other)
    visible = run.manifest.run in served
    with closing(open_store(place)) as next_loader:
        assert next_loader.load(run).already_loaded == visible
    assert set(run_states(store)) == {other.manifest.run, run.manifest.run}
    assert_holds(store, run)
    assert_holds(store, other)
    if place.endswith(".lbug"):
        assert [entry.name for entry in Path(place).parent.iterdir()] == [Path(place).name]
    return visible


@pytest.mark.parametrize(("place", "phase", "event", "when"), SOON, indirect=["place"])
def test_a_killed_load_leaves_what_was_there(
    store: Store, place: str, small_run: Run, other_run: Run, phase: str, event: int, when: When
) -> None:
    store.load(other_run)
    visible = kill_and_recover(store, place, small_run, other_run, phase, event, when)
    # Just before it is put in place it is unseen, just after it is seen.
    assert visible == (phase == "rename" and when == "after")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_five_kills_in_every_phase_leave_what_was_there(
    store: Store, place: str, small_run: Run, other_run: Run, evidence: Section
) -> None:
    engine = "ladybug" if place.endswith(".lbug") else "neo4j"
    kills, visible = Counter[str](), Counter[str]()
    store.load(other_run)
    for phase in PHASES[engine]:
        for event, when in KILLS:
            if phase in HAPPENS_ONCE and (engine, phase) != ("neo4j", "reading back"):
                event = 0
            visible[phase] += kill_and_recover(store, place, small_run, other_run, phase, event, when)
            kills[phase] += 1
            store.delete_run(small_run.manifest.run)
    for phase in PHASES[engine]:
        found = (
            f"{kills[phase]}: {kills[phase] - visible[phase]} unseen, {visible[phase]} whole; the next load succeeded"
        )
        print(f"{engine}: {phase}: killed {found}")
        evidence.record("Loads that were killed (SIGKILL)", f"{engine}, in {phase}", found)
    assert min(kills.values()) >= 5
