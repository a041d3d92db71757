"""The demo's command: it prints what the run holds, what it proposes to type works, and nothing is done twice."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from summit_graph.cli import app
from summit_graph.run import Run
from tests.demo_run import kept_demo


@dataclass(frozen=True)
class Printed:
    """A demo whose run was made before, loaded and reported by the command."""

    directory: Path
    result: str
    progress: str

    def section(self, number: int) -> list[str]:
        """The lines of a numbered section, without its heading."""
        parts = re.split(r"^\d\. .*$", self.result, flags=re.MULTILINE)
        return parts[number].splitlines()


def run_demo(directory: Path) -> Printed:
    outcome = CliRunner().invoke(app, ["demo", str(directory)], catch_exceptions=False)
    assert outcome.exit_code == 0
    return Printed(directory, outcome.stdout, outcome.stderr)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    directory = tmp_path_factory.mktemp("demo") / "demo"
    shutil.copytree(kept_demo(), directory)
    return run_demo(directory)


class Tables:
    """What a run holds, read from its tables with plain loops."""

    def __init__(self, run: Run) -> None:
        layers = [layer.name for layer in run.manifest.layers]
        self.classes = {row["class"]: row for row in run.table("classes").to_pylist()}
        self.neuron = {
            row["neuron"]: f"{layers[row['layer_index']]}/{row['channel']}" for row in run.table("neurons").to_pylist()
        }
        self.order = {
            f"{layers[row['layer_index']]}/{row['channel']}": (-row["layer_index"], row["channel"])
            for row in run.table("neurons").to_pylist()
        }
        self.run = run

    def counts(self, number: int) -> dict[str, int]:
        rows = self.run.table("activations", number).to_pylist()
        return {self.neuron[row["neuron"]]: row["count"] for row in rows if row["selected"]}

    def edges(self, number: int) -> dict[tuple[str, str], int]:
        rows = self.run.table("influences", number).to_pylist()
        return {
            (self.neuron[row["source"]], self.neuron[row["target"]]): row["count"] for row in rows if row["selected"]
        }


@pytest.fixture(scope="module")
def tables(demo_run: Run) -> Tables:
    return Tables(demo_run)


def test_the_model_reads_at_least_95_of_100_digits_that_it_was_not_trained_on(printed: Printed, tables: Tables) -> None:
    images = sum(row["images"] for row in tables.classes.values())
    correct = sum(row["correct"] for row in tables.classes.values())
    assert images == 896
    assert correct / images >= 0.95
    assert f"accuracy  {correct / images:.1%}: right on {correct} of {images} digits" in printed.result


def test_every_kind_of_connection_occurs_in_the_run(demo_run: Run) -> None:
    """A branch behind a reduction, a sum's both sides, a channel that is passed on, a plain convolution."""
    hops = {
        (row["target_tensor"], row["source_tensor"])
        for row in demo_run.table("hops", 3).select(["target_tensor", "source_tensor"]).to_pylist()
    }
    assert {
        ("inception", "stem"),
        ("inception", "inception.reduce.0"),
        ("residual", "inception"),
        ("residual", "residual.first.0"),
        ("shuffle", "residual"),
        ("shuffle", "shuffle.branch.1.0"),
        ("head", "shuffle"),
    } <= hops


def test_the_drawn_graph_holds_each_selected_neuron_in_its_layer_and_the_strongest_edges(
    printed: Printed, tables: Tables
) -> None:
    counts, edges = tables.counts(3), tables.edges(3)
    drawn: dict[str, int] = {}
    fed: dict[tuple[str, str], int] = {}
    layers = []
    for line in printed.section(1):
        if match := re.match(r"  (\w+) +(( ?\d+ [▁▂▃▄▅▆▇█] \d+ *)+)$", line):
            layers.append(match[1])
            drawn |= {f"{match[1]}/{cell[0]}": int(cell[1]) for cell in re.findall(r"(\d+) [▁▂▃▄▅▆▇█] (\d+)", match[2])}
        elif match := re.match(r" +│ +(\d+) ← (.*)$", line):
            target = f"{layers[-1]}/{match[1]}"
            fed |= {(source, target): int(count) for source, count in re.findall(r"(\w+/\d+) (\d+)", match[2])}
    assert layers == ["head", "shuffle", "residual", "inception", "stem"]
    assert drawn == counts
    assert f"{len(counts)} neurons and {len(edges)} edges" in printed.result
    for target in counts:
        inputs = sorted(count for edge, count in edges.items() if edge[1] == target)
        assert sorted(count for edge, count in fed.items() if edge[1] == target) == inputs[-3:]
    assert fed.items() <= edges.items()


