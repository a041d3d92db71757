"""Summit's published graphs, imported once a session: the largest real graphs that the tests have."""

from __future__ import annotations

from pathlib import Path

import pytest

from summit_graph.exchange.summit_import import import_summit
from summit_graph.run import Run


@pytest.fixture(scope="session")
def published_files(shared: Path) -> Path:
    """The folder with attribution-graphs.zip and classes.csv."""
    folder = shared / "data" / "summit-published"
    if not (folder / "attribution-graphs.zip").is_file():
        pytest.skip(f"no published graphs: {folder / 'attribution-graphs.zip'} is missing")
    return folder


@pytest.fixture(scope="session")
def published_run(published_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All 1,000 classes as a run; images unknown."""
    directory = tmp_path_factory.mktemp("published") / "run"
    import_summit(published_files / "attribution-graphs.zip", directory, classes=published_files / "classes.csv")
    return Run.open(directory)
