"""The command `summit-graph`: one file a group of commands.

Machine output goes to stdout, progress and messages to stderr. Exit codes: 0 it worked, 1 it failed, 2 wrong usage.
An error is one line that says what to do; `--debug` shows the traceback.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from summit_graph import __version__
from summit_graph.cli import demo, exchange, export_neo4j, ingest, load, query, serve, visualize
from summit_graph.errors import InvalidParameter, SummitError

COMMAND_GROUPS: tuple[typer.Typer, ...] = (
    ingest.group,
    visualize.group,
    load.group,
    exchange.group,
    export_neo4j.group,
    query.group,
    serve.group,
    demo.group,
)
"""The commands of each file of this folder, in the order of `--help`."""

app = typer.Typer(
    name="summit-graph",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which neurons an image classifier uses for each class, what feeds them, and one graph to ask.",
)
for group in COMMAND_GROUPS:
    app.add_typer(group)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"summit-graph {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options of every command, given before its name."""


def main() -> None:
    """Runs the command line; turns errors that a user can mend into one line and exit code 1, wrong usage into 2."""
    debug = "--debug" in sys.argv[1:]
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except TyperException as error:
        message = error.format_message()
        if message.startswith("Usage: "):
            # No command at all: the message is the help.
            print(message, file=sys.stderr)
            sys.exit(error.exit_code)
        _fail(message, error.exit_code)
    except SummitError as error:
        if debug:
            raise
        _fail(str(error), 2 if isinstance(error, InvalidParameter) else 1)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except OSError as error:
        if debug:
            raise
        # Whatever is still to be written to it must not make the interpreter complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Nobody has to be told that the reader of our output (head, less) has gone.
        _fail("" if isinstance(error, BrokenPipeError) else _system_error(error), 1)


def _fail(message: str, code: int) -> NoReturn:
    if message:
        print(f"summit-graph: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def _system_error(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"
