"""The header of a query file: `// key: value` lines that make one file a documented, validated operation.

    // title: Neurons that two classes share
    // answers: Which neurons do both classes rely on, and how strongly each?
    // parameter class_a: class, required
    // parameter scope: scope = selected
    // parameter limit: integer = 100, 1..10000
    // column neuron: neuron · share_a: share · share_b: share
    // example: class_a=294 class_b=295
    // needs: share
    // search: meeting

`needs` (share, predictions, examples) names what the query cannot do without and a run may lack; `search` names the
function of `summit_graph.search` that makes the rows out of what the text fetches. A value goes on in the next line
where that begins with two or more spaces after `//`. The header ends at the first line that is no comment, or at an
empty one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from summit_graph.errors import InvalidParameter, SummitError
from summit_graph.queries.parameter import MEANINGS, SCOPES, Parameter, Value

COLUMN_TYPES = (
    "class", "classes", "neuron", "neurons", "layer", "run", "scope", "integer", "count", "counts", "number", "share",
    "shares", "boolean", "text",
)  # fmt: skip
"""What a column holds: a class's number, a neuron as layer/channel (`neurons`: a list of them), a whole number, a count
(`counts`: a list), a share of a class's images (`shares`: a list), … `classes` is a list of classes' numbers."""

NEEDS = ("share", "predictions", "examples")
RESERVED = {"db", "format", "page"}
"""Options with one meaning for every query, which no header may declare; `run` and `limit` only as what they are."""

RUN = Parameter("run", "run")
LIMIT = Parameter("limit", "integer", low=1, high=1_000_000)
"""What every query takes besides its own parameters. Without a limit of its own a query answers all rows."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_KEY = re.compile(r"//[ ]?(?P<key>title|answers|parameter|column|example|needs|search)\b(?P<rest>.*)")
_CONTINUED = re.compile(r"//\s{2,}(?P<rest>\S.*)")
_BOUNDS = re.compile(r"(?P<low>-?[0-9.]*?[0-9])\.\.(?P<high>-?[0-9][0-9.]*)")


Wrong = Callable[[str], SummitError]
"""Makes the error of a header's line out of what is wrong with it."""


@dataclass(frozen=True)
class Column:
    """A column of a query's answer and the type that says what its values are."""

    name: str
    type: str


@dataclass(frozen=True)
class Header:
    """What a query file says of itself; `lines` is how many of its lines the header takes."""

    title: str
    answers: str
    parameters: tuple[Parameter, ...]
    """Its own, in their order, then `limit` and `run` where it does not declare them."""
    columns: tuple[Column, ...]
    example: dict[str, str]
    needs: tuple[str, ...]
    search: str | None
    declares_run: bool
    """Whether the file declares `run: run, optional` itself: it may then be left out, and the text sees null."""
    lines: int


def parse_header(text: str, file: Path) -> Header:
    """Reads the header of a query file's text; raises SummitError naming file and line where it is wrong."""
    single: dict[str, str] = {}
    parameters: list[Parameter] = []
    columns: list[Column] = []
    lines = 0
    for first_line, last_line, key, value in _entries(text, file):
        lines = last_line
        wrong = partial(_error, file, first_line)
        if key == "parameter":
            parameter = _parameter(value, wrong)
            if parameter.name in {other.name for other in parameters}:
                raise wrong(f"parameter {parameter.name} is declared twice")
            parameters.append(parameter)
        elif key == "column":
            columns += [_column(part, wrong) for part in value.split("·")]
        elif key in single:
            raise wrong(f"a second {key}")
        elif not value:
            raise wrong(f"{key} is empty")
        else:
            single[key] = value
    for key in ("title", "answers"):
        if key not in single:
            raise SummitError(f"{file}:1: the header has no `// {key}: …`")
    if not columns:
        raise SummitError(f"{file}:1: the header has no `// column NAME: TYPE`")
    repeated = sorted({column.name for column in columns if [c.name for c in columns].count(column.name) > 1})
    if repeated:
        raise SummitError(f"{file}:1: column {repeated[0]} is declared twice")
    needs = tuple(word.strip() for word in single["needs"].split(",")) if "needs" in single else ()
    for word in needs:
        if word not in NEEDS:
            raise SummitError(f"{file}:1: needs {word!r} is unknown: give {', '.join(NEEDS)}")
    declared = {parameter.name for parameter in parameters}
    parameters += [parameter for parameter in (LIMIT, RUN) if parameter.name not in declared]
    return Header(
        title=single["title"],
        answers=single["answers"],
        parameters=tuple(parameters),
        columns=tuple(columns),
        example=_example(single.get("example", ""), parameters, file),
        needs=needs,
        search=single.get("search"),
        declares_run="run" in declared,
        lines=lines,
    )


