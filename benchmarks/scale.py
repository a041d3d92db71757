"""`make bench-scale`: loads and questions at two sizes, on both engines; half an hour, and 10 GB of disk meanwhile.

`PARTS="embedded imported bolt"` takes some of what follows; `whole-bolt`, over an hour, only where it is named.

1. Two runs of 1,000 classes are generated, with 0.2 M and 10 M edges in their classes' graphs (`benchmarks.scale_run`).
2. The command loads each into an embedded file; COPY alone does the same.
3. Each is imported into a Neo4j of its own by `neo4j-admin`, then given constraints and read back by `load`.
4. A tenth of the large one is loaded over Bolt, beside UNWIND alone.
   `whole-bolt`: all of it, by a loader that is killed in the middle and begun again.
5. Questions with the same answers are asked of both sizes, beside the engine's own call; of the embedded one by several
   threads; and then again and again with other parameters, against the run directory.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import neo4j

import summit_graph
from benchmarks.bare_writers import copy_ms, unwind_ms
from benchmarks.machine import PROJECT, this_machine
from benchmarks.query_cost import Bare, bare_embedded, bare_neo4j
from benchmarks.scale_questions import costs, questions_per_second, wrong_answers
from benchmarks.scale_run import CLASSES, LARGE, SMALL, make_scale_run
from summit_graph import settings
from summit_graph.exchange.neo4j_admin import export_neo4j_admin
from summit_graph.graph import Graph
from summit_graph.rows import GraphRows
from summit_graph.run import Run
from summit_graph.store import open_store
from summit_graph.store.neo4j.area import create_schema
from summit_graph.store.neo4j.server import Server
from summit_graph.store.staging import Staged, stage
from tests.services.missing import ToolMissing
from tests.services.neo4j_admin import run_admin_tool
from tests.services.neo4j_server import Neo4jServer, running_neo4j, write_configuration
from tests.services.ports import free_port

SIZES = (SMALL, LARGE)
USUAL = ("embedded", "imported", "bolt")
WHOLE_BOLT = "whole-bolt"
BOLT_CLASSES = CLASSES // 10
HEAP_MB = 2_048
PAGE_CACHE_MB = 3_072


def main() -> int:
    """Measures and prints the parts named on the command line, or those that do not take an hour."""
    parts = set(sys.argv[1:] or USUAL)
    if unknown := parts.difference(USUAL, {WHOLE_BOLT}):
        print(f"no part {min(unknown)!r}; the parts are: {', '.join((*USUAL, WHOLE_BOLT))}", file=sys.stderr)
        return 2
    print("\n".join(this_machine().lines()) + "\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="summit-scale-") as name:
        folder = Path(name)
        runs = []
        if parts & {"embedded", "imported"}:
            runs = [make_scale_run(folder / f"run-{size.name.split()[0]}", size) for size in SIZES]
        if "embedded" in parts:
            embedded(runs, folder)
        try:
            if "imported" in parts:
                imported(runs, folder)
            if "bolt" in parts:
                over_bolt(make_scale_run(folder / "run-tenth", LARGE, BOLT_CLASSES), folder, load_by_command)
            if WHOLE_BOLT in parts:
                over_bolt(make_scale_run(folder / "run-whole", LARGE), folder, load_after_a_kill)
        except ToolMissing as missing:
            print(f"no Neo4j: {missing}")
    return 0


def embedded(runs: list[Run], folder: Path) -> None:
    """Loads by the command beside COPY alone, and questions."""
    with ExitStack() as opened:
        sizes = []
        for run in runs:
            path = folder / f"{run.directory.name}.lbug"
            taken_s, peak_mb = load_by_command(run, str(path))
            staged = staged_rows(run, folder)
            bare_s = copy_ms(staged, folder / "bare.lbug", settings.number("buffer_pool_mb")) / 1000
            say(
                f"embedded: load of {rows(staged):,} rows, {run.manifest.dataset} FEEDS: {taken_s:.1f} s, peak "
                f"{peak_mb:,.0f} MiB, {path.stat().st_size / 2**20:,.0f} MiB of file; {taken_s / bare_s:.2f} times COPY"
            )
            sizes.append((opened.enter_context(summit_graph.connect(path)), opened.enter_context(bare_embedded(path))))
        questions("embedded", sizes, runs)
        for threads, each_second in questions_per_second(sizes[-1][0]).items():
            say(f"embedded: {each_second:,.0f} questions a second from {threads} threads")


def imported(runs: list[Run], folder: Path) -> None:
    """Loads by neo4j-admin, read back by the command's load, and questions."""
    with ExitStack() as opened:
        sizes = []
        for run in runs:
            home = folder / f"{run.directory.name}-neo4j"
            import_run(run, home, folder / f"{run.directory.name}-admin")
            server = opened.enter_context(running_neo4j(home, heap_mb=HEAP_MB, page_cache_mb=PAGE_CACHE_MB))
            os.environ.update(server.environment)
            read_back(run, server)
            graph = opened.enter_context(summit_graph.connect(server.url))
            sizes.append((graph, opened.enter_context(bare_neo4j(server))))
        questions("neo4j", sizes, runs)