def test_the_shared_neurons_are_those_of_both_classes_by_their_weaker_share(printed: Printed, tables: Tables) -> None:
    shares = [
        {neuron: count / tables.classes[number]["images"] for neuron, count in tables.counts(number).items()}
        for number in (3, 8)
    ]
    shared = sorted(
        shares[0].keys() & shares[1].keys(),
        key=lambda neuron: (-min(shares[0][neuron], shares[1][neuron]), tables.order[neuron]),
    )
    assert len(shared) >= 3
    listed = [match for line in printed.section(2) if (match := re.match(r"  (\w+/\d+) .*?(\d+)% .*?(\d+)%$", line))]
    assert [match[1] for match in listed] == shared
    assert [(match[2], match[3]) for match in listed] == [
        (f"{shares[0][neuron]:.0%}"[:-1], f"{shares[1][neuron]:.0%}"[:-1]) for neuron in shared
    ]


def test_each_printed_meeting_is_a_walk_along_edges_of_both_classes_as_strong_as_its_weakest(
    printed: Printed, tables: Tables
) -> None:
    found = [match for line in printed.section(3) if (match := re.match(r"  +(\d+)%   (\S+/\d+ .*)$", line))]
    assert found
    for match in found:
        down, *up = match[2].split(" ↑ ")
        upper = down.split(" ↓ ")
        lower = [upper[-1], *up]
        four = [tables.edges(4)[edge] / 90 for edge in pairwise(reversed(upper))]
        nine = [tables.edges(9)[edge] / 90 for edge in pairwise(lower)]
        assert f"{min(four + nine):.0%}" == f"{match[1]}%"
    assert tables.classes[4]["images"] == tables.classes[9]["images"] == 90


def test_every_command_that_it_proposes_works(printed: Printed) -> None:
    proposed = [line.strip() for line in printed.result.splitlines() if line.strip().startswith("summit-graph ")]
    queries = [line for line in proposed if " query " in line]
    assert len(queries) == 4
    for line in queries:
        outcome = CliRunner().invoke(app, [*shlex.split(line)[1:], "--format", "json"], catch_exceptions=False)
        assert outcome.exit_code == 0, line
        assert "neuron" in outcome.stdout or "source" in outcome.stdout
    for line in set(proposed) - set(queries):
        arguments = [word for word in shlex.split(line)[1:] if word != "--help"]
        outcome = CliRunner().invoke(app, [arguments[0], "--help"], catch_exceptions=False)
        assert outcome.exit_code == 0, line


def test_a_second_run_reuses_what_is_there_says_so_and_prints_the_same(printed: Printed) -> None:
    before = {path: path.stat().st_mtime_ns for path in printed.directory.rglob("*") if path.is_file()}
    started = time.monotonic()
    again = run_demo(printed.directory)
    assert time.monotonic() - started < 60
    assert again.result == printed.result
    assert "reusing the run" in again.progress
    assert "reusing the graph" in again.progress
    assert {path: path.stat().st_mtime_ns for path in printed.directory.rglob("*") if path.is_file()} == before


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = subprocess.run(
        [sys.executable, "-m", "summit_graph", "demo", str(tmp_path / "file" / "demo")], capture_output=True, text=True
    )
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr.splitlines() == [f"summit-graph: cannot write {tmp_path / 'file' / 'demo'}: Not a directory"]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_demo_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path, demo_run: Run) -> None:
    """Killed while it trains, when the images are written, when the first class is finished, and while it loads."""
    directory, log = tmp_path / "demo", tmp_path / "log"
    command = [sys.executable, "-m", "summit_graph", "demo", str(directory)]
    phases: dict[str, Callable[[], bool]] = {
        "training": lambda: "epoch 2" in log.read_text(),
        "images": lambda: any(directory.glob("images.unfinished/*/*")),
        "classes": lambda: any(directory.glob("run/checkpoints/[0-9]*.json")),
        "load": lambda: any(directory.glob(".demo.lbug.loading/*")),
    }
    for phase, reached in phases.items():
        with log.open("w") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        deadline = time.monotonic() + 400
        while not reached() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL, f"{phase}: {log.read_text()}"
        assert reached(), phase
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "accuracy" in outcome.stdout
    run = Run.open(directory / "run")
    # The weights file's place is a parameter, so the runs' digests differ; the tables are the same.
    assert run.manifest.tables == demo_run.manifest.tables
