"""The example notebook runs on the demo's graph, and shows what it showed when it was written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from summit_graph.run import Run
from summit_graph.store import open_store
from tests.house.sources import PROJECT
from tests.notebook.cells import read_notebook, run_cells

NOTEBOOK = PROJECT / "docs" / "notebook" / "digits.ipynb"

pytest.importorskip("pandas", reason="pandas is not installed: pip install 'summit-graph[notebook]'")


def shown(output: dict[str, Any], kind: str) -> str:
    return "".join(output.get("data", {}).get(kind, ""))


def shape(output: dict[str, Any]) -> tuple[Any, ...]:
    """What of an output is the same wherever the demo's network was trained: its kinds and its columns."""
    html = shown(output, "text/html")
    return output["output_type"], sorted(output.get("data", {})), re.findall(r"<th>([a-z_]\w*)</th>", html)


def test_every_cell_runs_and_shows_what_is_written(demo_run: Run, tmp_path: Path) -> None:
    database = tmp_path / "demo.lbug"
    store = open_store(str(database), must_exist=False)
    store.load(demo_run)
    store.close()
    notebook = read_notebook(NOTEBOOK)
    written = [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outputs = run_cells(notebook, {"database": str(database)})
    assert [list(map(shape, cell)) for cell in outputs] == [list(map(shape, cell)) for cell in written]
    assert sum(bool(shown(output, "text/html")) for cell in outputs for output in cell) >= 4
    [drawing] = [svg for cell in outputs for output in cell if (svg := shown(output, "image/svg+xml"))]
    nodes = [part for part in ElementTree.fromstring(drawing).iter() if part.get("class") == "node"]
    assert len(nodes) > 10


def test_a_notebook_is_of_the_format_that_jupyter_reads() -> None:
    notebook = read_notebook(NOTEBOOK)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert cell["cell_type"] in {"code", "markdown"}
        needed = {"id", "cell_type", "metadata", "source"}
        if cell["cell_type"] == "code":
            needed |= {"execution_count", "outputs"}
        assert set(cell) == needed


def test_a_cell_that_fails_fails_the_run() -> None:
    notebook = {"cells": [{"cell_type": "code", "source": ["value = 1\n", "value / zero"]}]}
    with pytest.raises(ZeroDivisionError):
        run_cells(notebook, {"zero": 0})
    assert run_cells({"cells": [{"cell_type": "code", "source": ["zero = 0\n", "1 / zero"]}]}, {"zero": 2}) == [
        [{"output_type": "execute_result", "data": {"text/plain": "0.5"}, "metadata": {}}]
    ]