def import_run(run: Run, home: Path, files: Path) -> None:
    """Writes a run's files and lets Neo4j's tool make a database of them."""
    begin = time.perf_counter()
    export = export_neo4j_admin(run, files, progress=lambda line: None)
    exported = time.perf_counter()
    write_configuration(home, free_port(), PAGE_CACHE_MB)
    tool = run_admin_tool(export.command, home, HEAP_MB)
    if tool.returncode:
        raise RuntimeError(tool.stdout[-2000:] + tool.stderr[-2000:])
    say(
        f"neo4j: {run.manifest.dataset} FEEDS: export neo4j-admin {exported - begin:.1f} s, "
        f"import {time.perf_counter() - exported:.1f} s"
    )


def read_back(run: Run, server: Neo4jServer) -> None:
    """Gives what was imported its constraints, and compares it with the run."""
    begins: dict[str, float] = {}

    def note(line: str) -> None:
        begins[line.split()[0]] = time.perf_counter()

    with closing(open_store(server.url)) as store:
        begin = time.perf_counter()
        store.load(run, progress=note)
    compared = begins["making"] - begins["reading"]
    say(f"  constraints and the run read again {begins['reading'] - begin:.1f} s, compared in {compared:.1f} s")


def over_bolt(run: Run, folder: Path, load: Callable[[Run, str], tuple[float, float]]) -> None:
    """A load over Bolt beside UNWIND alone, each into a fresh database with the constraints."""
    staged = staged_rows(run, folder)
    with fresh_neo4j(folder / "bolt-neo4j") as server:
        taken_s, peak_mb = load(run, server.url)
        say(f"neo4j: {rows(staged):,} rows over Bolt: {taken_s:.1f} s, peak {peak_mb:,.0f} MiB")
    with fresh_neo4j(folder / "bare-neo4j") as server:
        with neo4j.GraphDatabase.driver(server.url, auth=(server.user, server.password)) as driver:
            bare_s = unwind_ms(staged, driver, server.database) / 1000
    say(f"  {taken_s / bare_s:.2f} times UNWIND alone ({bare_s:.1f} s, {rows(staged) / bare_s:,.0f} rows a second)")


def questions(engine: str, sizes: list[tuple[Graph, Bare]], runs: list[Run]) -> None:
    """Equal answers at both sizes, then repeated ones."""
    for cost in costs(*sizes):
        say(f"{engine}: {cost.line()}")
    for (graph, _), run in zip(sizes, runs, strict=True):
        wrong, asked = wrong_answers(graph, run)
        say(f"{engine}: {run.manifest.dataset} FEEDS: {wrong} wrong of {asked} answers, repeated with other parameters")


def load_by_command(run: Run, place: str) -> tuple[float, float]:
    """Seconds that `summit-graph load` takes, from its start to its end, and its largest memory in MiB."""
    begin = time.perf_counter()
    loader = loading(run, place)
    assert loader.stderr is not None
    said = loader.stderr.read()
    peak_mb = ended(loader)
    if loader.returncode:
        raise RuntimeError(f"the load ended with {loader.returncode}: {said[-2000:]}")
    return time.perf_counter() - begin, peak_mb


def load_after_a_kill(run: Run, place: str) -> tuple[float, float]:
    """The same of two loads together: the first is killed, by kill -9, among the relationships of the largest type."""
    begin = time.perf_counter()
    loader = loading(run, place)
    assert loader.stderr is not None
    for line in loader.stderr:
        if (found := re.search(r"FEEDS, ([\d,]+) of ([\d,]+) rows", line)) and number(found[1]) > number(found[2]) / 2:
            say(f"  killed after {time.perf_counter() - begin:.1f} s: {line.strip()}")
            loader.kill()
            break
    else:
        raise RuntimeError("the load ended before it was killed")
    killed_mb = ended(loader)
    _, peak_mb = load_by_command(run, place)
    return time.perf_counter() - begin, max(killed_mb, peak_mb)


def loading(run: Run, place: str) -> subprocess.Popen[str]:
    """The command, which has begun."""
    words = [sys.executable, "-m", "summit_graph", "load", str(run.directory), "--db", place]
    return subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ended(loader: subprocess.Popen[str]) -> float:
    """Waits for its end; its largest memory in MiB."""
    _, status, used = os.wait4(loader.pid, 0)
    loader.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_maxrss / 1024


def number(said: str) -> int:
    """A number with commas."""
    return int(said.replace(",", ""))


def staged_rows(run: Run, folder: Path) -> Staged:
    """A run's rows in Parquet files, as the yardsticks take them."""
    staged_at = folder / f"{run.directory.name}-rows"
    staged_at.mkdir()
    return stage(GraphRows(run), staged_at)


@contextmanager
def fresh_neo4j(home: Path) -> Iterator[Neo4jServer]:
    """An empty server with our constraints, and the environment that opens it."""
    with running_neo4j(home, heap_mb=HEAP_MB, page_cache_mb=PAGE_CACHE_MB) as server:
        os.environ.update(server.environment)
        with closing(Server(server.url)) as connected:
            create_schema(connected)
        yield server


def rows(staged: Staged) -> int:
    """Of all labels and relationship types."""
    return sum(staged.counts.values())


def say(line: str) -> None:
    """One line of the report, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
