"""`summit-graph export neo4j-admin`: a run as files for Neo4j's own bulk import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from summit_graph.cli.export import ScopeOption, export_group, group

__all__ = ["group"]


@export_group.command("neo4j-admin")
def neo4j_admin(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run directory.")],
    out: Annotated[Path, typer.Option(help="The folder to write; empty or new.", show_default=False)],
    scope: ScopeOption = "selected",
    database: Annotated[str, typer.Option(help="The database that the import overwrites.")] = "neo4j",
) -> None:
    """Write Parquet files for `neo4j-admin database import full`, and the command that reads them."""
    # Imported when called, so that `summit-graph --help` does not wait for Arrow.
    from summit_graph.exchange.neo4j_admin import export_neo4j_admin
    from summit_graph.run import Run

    def say(line: str) -> None:
        typer.echo(line, err=True)

    report = export_neo4j_admin(Run.open(run), out, scope=scope, database=database, progress=say)
    say(f"the import OVERWRITES the database {database}, whatever it holds: stop Neo4j, then run as its user")
    typer.echo(report.command)
    say(f"then start Neo4j and give it constraints and indexes: summit-graph load {run} --db neo4j://HOST:7687")
