"""`summit-graph import`: published graphs of others become a run directory."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from summit_graph.exchange import SUMMIT_RUN

if TYPE_CHECKING:
    from summit_graph.exchange.summit_import import Embedding

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
    pictures: Annotated[
        list[Path] | None,
        typer.Option(metavar="ZIP", help="A zip file of its neurons' pictures; may be given several times."),
    ] = None,
    name: Annotated[str, typer.Option(help="The run's name in the graph.")] = SUMMIT_RUN,
    embedding: Annotated[
        bool,
        typer.Option(
            "--embedding/--no-embedding",
            help="Place the classes in each layer by UMAP, where umap-learn is installed.",
        ),
    ] = True,
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
        embed=_embedding() if embedding else None,
        progress=lambda line: typer.echo(line, err=True),
    )
    if pictures:
        from summit_graph.exchange.published_pictures import import_pictures
        from summit_graph.run import Run

        brought = import_pictures(pictures, Run.open(out))
        typer.echo(f"{brought:,} pictures are in {out}", err=True)
    if report.already_imported:
        typer.echo(f"{out} holds this import already: nothing was written", err=True)
    typer.echo(json.dumps(asdict(report)))
    typer.echo(f"next: summit-graph load {out} --db summit.lbug", err=True)


def _embedding() -> Embedding | None:
    """What places classes; None, and a line that says so, where umap-learn is not installed."""
    if importlib.util.find_spec("umap") is None:
        typer.echo("no class embedding: it needs umap-learn, pip install 'summit-graph[ingest]'", err=True)
        return None
    from ingest.embedding import class_embedding

    return class_embedding
