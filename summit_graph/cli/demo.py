"""`summit-graph demo`: a small real model on real images through every room, offline."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer()


@group.command("demo")
def demo(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where everything is kept.")] = Path("demo"),
) -> None:
    """Train a small classifier of handwritten digits, ingest it, load it, and show what the graph answers.

    It needs no network, no database and no GPU. A second run reuses what is there.
    """
    started = time.monotonic()
    _prepare_run(directory)
    database = directory / "demo.lbug"
    _load(directory / "run", database)

    # Imported when called, so that `summit-graph --help` waits neither for Arrow nor for the engine.
    import summit_graph
    from summit_graph.demo_report import report

    with summit_graph.connect(database) as graph:
        for line in report(lambda name, **parameters: graph.query(name, **parameters).rows, _program(), str(database)):
            typer.echo(line)
    _say(f"done in {time.monotonic() - started:.0f} s; everything is in {directory}")


def _prepare_run(directory: Path) -> None:
    """Makes the run, unless a complete one is there; then torch is not needed."""
    from summit_graph.errors import SummitError
    from summit_graph.run.manifest import COMPLETE, FILE_NAME, read_manifest

    run = directory / "run"
    if (run / FILE_NAME).exists() and read_manifest(run).state == COMPLETE:
        _say(f"reusing the run in {run}: remove {directory} to start anew")
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SummitError(f"cannot write {directory}: {error.strerror}") from None
    _say(f"making a run in {run}: about a minute, the first time")
    try:
        from ingest.demo.run import make_run
    except ModuleNotFoundError as error:
        raise SummitError(f"the demo needs {error.name}: pip install 'summit-graph[ingest]'") from None
    make_run(directory, _say)


def _load(run: Path, database: Path) -> None:
    from summit_graph.loading import load_run
    from summit_graph.run import Run

    report = load_run(Run.open(run), str(database))
    if report.already_loaded:
        _say(f"reusing the graph in {database}")
    else:
        _say(f"loaded {sum(report.counts.values()):,} rows into {database}, read back and compared")


def _program() -> str:
    """What a user types to call this program: in a virtual environment that is not activated, its path."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if called.name != "summit-graph" or (found is not None and Path(found).resolve() == called.resolve()):
        return "summit-graph"
    return str(called)


def _say(line: str) -> None:
    typer.echo(line, err=True)
