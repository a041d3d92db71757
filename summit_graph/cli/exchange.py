"""`summit-graph import`: published graphs of others become a run directory."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from summit_graph.exchange import SUMMIT_RUN

group = typer.Typer()
import_group = typer.Typer(no_args_is_help=True, help="Turn other people's attribution graphs into a run directory.")
group.add_typer(import_group, name="import")


@import_group.callback()
def import_options() -> None:
    """Turn other people's attribution graphs into a run directory."""


@import_group.command("summit")
def import_summit(
    path: Annotated[Path, typer.Argument(help="Summit's graphs: a zip or a folder of ag-<class>.json.")],
    out: Annotated[Path, typer.Option(help="The run directory to write.")],
    classes: Annotated[Path | None, typer.Option(help="The classes' names: a CSV file (index,wnid,name).")] = None,
    images_per_class: Annotated[
        int | None, typer.Option(help="Images counted in each class, so that counts have shares; unknown by default.")
    ] = None,
    name: Annotated[str, typer.Option(help="The run's name in the graph.")] = SUMMIT_RUN,
) -> None:
    """Import the class graphs that Summit published, or its notebooks wrote."""
    # Imported when called, so that `summit-graph --help` does not wait for Arrow.
    from summit_graph.exchange import summit_import

    report = summit_import.import_summit(
        path,
        out,
        classes=classes,
        images_per_class=images_per_class,
        run=name,
        progress=lambda line: typer.echo(line, err=True),
    )
    if report.already_imported:
        typer.echo(f"{out} holds this import already: nothing was written", err=True)
    typer.echo(json.dumps(asdict(report)))
    typer.echo(f"next: summit-graph load {out} --db summit.lbug", err=True)
