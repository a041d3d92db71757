"""Exports of ten million edges: their memory does not grow with the graph."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.scale_run import LARGE, make_scale_run
from tests.services.evidence import Section

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

LIMIT_MB = 500
LEAST_EDGES = 9_900_000

CHILD = """
import atexit, resource, sys
from summit_graph.cli import main
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr))
main()
"""
"""The command, and then the most memory that it had, in MB."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated run of 1,000 classes and ten million edges."""
    run = make_scale_run(tmp_path_factory.mktemp("large") / "run", LARGE)
    assert sum(run.table("influences", number).num_rows for number in run.class_numbers) >= LEAST_EDGES
    return run.directory


@pytest.mark.parametrize("kind", ["node-link", "graphml", "summit"])
def test_ten_million_edges_are_exported_in_500_mb(large: Path, tmp_path: Path, kind: str, evidence: Section) -> None:
    out = tmp_path / "out"
    started = time.perf_counter()
    words = ["export", kind, str(large), "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", CHILD, *words], capture_output=True, text=True)
    took = time.perf_counter() - started
    assert done.returncode == 0, done.stderr[-500:]
    peak_mb = int(done.stderr.split()[-1])
    size = sum(path.stat().st_size for path in ([out] if out.is_file() else out.rglob("*")) if path.is_file())
    assert size > LEAST_EDGES * 10
    evidence.record("Exports", f"{kind}, 10 M edges", f"{peak_mb} MB of memory, {size / 1e6:,.0f} MB in {took:.0f} s")
    assert peak_mb < LIMIT_MB
