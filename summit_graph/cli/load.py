"""`summit-graph load`, `runs`, `delete-run` and `doctor`: what a store holds, and whether everything is in place."""

from __future__ import annotations

import platform
import shutil
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

from summit_graph import __version__, settings
from summit_graph.errors import SummitError

group = typer.Typer()

Database = Annotated[str | None, typer.Option("--db", metavar="URL", help=settings.setting("db").meaning)]
"""The store that a command works on."""


@group.command("load")
def load(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run directory.")],
    db: Database = None,
    scope: Annotated[
        Literal["selected", "all"],
        typer.Option(help="Edges of the classes' graphs: the selected ones, or all that the run holds."),
    ] = "selected",
    partial: Annotated[
        bool, typer.Option("--partial", help="Load the finished classes of a run whose ingest has not ended.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the run in the place of one of the same name that is there.")
    ] = False,
) -> None:
    """Load a run into a graph store; it is verified, and seen by queries only once it is whole.

    A partial one is seen where a query names it, and makes way for more of the run without --replace.
    """
    from summit_graph.loading import load_run
    from summit_graph.run import Run
    from summit_graph.run.manifest import PARTIAL

    opened = Run.open(run, partial=partial)
    started = time.monotonic()
    place = db if db is not None else settings.text("db")
    report = load_run(opened, db, scope=scope, replace=replace, progress=lambda line: typer.echo(line, err=True))
    for table, rows in report.counts.items():
        typer.echo(f"{table}\t{rows}")
    if report.already_loaded:
        typer.echo(f"{report.run} is in {place} already: nothing was changed", err=True)
    else:
        typer.echo(f"{report.run} is in {place}, verified, after {time.monotonic() - started:.1f} s", err=True)
    if opened.manifest.state == PARTIAL:
        classes = len(opened.class_numbers)
        typer.echo(f"it is partial, with {classes} finished classes: name it in queries (--run {report.run})", err=True)
        return
    typer.echo(f"next: summit-graph query classes --db {place}, or summit-graph serve --db {place}", err=True)


@group.command("runs")
def runs(
    db: Database = None,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="How the runs are written.")] = "table",
) -> None:
    """List the runs of a store."""
    import summit_graph
    from summit_graph import terminal
    from summit_graph.queries import formats

    with summit_graph.connect(db) as graph:
        found = graph.query("runs")
    if output == "json":
        typer.echo(formats.json_text(found.rows))
        return
    for line in terminal.table_lines(list(zip(found.columns, found.types, strict=True)), found.rows):
        typer.echo(line)


@group.command("delete-run")
def delete_run(
    run: Annotated[str, typer.Argument(metavar="ID", help="The run's id, as `summit-graph runs` shows it.")],
    db: Database = None,
) -> None:
    """Remove a run and all that belongs to it from a store, its pictures too; the run directory stays."""
    from summit_graph import loading

    loading.delete_run(run, db)
    typer.echo(f"{run} was removed", err=True)


@group.command("doctor")
def doctor(db: Database = None) -> None:
    """Say what is installed and whether the store answers; exits 1 where it does not."""
    typer.echo(f"summit-graph  {__version__}")
    typer.echo(f"python        {platform.python_version()} on {platform.platform()}")
    for package, why in _PACKAGES.items():
        typer.echo(f"{package:13} {_version(package) or f'not installed: {why}'}")
    typer.echo(f"java          {_java()}")
    place = db if db is not None else settings.text("db")
    try:
        found = _runs_of(db)
    except SummitError as error:
        typer.echo(f"store         {place}: {error}")
        raise typer.Exit(1) from None
    typer.echo(f"store         {place}: {', '.join(found) if found else 'no run is loaded'}")


_PACKAGES = {
    "ladybug": "reinstall summit-graph, nothing works without it",
    "neo4j": "reinstall summit-graph, nothing works without it",
    "pyarrow": "reinstall summit-graph, nothing works without it",
    "fastapi": "reinstall summit-graph, `serve` needs it",
    "torch": "pip install 'summit-graph[ingest]' to ingest a model",
    "torchvision": "pip install 'summit-graph[ingest]' to ingest a model",
    "timm": "pip install timm to ingest one of its models",
    "py2neo": "pip install 'summit-graph[notebook]' to work through py2neo",
}
"""What the versions are asked of, and what to do where one is not there."""


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _java() -> str:
    """The first line of `java -version`: only a Neo4j server of one's own needs it."""
    program = shutil.which("java")
    if program is None:
        return "not on PATH: only a Neo4j server of your own needs it"
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not answer: {error}"
    lines = (said.stderr or said.stdout).splitlines()
    return lines[0] if lines else "says nothing"


def _runs_of(db: str | None) -> list[str]:
    import summit_graph

    with summit_graph.connect(db) as graph:
        return [f"{row['run']} ({row['state']}, {row['classes']} classes)" for row in graph.query("runs")]
