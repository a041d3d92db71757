"""The tables of the documentation that say what the code says: rendered here, written by `make format`, held by tests.

A block in a page of `docs/` stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; the specification of the
HTTP API is a file of its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import typer.main

from summit_graph import settings
from summit_graph.cli import app
from summit_graph.queries import Parameter, packaged_catalogue
from tests.house.sources import PROJECT

Command = Any
"""A command or group of the command line's own library, which typer keeps to itself."""


def leaf_commands(
    command: Command | None = None, words: tuple[str, ...] = ("summit-graph",)
) -> Iterator[tuple[str, Command]]:
    """Every command that does something, with the words that call it. A command that takes queries' names is one."""
    command = command or typer.main.get_command(app)
    commands = getattr(command, "commands", None)
    if not commands:
        yield " ".join(words), command
        return
    for name in commands:
        yield from leaf_commands(commands[name], (*words, name))


def options_of(command: Command) -> list[Any]:
    """A command's options, without --help; hidden ones are no part of the interface."""
    return [
        one for one in command.params if one.param_type_name == "option" and not one.hidden and "--help" not in one.opts
    ]


def commands_text() -> str:
    """A section for each command: what it does, how it is called, a table of its arguments and options."""
    parts = []
    for words, command in leaf_commands():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        needed = [f"{one.opts[0]} {_metavar(one)}" for one in options_of(command) if one.required]
        usage = " ".join([words, *(_metavar(one) for one in arguments), *needed])
        rows = [(f"`{_metavar(one)}`", "" if not one.required else "required", one.help or "") for one in arguments]
        rows += [(_spelled(one), _default(one), one.help or "") for one in options_of(command)]
        said = " ".join((command.help or "").split("\n\n")[0].split())
        parts.append(f"### {words}\n\n{said}\n\n    {usage}\n")
        if rows:
            parts.append(_table(("option", "default", "meaning"), rows))
    return "\n".join(parts)


def settings_text() -> str:
    """A row for each setting."""
    rows = [(f"`{row.variable}`", _shown(row.default), row.meaning) for row in settings.SETTINGS]
    return _table(("variable", "default", "meaning"), rows)


def _metavar(parameter: Any) -> str:
    """How a value is written: an argument by its name, an option's value by its type."""
    if parameter.param_type_name == "argument":
        name = str(parameter.metavar or parameter.name).upper().strip("[]")
        return name if parameter.required else f"[{name}]"
    annotation = parameter.type_descriptor.annotation
    words = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}
    return str(parameter.metavar or words.get(annotation) or "|".join(map(str, get_args(annotation))))


def _spelled(option: Any) -> str:
    value = "" if option.is_flag else f" {_metavar(option)}{' …' if option.multiple else ''}"
    return ", ".join(f"`{name}{value}`" for name in [*option.opts, *option.secondary_opts])


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.is_flag:
        return "yes" if option.default is True else ""
    default = option.default() if callable(option.default) else option.default
    return "" if default is None else _shown(default)


def _shown(value: object) -> str:
    if value == "" or value == () or value == []:
        return ""
    return f"`{value}`"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Text as a cell of a Markdown table; angle brackets outside code would be taken for HTML."""
    parts = " ".join(text.split()).replace("|", r"\|").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))


def catalogue_text() -> str:
    """A section for each query: its question, parameters, columns and example."""
    parts = []
    for query in packaged_catalogue():
        rows = [(f"`{one.name}`", one.type, _parameter_default(one), one.meaning) for one in query.parameters]
        columns = " · ".join(f"`{column.name}` {column.type}" for column in query.columns)
        facts = [f"Columns: {columns}"]
        if query.header.needs:
            facts.append(f"Needs a run with: {', '.join(query.header.needs)}")
        if query.header.search:
            facts.append(f"Search: `{query.header.search}`")
        if query.example:
            facts.append("Example: `" + " ".join(f"{name}={value}" for name, value in query.example.items()) + "`")
        parts.append(f"### {query.name}\n\n**{query.title}.** {_cell(query.answers)}\n")
        parts.append(_table(("parameter", "type", "default", "meaning"), rows))
        parts.append("\n\n".join(facts) + "\n")
    return "\n".join(parts)


def _parameter_default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    return "" if parameter.default is None else _shown(parameter.default)


BLOCKS: dict[str, tuple[Path, Callable[[], str]]] = {
    "commands": (Path("docs/commands.md"), commands_text),
    "catalogue": (Path("docs/queries.md"), catalogue_text),
    "settings": (Path("docs/settings.md"), settings_text),
}
"""Name of a block -> the page that holds it, and what it must say."""


def split_page(name: str) -> tuple[str, str, str]:
    """The page before, inside and after its block."""
    page, _ = BLOCKS[name]
    text = (PROJECT / page).read_text(encoding="utf-8")
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, found, rest = text.partition(begin)
    inside, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} has no block {begin.strip()} … {end}")
    return before + begin, inside, end + after


SPECIFICATION = Path("api/openapi.json")


def specification_text() -> str:
    """The specification of the HTTP API over the packaged catalogue, with one's own queries allowed."""
    from api.app import create_app

    told = {row.variable: os.environ.pop(row.variable, None) for row in settings.SETTINGS}
    os.environ[settings.setting("allow_cypher").variable] = "1"
    try:
        specification = create_app("none.lbug", catalogue=packaged_catalogue()).openapi()
    finally:
        os.environ.pop(settings.setting("allow_cypher").variable)
        os.environ |= {name: value for name, value in told.items() if value is not None}
    return json.dumps(specification, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write every block anew, and the specification."""
    (PROJECT / SPECIFICATION).write_text(specification_text(), encoding="utf-8")
    for name, (page, render) in BLOCKS.items():
        before, _, after = split_page(name)
        (PROJECT / page).write_text(before + render() + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
