"""Several processes on one ingest: the same digests as one, and a rank that dies leaves a run that goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from summit_graph.run import Run
from tests.ingest.stopped_ingests import COMMAND, IngestServer, Stop
from tests.services.evidence import Section
from tests.services.ports import free_port


def test_ranks_share_the_classes_and_give_the_digests_of_one_process(server: IngestServer, tiny_place: Path) -> None:
    (tiny_place / "images" / "bee" / "003.png").write_text("no image")
    command = [*COMMAND, "--max-bad", "0.1"]
    first, second = server.ranks(2, command, tiny_place)
    assert (first.code, second.code) == (0, 0), first.errors + second.errors
    assert "17 images of 3 classes, 1 skipped" in first.errors
    assert (second.output, second.errors) == ("", "")
    alone = server.run([*command, "--name", "run", "--out", "alone"], tiny_place)
    assert alone.code == 0, alone.errors
    together, one = Run.open(tiny_place / "run"), Run.open(tiny_place / "alone")
    assert together.manifest.tables == one.manifest.tables
    assert together.manifest.digest == one.manifest.digest
    assert together.manifest.skipped == one.manifest.skipped
    assert "complete already" in server.ranks(2, command, tiny_place)[0].errors


@pytest.mark.parametrize("dead", [0, 1])
def test_a_rank_that_dies_leaves_a_run_that_goes_on(
    server: IngestServer, tiny_place: Path, undisturbed: Run, dead: int
) -> None:
    ends = server.ranks(2, COMMAND, tiny_place, Stop("images", 1), stopped=dead)
    assert ends[dead].code == -signal.SIGKILL
    assert ends[1 - dead].code == 1
    assert "another rank has stopped" in ends[1 - dead].errors.splitlines()[-1]
    assert server.run(COMMAND, tiny_place).code == 0
    assert Run.open(tiny_place / "run").manifest.digest == undisturbed.manifest.digest


def test_what_rank_0_refuses_all_refuse(server: IngestServer, tiny_place: Path) -> None:
    (tiny_place / "run").mkdir()
    (tiny_place / "run" / "thesis.tex").write_text("mine")
    ends = server.ranks(2, COMMAND, tiny_place)
    assert [end.code for end in ends] == [1, 1]
    assert all("exists and is no run directory" in end.errors.splitlines()[-1] for end in ends)
    (tiny_place / "run" / "thesis.tex").unlink()
    assert server.run([*COMMAND, "--damping", "0.5"], tiny_place).code == 0
    first, second = server.ranks(2, COMMAND, tiny_place)
    assert (first.code, second.code) == (1, 1)
    refused = first.errors.splitlines()[-1].removeprefix("summit-graph: ")
    assert "damping" in refused
    assert second.errors.splitlines()[-1].endswith(f"rank 0 stopped: {refused}")


def torchrun(tiny_place: Path, *options: object, out: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "torch.distributed.run", *map(str, options), "-m", "summit_graph"]
    words = [str(word) if word != "run" else out for word in COMMAND]
    return subprocess.Popen(
        [*program, *words, "--name", "run"],
        cwd=tiny_place,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@pytest.mark.long
def test_torchrun_gives_the_digests_of_one_process(tiny_place: Path, undisturbed: Run, evidence: Section) -> None:
    topic = "Ranks under torchrun (gloo)"
    port = free_port()
    one_node = torchrun(tiny_place, "--nproc-per-node", 2, "--master-port", port, out="one-node")
    output, errors = one_node.communicate(timeout=600)
    assert one_node.returncode == 0, errors
    assert output.count("\n") == 1
    assert Run.open(tiny_place / "one-node").manifest.digest == undisturbed.manifest.digest
    evidence.record(topic, "2 ranks of one launcher: digest equals one process's", "yes")

    common = ("--nnodes", 2, "--nproc-per-node", 1, "--master-addr", "127.0.0.1", "--master-port", free_port())
    nodes = [torchrun(tiny_place, *common, "--node-rank", rank, out="two-nodes") for rank in (0, 1)]
    said = [node.communicate(timeout=600)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], said
    assert Run.open(tiny_place / "two-nodes").manifest.digest == undisturbed.manifest.digest
    evidence.record(topic, "two launchers on the loopback, 1 rank each: digest equals one process's", "yes")
    shutil.rmtree(tiny_place / "one-node")
