"""Values on their way to an engine and back: what may be sent as a parameter, and what needs no translation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from summit_graph.errors import InvalidParameter
from summit_graph.store.reading import parameters_of

_PLAIN = frozenset({type(None), bool, int, float, str})


def are_plain(values: Iterable[Any]) -> bool:
    """Whether all values are None, bool, int, float or str, as in most rows and lists: told of all of them at once."""
    return _PLAIN.issuperset(map(type, values))


def checked_parameters(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a reading text uses, in values that both engines take.

    Raises SummitError where the text does not only read, InvalidParameter where a parameter is missing (the embedded
    engine would take it for null) or its value cannot be sent.
    """
    used = sorted(parameters_of(text))
    missing = [name for name in used if name not in parameters]
    if missing:
        raise InvalidParameter(f"the query uses ${missing[0]}, which was not given", missing[0])
    for name in used:
        if not _is_sendable(parameters[name]):
            raise InvalidParameter(
                f"${name} cannot be sent: give text, true or false, a 64-bit integer, a finite number or lists of them",
                name,
            )
    return {name: parameters[name] for name in used}


def _is_sendable(value: Any) -> bool:
    if value is None or isinstance(value, bool | str):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | tuple):
        return all(_is_sendable(entry) for entry in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_sendable(entry) for key, entry in value.items())
    return False
