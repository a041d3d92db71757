"""Options of the command line made from the dataclass of a run's parameters: each is named and explained once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, fields
from typing import Annotated, Any, get_type_hints

import typer

from summit_graph.run.parameters import Parameters

_TYPES = get_type_hints(Parameters)
_FIELDS: Mapping[str, Field[Any]] = {entry.name: entry for entry in fields(Parameters)}

_SPELLINGS = {"model_arguments": "--model-arg", "hops": "--no-hops"}
"""Options that are not spelled as their field."""
_VALUES = {
    "layers": "NAME",
    "exclude": "LAYER/CHANNEL",
    "model_arguments": "KEY=VALUE",
    "weights": "FILE|NAME|none",
    "preprocess": "torchvision|FILE.py:FUNCTION",
    "mean": "R,G,B",
    "std": "R,G,B",
}
"""What stands for an option's value in `--help`."""


def with_parameters(*names: str, kept: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each named parameter.

    The decorated function takes them as one argument `given`: values of the fields by name, as Parameters takes them.
    With `kept`, options that are not given are left out of it, and so keep what another run had.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != "given"]
        options = [_option(name, kept) for name in names]

        def run(**values: Any) -> None:
            given = {name: _value(name, values.pop(name)) for name in names}
            command(given={name: value for name, value in given.items() if not (kept and value is None)}, **values)

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        signature = inspect.Signature([one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in [*own, *options]])
        run.__signature__ = signature  # type: ignore[attr-defined]
        run.__annotations__ = {name: one.annotation for name, one in signature.parameters.items()}
        return run

    return decorate


def _option(name: str, kept: bool) -> inspect.Parameter:
    """The option of one parameter, as typer reads it from a function's signature."""
    kind, default = _TYPES[name], _FIELDS[name].default
    spelling = _SPELLINGS.get(name, "--" + name.replace("_", "-"))
    several = name in ("layers", "exclude", "model_arguments")
    if several:
        kind, default = list[str], []
    elif name in ("mean", "std"):
        kind, default = str, ""
    elif name == "hops":
        default = False
    elif kept and kind is bool:
        spelling = f"{spelling}/--no-{spelling.removeprefix('--')}"
    if kept and not several:
        kind, default = kind | None, None
    option = typer.Option(spelling, help=_FIELDS[name].metadata["help"], metavar=_VALUES.get(name))
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


def _value(name: str, given: Any) -> Any:
    """What the dataclass's field takes, of what the option gave."""
    if name == "model_arguments":
        return tuple(_key_and_value(text) for text in given)
    if name in ("layers", "exclude"):
        return tuple(_split(given))
    if name in ("mean", "std") and given is not None:
        return _numbers(given, f"--{name}")
    return not given if name == "hops" and given is not None else given


def _split(texts: Iterable[str]) -> list[str]:
    """Names given one by one or with commas between them."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _key_and_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise typer.BadParameter(f"{text!r}: give KEY=VALUE, such as num_classes=10", param_hint="--model-arg")
    return key, value


def _numbers(text: str, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}: give numbers with commas, such as 0.5,0.5,0.5", param_hint=option
        ) from None
