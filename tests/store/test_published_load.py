"""Summit's published graphs into both engines: how long it takes with its verification, and beside a bare writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.load_cost import embedded_ratio, neo4j_ratio
from benchmarks.ratio import Ratio
from summit_graph.exchange.summit_import import import_summit
from summit_graph.rows import GraphRows
from summit_graph.run import Run
from summit_graph.store.staging import Staged, stage
from tests.services.evidence import Section
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_server import Neo4jServer, running_neo4j, temporary_home

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
TOPIC = "Loads of Summit's published graphs, with their verification"


@pytest.fixture(scope="module")
def published(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Staged]:
    """The run, and its rows in files."""
    data, folder = shared / "data" / "summit-published", tmp_path_factory.mktemp("published")
    import_summit(data / "attribution-graphs.zip", folder / "run", classes=data / "classes.csv", images_per_class=None)
    (folder / "rows").mkdir()
    run = Run.open(folder / "run")
    return run, stage(GraphRows(run), folder / "rows")


def record(evidence: Section, ratio: Ratio) -> None:
    said = f"{ratio.measured_ms / 1000:.1f} s, {ratio.value:.2f} times {ratio.yardstick}"
    print(f"{ratio.measured}: {said}")
    evidence.record(TOPIC, ratio.measured, said)


def test_the_embedded_load_beside_copy_alone(published: tuple[Run, Staged], tmp_path: Path, evidence: Section) -> None:
    ratio = embedded_ratio(*published, tmp_path)
    record(evidence, ratio)
    assert ratio.value <= 2 * 3, "3 is the aim; other work on the machine makes more of it"


def test_the_neo4j_load_beside_unwind_alone(
    published: tuple[Run, Staged], monkeypatch: pytest.MonkeyPatch, evidence: Section
) -> None:
    with own_server(monkeypatch) as server:
        ratio = neo4j_ratio(*published, server)
    record(evidence, ratio)
    assert ratio.value <= 2 * 1.5, "1.5 is the aim; other work on the machine makes more of it"


@contextmanager
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neo4jServer]:
    """A server with memory for it, and the environment that opens it."""
    with temporary_home() as home:
        try:
            with running_neo4j(Path(home), heap_mb=1024, page_cache_mb=512) as server:
                for name, value in server.environment.items():
                    monkeypatch.setenv(name, value)
                yield server
        except ToolMissing as missing:
            skip_or_fail(str(missing))
