"""An ingest that is stopped, wherever it is: the run stays valid, and the same command goes on to the same digests."""

from __future__ import annotations

import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from summit_graph.run import Run, read_manifest
from summit_graph.run.checkpoint import finished_classes
from summit_graph.run.lock import RunLock
from summit_graph.run.manifest import COMPLETE
from tests.ingest.stopped_ingests import PHASES, IngestServer, Stop
from tests.ingest.test_ingest_command import words
from tests.services.evidence import Evidence

COMMAND = words("tiny_model.py:tiny", "images", "--batch-size", "4", "--activation-mass", "0.5")


def undisturbed(server: IngestServer, tiny_place: Path) -> Run:
    """The run of an ingest that nobody stops."""
    done = server.run([*COMMAND, "--name", "run", "--out", "whole"], tiny_place)
    assert done.code == 0, done.errors
    return Run.open(tiny_place / "whole")


def check_stopped(run: Path) -> None:
    """What lies there is a run, with whole tables of its finished classes, or nothing that counts."""
    finished = finished_classes(run)
    if (run / "manifest.json").exists() and (finished or read_manifest(run).state == COMPLETE):
        opened = Run.open(run, partial=True)
        opened.check_digests()
        assert set(opened.class_numbers) >= finished
        assert all(opened.table("activations", number).num_rows for number in opened.class_numbers)
        assert opened.table("classes").num_rows >= len(opened.class_numbers)


def stopped_again_and_again(server: IngestServer, tiny_place: Path, stops: list[Stop], kills: Counter[str]) -> Run:
    """The run after ingests that are stopped one after the other in one run directory, and one that is not."""
    run = tiny_place / "run"
    for stop in stops:
        ended = server.run(COMMAND, tiny_place, stop)
        if ended.phase:
            assert ended.code == -stop.signal, ended.errors
            kills[ended.phase] += 1
        else:
            assert ended.code == 0, ended.errors
        check_stopped(run)
    ended = server.run(COMMAND, tiny_place)
    assert ended.code == 0, ended.errors
    left = [path.name for path in run.rglob("*") if path.name.startswith(".") or path.name == "checkpoints"]
    assert left == []
    return Run.open(run)


def test_a_kill_in_each_phase_leaves_a_run_that_goes_on_to_the_same_digests(
    server: IngestServer, tiny_place: Path
) -> None:
    kills: Counter[str] = Counter()
    stops = [
        Stop("manifest", 1),  # the first manifest is written, and not in its place
        Stop("images", 3),
        Stop("rename", 5),  # a table of the first class is about to be put in its place
        Stop("rename", 2),
        Stop("merge", 2),
        Stop("embedding", 1),
        Stop("manifest", 2),  # complete, and its checkpoints still lie there
    ]
    run = stopped_again_and_again(server, tiny_place, stops, kills)
    whole = undisturbed(server, tiny_place)
    assert run.manifest.tables == whole.manifest.tables
    assert run.manifest.digest == whole.manifest.digest
    assert set(kills) == set(PHASES)
    assert kills.total() == len(stops)


@pytest.mark.long
def test_kills_everywhere_change_nothing(server: IngestServer, tiny_place: Path, evidence: Evidence) -> None:
    whole = undisturbed(server, tiny_place)
    kills: Counter[str] = Counter()
    generator = random.Random(5)
    last = {"images": 6, "rename": 36, "manifest": 4, "merge": 3, "embedding": 1}
    for round_ in range(8):
        run = tiny_place / "run"
        # At points of the test's choice, now and then a little later; then anywhere in time.
        chosen = [Stop(phase, generator.randint(1, last[phase])) for phase in ("manifest", "images", "rename")]
        chosen += [Stop("images", 2, generator.uniform(0, 40)), Stop("rename", 2, generator.uniform(0, 40))]
        chosen += [Stop("merge", generator.randint(1, 3)), Stop("embedding", 1), Stop("manifest", 2)]
        anywhere = [Stop("anywhere", 1, generator.uniform(0, 1500)) for _ in range(4)]
        stops = [*anywhere, *chosen]
        ended = stopped_again_and_again(server, tiny_place, stops, kills)
        assert ended.manifest.digest == whole.manifest.digest, f"round {round_}"
        run.rename(tiny_place / f"run-{round_}")
    for phase in ("preparing", *PHASES):
        evidence.record("Ingests that were killed (SIGKILL)", f"while at: {phase}", kills[phase])
    evidence.record("Ingests that were killed (SIGKILL)", "all, with the digests of an undisturbed run", kills.total())
    print("kills:", dict(kills))
    assert all(kills[phase] >= 5 for phase in PHASES), kills
    assert kills.total() >= 50


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_polite_stop_says_that_the_same_command_goes_on(
    server: IngestServer, tiny_place: Path, number: int, code: int
) -> None:
    ended = server.run([*COMMAND, "--workers", "2"], tiny_place, Stop("images", 4, signal=number))
    assert (ended.code, ended.output) == (code, "")
    assert ended.errors.splitlines()[-1] == (
        "stopped: what is finished lies in run, and the same command goes on from there"
    )
    check_stopped(tiny_place / "run")
    assert server.run(COMMAND, tiny_place).code == 0
    assert Run.open(tiny_place / "run").manifest.digest == undisturbed(server, tiny_place).manifest.digest


# -- one writer at a time ---------------------------------------------------------------------------------------------


def test_a_second_ingest_of_a_run_says_who_writes_it_and_stops(server: IngestServer, tiny_place: Path) -> None:
    assert server.run(COMMAND, tiny_place, Stop("images", 3)).code == -signal.SIGKILL
    assert (tiny_place / "run" / ".lock").exists()
    # The lock of the killed one is held by nobody; a living writer's is.
    held = RunLock.take(tiny_place / "run")
    second = server.run(COMMAND, tiny_place)
    assert (second.code, second.output) == (1, "")
    assert "run is being written by process" in second.errors.splitlines()[-1]
    assert "give another --out" in second.errors.splitlines()[-1]
    held.release()
    assert server.run(COMMAND, tiny_place).code == 0
    assert not (tiny_place / "run" / ".lock").exists()
