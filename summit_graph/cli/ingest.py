"""`summit-graph ingest`: from a model and images to a run. `summit-graph attribute`: graphs again from its counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from summit_graph.cli.parameter_options import with_parameters
from summit_graph.cli.stopping import stopping_politely
from summit_graph.errors import SummitError
from summit_graph.exchange import PUBLISHED_PARAMETERS
from summit_graph.run.parameters import Parameters

if TYPE_CHECKING:
    from ingest.pipeline import Summary

group = typer.Typer()


@group.command("ingest")
@with_parameters(
    "model_arguments",
    "weights",
    "layers",
    "batch_size",
    "limit",
    "accept_labels",
    "preprocess",
    "resize",
    "crop",
    "mean",
    "std",
    "activation_mass",
    "activation_top",
    "influence_top",
    "attribution_mass",
    "exclude",
    "max_in_degree",
    "damping",
    "networkx_stop",
    "hops",
    "max_bad",
)
def ingest(
    context: typer.Context,
    given: dict[str, Any],
    model: Annotated[
        str,
        typer.Argument(help="A torchvision name, timm/NAME, MODULE:FACTORY or FILE.py:FACTORY.", show_default=False),
    ],
    images: Annotated[
        str,
        typer.Argument(
            help="A folder or .zip with one folder of images per class (or with --labels), arrays (.npz), or "
            "MODULE:FACTORY of a torch Dataset.",
            show_default=False,
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="The run directory to write, or to go on with.")] = None,
    name: Annotated[
        str | None, typer.Option(help="The run's name in the graph; by default that of the folder.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Which folder is which output: a CSV file (folder,number,name).")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Which image is of which class, where they lie in one folder: a CSV file (image,class)."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto (the GPU where there is one), cpu or cuda.")] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, help="Processes that decode images; by default one per core, at most 8, and none for a few images."
        ),
    ] = None,
    pictures: Annotated[
        bool,
        typer.Option("--pictures/--no-pictures", help="Draw strips of the patches that activate neurons most."),
    ] = True,
    as_published: Annotated[
        bool,
        typer.Option(
            "--as-published", help="Summit's published parameters: masses of 0.01 and 0.075, top 5, damping 0.85."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing: show layers and hops, time two batches, estimate the rest."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, errors only.")] = False,
) -> None:
    """Count what a model activates and what feeds it, over a folder of images, into a run directory.

    Interrupted, the same command goes on at the first class that is not finished. Under torchrun
    (torchrun --nproc-per-node N -m summit_graph ingest …) the processes share the classes.
    """
    if out is None and not dry_run:
        raise typer.BadParameter("give the run directory to write", param_hint="--out")
    if as_published:
        _refuse_contradiction(context)
        given |= PUBLISHED_PARAMETERS
    parameters = Parameters(model=model, **given)
    require_torch()
    # The images are looked for before torch is imported, which takes seconds.
    from ingest.images.opening import check_source

    check_source(images, labels=labels)
    from ingest import dry_run as rehearsal
    from ingest import pipeline
    from ingest.progress import Progress
    from ingest.ranks import is_first

    # Of several ranks one speaks.
    progress = Progress(quiet=quiet or not is_first())
    if out is None or dry_run:
        with prints_aside():
            estimate = rehearsal.rehearse(
                parameters,
                images,
                device=device,
                workers=workers,
                classes=classes,
                image_labels=labels,
                pictures=pictures,
                progress=progress,
            )
        typer.echo(json.dumps(estimate.to_json()))
        return
    with stopping_politely(out, progress.message), prints_aside():
        summary = pipeline.ingest(
            parameters,
            images,
            out,
            run=name,
            device=device,
            workers=workers,
            classes=classes,
            image_labels=labels,
            pictures=pictures,
            progress=progress,
        )
    if not is_first():
        return
    for line in summary_lines(summary, out):
        progress.message(line)
    typer.echo(json.dumps(_report(summary, out)))


@group.command("attribute")
@with_parameters("attribution_mass", "exclude", "max_in_degree", "damping", "networkx_stop", kept=True)
def attribute(
    given: dict[str, Any],
    run: Annotated[Path, typer.Argument(help="The run directory whose counts are used.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The run directory to write.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="The new run's name; by default that of the folder.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, errors only.")] = False,
) -> None:
    """Compute a run's attribution graphs again from its counts, with other parameters; needs no images and no GPU.

    Parameters that are not given stay as they were. Neurons that were excluded before stay excluded.
    """
    _require_package("scipy")
    from ingest.attribute import attribute_again
    from ingest.progress import Progress

    progress = Progress(quiet=quiet)
    manifest = attribute_again(run, out, given, name=name, progress=progress)
    progress.message(f"next: summit-graph load {out} --db summit.lbug")
    typer.echo(json.dumps({"run": manifest.run, "directory": str(out), "digest": manifest.digest}))


def summary_lines(summary: Summary, out: Path) -> list[str]:
    """What an ingest did, for people."""
    accuracy = f", {100 * summary.correct / summary.images:.1f} % predicted right" if summary.images else ""
    skipped = f", {summary.skipped:,} skipped" if summary.skipped else ""
    lines = [f"{summary.images:,} images of {summary.classes:,} classes{skipped}{accuracy}"]
    lines += [f"skipped {entry['image']}: {entry['reason']}" for entry in summary.manifest.skipped[:10]]
    if len(summary.manifest.skipped) > 10:
        lines.append(f"… {len(summary.manifest.skipped) - 10} more are listed in {out / 'manifest.json'}")
    if summary.seconds:
        lines.append(_listed(summary.seconds))
    if any(seconds >= 0.1 for seconds in summary.beside.values()):
        lines.append(f"beside the counting: {_listed(summary.beside)}")
    return [*lines, f"next: summit-graph load {out} --db summit.lbug"]


def _listed(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{what} {spent:.1f} s" for what, spent in seconds.items())


def _report(summary: Summary, out: Path) -> dict[str, Any]:
    """What an ingest did, for programs: one line of JSON."""
    return {
        "run": summary.manifest.run,
        "directory": str(out),
        "digest": summary.manifest.digest,
        "images": summary.images,
        "skipped": summary.skipped,
        "correct": summary.correct,
        "classes": summary.classes,
        "seconds": {what: round(seconds, 3) for what, seconds in summary.seconds.items()},
    }


def _refuse_contradiction(context: typer.Context) -> None:
    for parameter in PUBLISHED_PARAMETERS:
        source = context.get_parameter_source(parameter)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + parameter.replace("_", "-")
            raise typer.BadParameter(f"it sets {option} itself: give one of the two", param_hint="--as-published")


def prints_aside() -> redirect_stdout[TextIO]:
    """Within it, what a user's model prints goes to stderr: on stdout there is the report alone."""
    return redirect_stdout(sys.stderr)


def require_torch() -> None:
    """Raises SummitError where the packages of the ingest room are not installed."""
    _require_package("torch")
    _require_package("torchvision")


def _require_package(package: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise SummitError(f"this command needs {package}: install it with pip install 'summit-graph[ingest]'")
