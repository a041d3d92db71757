"""The demo's run: a trained model on real images through the real ingest."""

from __future__ import annotations

from pathlib import Path

import pytest

from summit_graph.run import Run
from tests.kept_run import kept


@pytest.fixture(scope="session")
def demo_run() -> Run:
    """The run "digits": 10 classes, 5 layers, 144 neurons, predictions; read only."""
    return Run.open(kept_demo() / "run")


def kept_demo() -> Path:
    """The folder of a demo: weights, images and run."""
    return kept("demo", _make)


def _make(directory: Path) -> None:
    pytest.importorskip("torch", reason="the demo's run needs torch: pip install 'summit-graph[ingest]'")
    from ingest.demo.run import make_run

    make_run(directory, lambda line: None, quiet=True)
