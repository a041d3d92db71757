"""`summit-graph query`, `queries` and `cypher`: the catalogue, and one's own reading queries."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from summit_graph import settings
from summit_graph.cli.load import Database
from summit_graph.errors import SummitError

if TYPE_CHECKING:
    from summit_graph.queries import Catalogue, Query
    from summit_graph.queries.streaming import RowStream

group = typer.Typer()

Format = Literal["table", "json", "jsonl", "csv", "parquet"]
OutputFormat = Annotated[
    Format, typer.Option("--format", help="How rows are written; jsonl: one object of columns a line.")
]
Folder = Annotated[Path | None, typer.Option("--queries", metavar="DIR", help=settings.setting("queries").meaning)]

PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True}
"""What a query takes is its file's to say: its options are read here, not declared."""


@group.command("query", context_settings=PASS_ON, add_help_option=False)
def query(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The query; its parameters follow.")] = None,
    db: Database = None,
    output: OutputFormat = "table",
    page: Annotated[str | None, typer.Option("--page", help="The page that an answer before this one named.")] = None,
    queries: Folder = None,
    help_wanted: Annotated[bool, typer.Option("--help", help="Show what a query takes.")] = False,
) -> None:
    """Ask a canned query: summit-graph query NAME --PARAMETER VALUE …; `query NAME --help` says what it takes."""
    catalogue = _catalogue(queries)
    if name is None:
        if not help_wanted:
            typer.echo("Usage: summit-graph query NAME [OPTIONS]; `summit-graph queries` lists the names", err=True)
            raise typer.Exit(2)
        typer.echo(context.get_help())
        typer.echo("\nQueries:")
        _print_names(catalogue)
        return
    asked = catalogue.get(name)
    if help_wanted:
        _print_help(asked)
        return
    values = _values(context.args)

    from summit_graph import terminal
    from summit_graph.queries.streaming import stream_query
    from summit_graph.store import open_store

    with closing(open_store(db)) as store, stream_query(store, asked, values, page=page) as answer:
        _write(output, answer)
    if output == "table":
        of_run = f" of run {terminal.printable(answer.run)}" if answer.run else ""
        typer.echo(f"{_rows(answer.rows)}{of_run}", err=True)
    if answer.next is not None:
        typer.echo(f"there are more: give a larger --limit, or --page {answer.next}", err=True)


@group.command("queries")
def list_queries(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One query, to be shown whole.")] = None,
    queries: Folder = None,
) -> None:
    """List the canned queries; with NAME, say what one takes and answers."""
    catalogue = _catalogue(queries)
    if name is None:
        _print_names(catalogue)
    else:
        _print_help(catalogue.get(name))


@group.command("cypher")
def cypher(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One reading query, in the store's own Cypher.")],
    db: Database = None,
    output: OutputFormat = "table",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=1_000_000, help=settings.setting("cypher_row_limit").meaning)
    ] = None,
    timeout_ms: Annotated[
        int | None, typer.Option("--timeout-ms", min=1, help=settings.setting("query_timeout_ms").meaning)
    ] = None,
) -> None:
    """Ask one's own reading query of one's own store."""
    from summit_graph.queries.ad_hoc import stream_ad_hoc
    from summit_graph.store import open_store

    with closing(open_store(db)) as store:
        with stream_ad_hoc(store, text, {}, row_limit=limit, timeout_ms=timeout_ms) as answer:
            _write(output, answer)
    if answer.truncated:
        typer.echo(f"these are the first {_rows(answer.rows)}: give a larger --limit for more", err=True)
    elif output == "table":
        typer.echo(_rows(answer.rows), err=True)


def _catalogue(folder: Path | None) -> Catalogue:
    from summit_graph.queries import load_catalogue

    return load_catalogue(*([folder] if folder is not None else []))


def _values(words: Sequence[str]) -> dict[str, str]:
    """`--class-a tench --class-b=396` as a dictionary; names may have - for _."""
    values: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        option, equals, value = word.partition("=")
        name = option[2:].replace("-", "_")
        if not option.startswith("--") or not name:
            raise typer.BadParameter(f"{word!r} belongs to no option: write --PARAMETER VALUE")
        if not equals:
            if not left:
                raise typer.BadParameter(f"{word} has no value")
            value = left.pop(0)
        if name in values:
            raise typer.BadParameter(f"{option} is given twice")
        values[name] = value
    return values


def _write(output: Format, answer: RowStream) -> None:
    """Writes rows as they come; a table, whose columns are as wide as their widest cell, once all are there."""
    from summit_graph import terminal
    from summit_graph.queries import formats

    if output == "parquet":
        if sys.stdout.isatty():
            raise SummitError("parquet is binary: send it into a file with > FILE")
        formats.write_parquet(answer.columns, answer.batches, sys.stdout.buffer)
        return
    rows = chain.from_iterable(answer.batches)
    lines: Iterable[str]
    if output == "table":
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        lines = (line + "\n" for line in terminal.table_lines(answer.columns, rows, width))
    elif output == "json":
        lines = formats.json_parts(answer)
    elif output == "jsonl":
        lines = formats.json_lines(rows)
    else:
        lines = formats.csv_lines(answer.columns, rows)
    sys.stdout.writelines(lines)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"


def _print_names(catalogue: Catalogue) -> None:
    width = max(len(name) for name in catalogue.names)
    for entry in catalogue:
        typer.echo(f"{entry.name:{width}}  {entry.title}")


def _print_help(entry: Query) -> None:
    """A query's question, its options and its columns."""
    typer.echo(f"{entry.title}: {entry.answers}\n")
    required = "".join(f" --{_option(one.name)} {one.type.upper()}" for one in entry.parameters if one.required)
    typer.echo(f"Usage: summit-graph query {entry.name}{required} [OPTIONS]\n\nOptions:")
    rows = [(f"--{_option(one.name)}", _said_of(one)) for one in entry.parameters]
    rows += [("--page", "the page that an answer before this one named")]
    rows += [("--db", "the store"), ("--format", "table, json, jsonl, csv or parquet")]
    width = max(len(option) for option, _ in rows)
    for option, meaning in rows:
        typer.echo(f"  {option:{width}}  {meaning}")
    typer.echo("\nColumns: " + ", ".join(f"{column.name} ({column.type})" for column in entry.columns))
    if entry.header.needs:
        typer.echo(f"Needs a run with: {', '.join(entry.header.needs)}")
    if entry.example:
        said = " ".join(f"--{_option(name)} {value}" for name, value in entry.example.items())
        typer.echo(f"Example: summit-graph query {entry.name} {said}")


def _option(name: str) -> str:
    return name.replace("_", "-")


def _said_of(parameter: Any) -> str:
    if parameter.required:
        return f"{parameter.meaning} (required)"
    return parameter.meaning if parameter.default is None else f"{parameter.meaning} (default {parameter.default})"
