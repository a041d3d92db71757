"""A load that is killed: what was served is served still, the half-loaded run is unseen, the next load succeeds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import Store, open_store
from tests.store.stored import run_states
from tests.store.test_contract import assert_holds


def kill_a_load_at(run: Run, place: str, line: str) -> None:
    """Loads in a process of its own and kills it (SIGKILL) once its progress says `line`."""
    command = [sys.executable, "-m", "summit_graph", "load", str(run.directory), "--db", place]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stderr is not None
        said = []
        for text in process.stderr:
            said.append(text)
            if line in text:
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert process.returncode == -signal.SIGKILL, f"the load ended before it said {line!r}: {said}"


@pytest.mark.parametrize("line", ["writing", "ACTIVATES", "reading back"])
def test_a_killed_load_leaves_what_was_there(place: str, small_run: Run, other_run: Run, line: str) -> None:
    if line == "writing" and not place.endswith(".lbug"):
        line = "Neuron"
    with closing(open_store(place, must_exist=False)) as store:
        store.load(other_run)
        kill_a_load_at(small_run, place, line)
        assert _ready(store) == {"other"}
        assert_holds(store, other_run)
    with closing(open_store(place)) as store:
        assert not store.load(small_run).already_loaded
        assert _ready(store) == {"other", "small"}
        assert_holds(store, small_run)
        assert_holds(store, other_run)
    if place.endswith(".lbug"):
        assert len(list(Path(place).parent.iterdir())) == 1


def _ready(store: Store) -> set[str]:
    return {run for run, state in run_states(store).items() if state == "ready"}
