"""`summit-graph visualize`: pictures of what excites a run's neurons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from summit_graph.cli.ingest import prints_aside, require_torch

group = typer.Typer()


@group.command("visualize")
def visualize(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run directory; pictures are added to it.")],
    neurons: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHICH",
            help="selected (those of the classes' graphs, the default), all, or LAYER/CHANNEL, repeated.",
        ),
    ] = None,
    weights: Annotated[str | None, typer.Option(help="The run's weights file, where it has moved.")] = None,
    diverse: Annotated[
        bool, typer.Option("--diverse", help="Four more of each neuron, as different as can be.")
    ] = False,
    steps: Annotated[int, typer.Option(min=1, help="Optimization steps for each image.")] = 256,
    seed: Annotated[int, typer.Option(help="Seed of the noise that images start from.")] = 0,
    device: Annotated[str, typer.Option(help="auto (the GPU where there is one), cpu or cuda.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, errors only.")] = False,
) -> None:
    """Make an image for each neuron that excites it (feature visualization), from the model that the run came from.

    Interrupted, the same command goes on with the pictures that are not there yet.
    """
    require_torch()
    from ingest.pictures.visualize import visualize as make_pictures
    from ingest.progress import Progress

    progress = Progress(quiet=quiet)
    with prints_aside():
        done = make_pictures(
            run,
            neurons=neurons or ("selected",),
            weights=weights,
            diverse=diverse,
            steps=steps,
            seed=seed,
            device=device,
            progress=progress,
        )
    if done.silent:
        progress.message(f"never activated, and got no picture: {', '.join(done.silent)}")
    typer.echo(json.dumps({"made": done.made, "already_there": done.there, "never_activated": done.silent}))
