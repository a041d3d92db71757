"""An ingest that is stopped, wherever it is: the run stays valid, and the same command goes on to the same digests."""

from __future__ import annotations

import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from summit_graph.pictures import PICTURES, index_folder
from summit_graph.run import Run, read_manifest
from summit_graph.run.checkpoint import finished_classes
from summit_graph.run.lock import RunLock
from summit_graph.run.manifest import COMPLETE
from tests.ingest.stopped_ingests import COMMAND, ELSEWHERE, PHASES, IngestServer, Stop
from tests.services.evidence import Section


def check_stopped(run: Path) -> None:
    """What lies there is a run, with whole tables of its finished classes, or nothing that counts."""
    finished = finished_classes(run)
    if (run / "manifest.json").exists() and (finished or read_manifest(run).state == COMPLETE):
        opened = Run.open(run, partial=True)
        opened.check_digests()
        assert set(opened.class_numbers) >= finished
        assert all(opened.table("activations", number).num_rows for number in opened.class_numbers)
        assert opened.table("classes").num_rows >= len(opened.class_numbers)


class Stopped:
    """One run directory, of which ingests are stopped one after the other; a new one where the run is complete."""

    def __init__(self, server: IngestServer, place: Path, undisturbed: Run) -> None:
        self._server, self._place, self._undisturbed = server, place, undisturbed
        self.kills: Counter[str] = Counter()
        """How many ingests were killed, by where they were at."""

    def stop(self, stop: Stop, *options: object) -> None:
        """Goes on with the run and stops there, if the ingest comes that far."""
        ended = self._server.run([*COMMAND, *options], self._place, stop)
        if ended.phase:
            assert ended.code == -stop.signal, ended.errors
            self.kills[ended.phase] += 1
        else:
            assert ended.code == 0, ended.errors
        run = self._place / "run"
        check_stopped(run)
        if (run / "manifest.json").exists() and read_manifest(run).state == COMPLETE:
            self.end()

    def end(self) -> None:
        """Goes on to the end; the run is then as one that nothing disturbed, and is taken away."""
        run = self._place / "run"
        ended = self._server.run(COMMAND, self._place)
        assert ended.code == 0, ended.errors
        assert Run.open(run).manifest.tables == self._undisturbed.manifest.tables
        assert Run.open(run).manifest.digest == self._undisturbed.manifest.digest
        assert index_folder(run / PICTURES) == index_folder(self._undisturbed.directory / PICTURES)
        assert not [path for path in run.rglob("*") if path.name.startswith(".") or path.name == "checkpoints"]
        shutil.rmtree(run)


def test_a_kill_in_each_phase_leaves_a_run_that_goes_on_to_the_same_digests(
    server: IngestServer, tiny_place: Path, undisturbed: Run
) -> None:
    stopped = Stopped(server, tiny_place, undisturbed)
    stopped.stop(Stop("manifest", 1))  # the first manifest is written, and not in its place
    stopped.stop(Stop("images", 3))
    stopped.stop(Stop("pictures", 4))
    stopped.stop(Stop("rename", 5))  # a table of the first class is about to be put in its place
    stopped.stop(Stop("rename", 2))
    stopped.stop(Stop("merge", 2))
    stopped.stop(Stop("embedding", 1))
    stopped.stop(Stop("manifest", 2))  # complete, and its checkpoints still lie there
    assert stopped.kills == {"manifest": 2, "images": 1, "pictures": 1, "rename": 2, "merge": 1, "embedding": 1}


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_kills_everywhere_change_nothing(
    server: IngestServer, tiny_place: Path, undisturbed: Run, evidence: Section
) -> None:
    stopped = Stopped(server, tiny_place, undisturbed)
    generator = random.Random(5)
    last = {"images": 6, "pictures": 30, "rename": 12, "manifest": 4, "merge": 3, "embedding": 1}
    for round_ in range(8):
        # Two at points of the test's choice in each phase, one of them a little later; two at random times.
        stops = [Stop(phase, generator.randint(1, last[phase])) for phase in PHASES]
        stops += [Stop(phase, generator.randint(1, last[phase]), generator.uniform(0, 20)) for phase in PHASES]
        stops += [Stop("anywhere", 1, generator.uniform(0, 1500)) for _ in range(2)]
        generator.shuffle(stops)
        for stop in stops:
            stopped.stop(stop, "--workers", 2 * (round_ % 2))
    # What comes a little later, or at a random time, lands where it may: now as many as are missing.
    kills = stopped.kills
    for phase in PHASES:
        for _ in range(10):
            if kills[phase] < 5:
                stopped.stop(Stop(phase))
    stopped.end()
    for phase in (ELSEWHERE, *PHASES):
        evidence.record("Ingests that were killed (SIGKILL)", f"while at: {phase}", kills[phase])
    evidence.record("Ingests that were killed (SIGKILL)", "all, with the digests of an undisturbed run", kills.total())
    print("kills:", dict(kills))
    assert all(kills[phase] >= 5 for phase in PHASES), kills
    assert kills.total() >= 50


def test_a_decoder_that_dies_stops_the_ingest_and_the_same_command_goes_on(
    server: IngestServer, tiny_place: Path, undisturbed: Run
) -> None:
    ended = server.run([*COMMAND, "--workers", "1"], tiny_place, Stop("images", 3, victim="decoders"))
    assert (ended.code, ended.output) == (1, "")
    said = ended.errors.splitlines()[-1]
    assert "a decoder process was killed (SIGKILL) while it read " in said
    assert "the same command goes on at the first class that is not finished" in said
    check_stopped(tiny_place / "run")
    assert server.run(COMMAND, tiny_place).code == 0
    assert Run.open(tiny_place / "run").manifest.digest == undisturbed.manifest.digest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_polite_stop_says_that_the_same_command_goes_on(
    server: IngestServer, tiny_place: Path, undisturbed: Run, number: int, code: int
) -> None:
    ended = server.run([*COMMAND, "--workers", "2"], tiny_place, Stop("images", 4, signal=number))
    assert (ended.code, ended.output) == (code, "")
    assert ended.errors.splitlines()[-1] == (
        "stopped: what is finished lies in run, and the same command goes on from there"
    )
    check_stopped(tiny_place / "run")
    assert server.run(COMMAND, tiny_place).code == 0
    assert Run.open(tiny_place / "run").manifest.digest == undisturbed.manifest.digest


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
