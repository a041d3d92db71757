"""`summit-graph export`: a run, or what a store holds of one, in other people's formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from summit_graph.exchange.class_graphs import ClassGraphs
    from summit_graph.names import ClassName

group = typer.Typer()
export_group = typer.Typer(no_args_is_help=True, help="Write a run in other people's formats.")
group.add_typer(export_group, name="export")

RunDirectory = Annotated[
    Path | None, typer.Argument(metavar="RUN", help="The run directory; or --db.", show_default=False)
]
Database = Annotated[
    str | None, typer.Option("--db", metavar="URL", help="The graph store to export from, instead of a run directory.")
]
RunOfStore = Annotated[str | None, typer.Option("--run", help="Which run of the store; by default the newest.")]
OutFile = Annotated[Path, typer.Option("--out", help="The file to write.", show_default=False)]
OneClass = Annotated[
    str | None, typer.Option("--class", help="Only this class's graph (number, name or id); by default every class's.")
]
ScopeOption = Annotated[
    Literal["selected", "all"],
    typer.Option(help="selected: what the attribution graphs keep; all: every edge of a run directory."),
]


@export_group.callback()
def export_options() -> None:
    """Write a run in other people's formats."""


@export_group.command("summit")
def summit(
    out: Annotated[Path, typer.Option("--out", help="The folder to write; new or empty.", show_default=False)],
    run_directory: RunDirectory = None,
    db: Database = None,
    run: RunOfStore = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="LAYER=NAME",
            help="For Summit's own page: which layer is which of its nine, or in-order (the last are the last).",
        ),
    ] = None,
    opens_with: Annotated[
        str | None,
        typer.Option("--opens-with", help="The class to call white_wolf: with that one Summit's page opens."),
    ] = None,
) -> None:
    """Write the files that Summit's page reads: data/imagenet.json, data/ag/ag-<class>.json and pictures."""
    from summit_graph.exchange.summit_export import export_summit

    with opened(run_directory, db, run) as graphs:
        say(
            export_summit(
                graphs,
                out,
                mapping=mapping or (),
                opens_with=opens_with,
                progress=lambda line: typer.echo(line, err=True),
            )
        )


@export_group.command("node-link")
def node_link(
    out: OutFile,
    run_directory: RunDirectory = None,
    db: Database = None,
    run: RunOfStore = None,
    class_: OneClass = None,
    scope: ScopeOption = "selected",
) -> None:
    """Write class graphs as node-link JSON, which networkx reads."""
    from summit_graph.exchange.node_link import write_node_link
    from summit_graph.exchange.vertices import Vertices

    with opened(run_directory, db, run) as graphs:
        say(write_node_link(Vertices(graphs, one_class(graphs, class_), scope), out))


@export_group.command("graphml")
def graphml(
    out: OutFile,
    run_directory: RunDirectory = None,
    db: Database = None,
    run: RunOfStore = None,
    class_: OneClass = None,
    scope: ScopeOption = "selected",
) -> None:
    """Write class graphs as GraphML, which Gephi reads."""
    from summit_graph.exchange.graphml import write_graphml
    from summit_graph.exchange.vertices import Vertices

    with opened(run_directory, db, run) as graphs:
        say(write_graphml(Vertices(graphs, one_class(graphs, class_), scope), out))


@export_group.command("circuit-tracer")
def circuit_tracer(
    out: OutFile,
    class_: Annotated[
        str, typer.Option("--class", help="The class (number, name or id) whose graph it is.", show_default=False)
    ],
    run_directory: RunDirectory = None,
    db: Database = None,
    run: RunOfStore = None,
) -> None:
    """Write one class's graph as circuit-tracer's graph JSON."""
    from summit_graph.exchange.circuit_tracer import write_circuit_tracer

    with opened(run_directory, db, run) as graphs:
        say(write_circuit_tracer(graphs, graphs.names.find_class(class_), out))


@contextmanager
def opened(run_directory: Path | None, db: str | None, run: str | None) -> Iterator[ClassGraphs]:
    """What is exported; wrong usage where both places or neither are given."""
    # Imported when called, so that `summit-graph --help` does not wait for Arrow.
    from summit_graph.exchange.class_graphs import open_class_graphs

    if (run_directory is None) == (db is None):
        raise typer.BadParameter("give one of the two: a run directory, or --db URL", param_hint="RUN")
    if run is not None and db is None:
        raise typer.BadParameter("a run directory holds one run: --run goes with --db", param_hint="--run")
    with open_class_graphs(run_directory, db, run) as graphs:
        yield graphs


def one_class(graphs: ClassGraphs, said: str | None) -> ClassName | None:
    """The class that is meant; None where every class is."""
    return None if said is None else graphs.names.find_class(said)


def say(report: Any) -> None:
    """What was written, for programs: one line of JSON."""
    typer.echo(json.dumps(asdict(report)))
