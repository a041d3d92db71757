"""`summit-graph load`, `runs`, `delete-run` and `doctor`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from summit_graph.run import Run


def summit_graph(*words: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "summit_graph", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=directory, timeout=120, check=False)


def test_a_run_is_loaded_listed_and_removed(tmp_path: Path, small_run: Run) -> None:
    loaded = summit_graph("load", str(small_run.directory), "--db", "g.lbug", directory=tmp_path)
    assert loaded.returncode == 0, loaded.stderr
    counts = dict(line.split("\t") for line in loaded.stdout.splitlines())
    assert counts["Class"] == "6"
    assert counts["FEEDS"] == "40"
    assert "verified" in loaded.stderr

    again = summit_graph("load", str(small_run.directory), "--db", "g.lbug", directory=tmp_path)
    assert (again.returncode, again.stdout) == (0, loaded.stdout)
    assert "already: nothing was changed" in again.stderr

    listed = summit_graph("runs", "--db", "g.lbug", "--format", "json", directory=tmp_path)
    assert [row["run"] for row in json.loads(listed.stdout)] == ["small"]
    assert "small" in summit_graph("runs", "--db", "g.lbug", directory=tmp_path).stdout

    healthy = summit_graph("doctor", "--db", "g.lbug", directory=tmp_path)
    assert healthy.returncode == 0
    assert "small (ready, 6 classes)" in healthy.stdout

    wrong = summit_graph("delete-run", "nosuch", "--db", "g.lbug", directory=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.endswith("has no run 'nosuch': the nearest is small\n")
    assert summit_graph("delete-run", "small", "--db", "g.lbug", directory=tmp_path).returncode == 0
    assert json.loads(summit_graph("runs", "--db", "g.lbug", "--format", "json", directory=tmp_path).stdout) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["load", "nowhere", "--db", "g.lbug"], "no run directory"),
        (["runs", "--db", "g.lbug"], "load a run first"),
        (["delete-run", "x", "--db", "g.lbug"], "load a run first"),
        (["load", "RUN", "--db", "ftp://x"], "bolt://"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path: Path, small_run: Run, words: list[str], said: str) -> None:
    words = [str(small_run.directory) if word == "RUN" else word for word in words]
    failed = summit_graph(*words, directory=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert said in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_where_the_store_does_not_answer(tmp_path: Path) -> None:
    failed = summit_graph("doctor", "--db", "bolt://127.0.0.1:9", directory=tmp_path)
    assert failed.returncode == 1
    assert "does not answer" in failed.stdout


def test_a_wrong_scope_is_wrong_usage(tmp_path: Path) -> None:
    assert summit_graph("load", "x", "--scope", "some", directory=tmp_path).returncode == 2
