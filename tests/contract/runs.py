"""The runs that the contract is held on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pytest

from summit_graph.run import Run
from tests.contract.oracle import Oracle
from tests.runs import make_run

RUNS = ("small", "countless", "wide", "demo", "resnet", "published")
SCOPES: Mapping[str, Literal["selected", "all"]] = {
    "small": "all",
    "countless": "all",
    "wide": "all",
    "demo": "all",
    "resnet": "selected",
    "published": "selected",
}
"""What is loaded of each run; unselected activations are there in any case, but in published data."""
WIDE = {"stem": 9, "blocks.0": 12, "blocks.1": 12, "blocks.2": 12, "blocks.3": 9}


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, small_run: Run, countless_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Run]:
    """Every run of `RUNS` that can be made on this machine."""
    directory = tmp_path_factory.mktemp("runs") / "wide"
    wide = make_run(
        directory, run="wide", seed=3, edge_share=0.2, layers=WIDE, classes=[f"class {n}" for n in range(9)]
    )
    made = {"small": small_run, "countless": countless_run, "wide": wide}
    for name in ("demo", "resnet", "published"):
        try:
            made[name] = request.getfixturevalue(f"{name}_run")
        except pytest.skip.Exception:
            continue
    return made


@pytest.fixture(scope="session")
def oracles(runs: Mapping[str, Run]) -> dict[str, Oracle]:
    """The oracle of each run, by the name that the tests give it."""
    return {name: Oracle(run, SCOPES[name]) for name, run in runs.items()}
