"""The demo's run: a trained model on real images through the real ingest, made once and kept until its code changes."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

from summit_graph.run import Run

PROJECT = Path(__file__).resolve().parents[1]


def code_digest() -> str:
    """SHA-256 of everything the run is computed by: the room ingest, and the run directory's own files."""
    digest = hashlib.sha256()
    for folder in ("ingest", "summit_graph/run"):
        for source in sorted((PROJECT / folder).rglob("*.py")):
            digest.update(f"{source.relative_to(PROJECT)}\0".encode() + source.read_bytes())
    return digest.hexdigest()


def kept_demo() -> Path:
    """The folder of a demo made by the code as it is: weights, images and run; made now if it is not there."""
    builds = PROJECT / "build"
    place = builds / f"demo-{code_digest()[:16]}"
    if not place.is_dir():
        pytest.importorskip("torch", reason="the demo's run needs torch: pip install 'summit-graph[ingest]'")
        from ingest.demo.run import make_run

        builds.mkdir(exist_ok=True)
        _remove_yesterdays(builds)
        unfinished = Path(mkdtemp(prefix="unfinished-demo-", dir=builds))
        try:
            make_run(unfinished, lambda line: None, quiet=True)
            unfinished.rename(place)
        except OSError:
            # Another test session was faster; its demo is the same.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _remove_yesterdays(builds: Path) -> None:
    """Demos of code that has changed since; those of today may be in use by another session."""
    for older in builds.glob("*demo-*"):
        if time.time() - older.stat().st_mtime > 24 * 3600:
            shutil.rmtree(older, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_run() -> Run:
    """The run "digits": 10 classes, 5 layers, 144 neurons, predictions; read only."""
    return Run.open(kept_demo() / "run")