def _error(file: Path, line: int, message: str) -> SummitError:
    return SummitError(f"{file}:{line}: {message}")


def _entries(text: str, file: Path) -> Iterator[tuple[int, int, str, str]]:
    """Each key with its first line, its last line and its whole value."""
    current: tuple[int, int, str, str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("//"):
            break
        continued = _CONTINUED.fullmatch(line.rstrip())
        found = _KEY.fullmatch(line.rstrip())
        if continued and current is not None:
            current = (current[0], number, current[2], f"{current[3]} {continued['rest'].strip()}")
            continue
        if not found:
            raise SummitError(
                f"{file}:{number}: not a line of a header: write `// title: …`, answers, parameter, column, example, "
                "needs or search, and an empty line before a comment"
            )
        if current is not None:
            yield current
        rest = found["rest"].strip()
        if found["key"] not in {"parameter", "column"}:
            if not rest.startswith(":"):
                raise SummitError(f"{file}:{number}: write `// {found['key']}: …`")
            rest = rest[1:].strip()
        current = (number, number, found["key"], rest)
    if current is None:
        raise SummitError(f"{file}:1: the file has no header: begin with `// title: …`")
    yield current


def _parameter(value: str, wrong: Wrong) -> Parameter:
    name, colon, rest = value.partition(":")
    name = name.strip()
    if not colon or not _NAME.fullmatch(name):
        raise wrong("write `// parameter NAME: TYPE, required`, with a name of small letters, digits and _")
    if name in RESERVED:
        raise wrong(f"{name} has its own meaning for every query: choose another name")
    declaration, *more = [part.strip() for part in rest.split(",")]
    type_text, equals, default_text = (part.strip() for part in declaration.partition("="))
    choices: tuple[str, ...] = ()
    if "|" in type_text:
        choices = tuple(word.strip() for word in type_text.split("|"))
        type_text = "choice"
        if not all(_NAME.fullmatch(word) for word in choices):
            raise wrong(f"parameter {name}: write its choices as words joined by |")
    elif type_text not in MEANINGS:
        raise wrong(f"parameter {name}: the type {type_text!r} is unknown: give {', '.join(sorted(MEANINGS))} or a|b|c")
    elif type_text == "scope":
        choices = SCOPES
    required, optional, low, high = False, False, None, None
    for part in more:
        bounds = _BOUNDS.fullmatch(part)
        if part == "required":
            required = True
        elif part == "optional":
            optional = True
        elif bounds and type_text in {"integer", "number"}:
            read = int if type_text == "integer" else float
            try:
                low, high = read(bounds["low"]), read(bounds["high"])
            except ValueError:
                raise wrong(f"parameter {name}: {part!r} are no bounds of its type") from None
        else:
            raise wrong(f"parameter {name}: {part!r} is none of required, optional, LOW..HIGH")
    if required + optional + bool(equals) != 1:
        raise wrong(f"parameter {name}: say one of required, optional or a default")
    parameter = Parameter(name, type_text, required, None, low, high, choices)
    for reserved, kind in (("run", "run"), ("limit", "integer")):
        if name == reserved and (type_text != kind or required):
            raise wrong(f"{name} has its own meaning for every query: it can only be a {kind} that need not be given")
    if not equals:
        return parameter
    return Parameter(name, type_text, False, _default(parameter, default_text, wrong), low, high, choices)


def _default(parameter: Parameter, text: str, wrong: Wrong) -> Value:
    try:
        return parameter.read(text)
    except InvalidParameter as error:
        raise wrong(f"the default does not fit: {error}") from None


def _column(part: str, wrong: Wrong) -> Column:
    name, colon, type_text = (piece.strip() for piece in part.partition(":"))
    if not colon or not _NAME.fullmatch(name):
        raise wrong("write `// column NAME: TYPE · NAME: TYPE`, with names of small letters, digits and _")
    if type_text not in COLUMN_TYPES:
        raise wrong(f"column {name}: the type {type_text!r} is unknown: give {', '.join(COLUMN_TYPES)}")
    return Column(name, type_text)


def _example(text: str, parameters: list[Parameter], file: Path) -> dict[str, str]:
    by_name = {parameter.name: parameter for parameter in parameters}
    example: dict[str, str] = {}
    try:
        for word in shlex.split(text):
            name, equals, value = word.partition("=")
            if not equals or name not in by_name:
                raise InvalidParameter(f"{word!r} is no NAME=VALUE of a declared parameter")
            by_name[name].read(value)
            example[name] = value
        missing = [parameter.name for parameter in parameters if parameter.required and parameter.name not in example]
        if text and missing:
            raise InvalidParameter(f"{missing[0]} is missing")
    except (InvalidParameter, ValueError) as error:
        raise SummitError(f"{file}:1: the example does not fit: {error}") from None
    return example
