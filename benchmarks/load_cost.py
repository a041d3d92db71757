"""What a load costs, with its checks and its reading back, beside a bare writer of the same rows."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import neo4j

from benchmarks.bare_writers import copy_ms, unwind_ms
from benchmarks.query_cost import a_run
from benchmarks.ratio import Ratio, milliseconds
from summit_graph import settings
from summit_graph.rows import GraphRows
from summit_graph.run import Run
from summit_graph.store import open_store
from summit_graph.store.staging import Staged, stage
from tests.services.missing import ToolMissing
from tests.services.neo4j_server import Neo4jServer, running_neo4j, temporary_home

EMBEDDED_ROUNDS = 5
NEO4J_ROUNDS = 2


def ratios() -> Iterator[Ratio]:
    """For each engine: a load against COPY or UNWIND alone, in turn, after one of each that does not count."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        run = a_run(Path(folder))
        rows = Path(folder) / "rows"
        rows.mkdir()
        staged = stage(GraphRows(run), rows)
        yield embedded_ratio(run, staged, Path(folder))
        try:
            with temporary_home() as home, running_neo4j(Path(home), heap_mb=1024, page_cache_mb=512) as server:
                yield neo4j_ratio(run, staged, server)
        except ToolMissing as missing:
            print(f"no Neo4j to compare with: {missing}", file=sys.stderr)


def embedded_ratio(run: Run, staged: Staged, folder: Path) -> Ratio:
    """Into a file that is not there yet, each time."""
    file, bare = folder / "load.lbug", folder / "bare.lbug"

    def load_ms() -> float:
        file.unlink(missing_ok=True)
        with closing(open_store(str(file), must_exist=False)) as store:
            return milliseconds(lambda: store.load(run))

    pairs = [(load_ms(), copy_ms(staged, bare, settings.number("buffer_pool_mb"))) for _ in range(1 + EMBEDDED_ROUNDS)]
    return _ratio("embedded", staged, "COPY alone", pairs)


def neo4j_ratio(run: Run, staged: Staged, server: Neo4jServer) -> Ratio:
    """Into an empty database with the constraints, each time; emptying it is not in the time."""
    os.environ.update(server.environment)
    auth = (server.user, server.password)
    pairs = []
    with closing(open_store(server.url)) as store, neo4j.GraphDatabase.driver(server.url, auth=auth) as driver:
        for _ in range(1 + NEO4J_ROUNDS):
            load_ms = milliseconds(lambda: store.load(run))
            store.delete_run(run.manifest.run)
            bare_ms = unwind_ms(staged, driver, server.database)
            store.delete_run(run.manifest.run)
            pairs.append((load_ms, bare_ms))
    return _ratio("neo4j", staged, "UNWIND alone", pairs)


def _ratio(engine: str, staged: Staged, yardstick: str, pairs: list[tuple[float, float]]) -> Ratio:
    """Medians of all pairs but the first."""
    load_ms, bare_ms = (statistics.median(column) for column in zip(*pairs[1:], strict=True))
    rows = sum(staged.counts.values())
    return Ratio(f"{engine}: load, {rows:,} rows, read back", f"{engine}: {yardstick}", load_ms, bare_ms)
