"""Values said in a query's text instead of sent beside it, where the embedded engine answers better for it.

Twice, for two reasons. `planned`: what decides which plan is right (null, a scope) is said before the text is judged.
`spelled`: what is only compared with a stored property is said once it was judged, because a text that has no
parameters left is run while other threads go on, and in two thirds of the time (ladybug 0.22.0 holds Python's lock
while it prepares). The plan stays the one that was judged: no value is said where the engine could compute with it
before it plans (`$a = 1`), or compares it with what was computed (`count(n) AS nodes … WHERE nodes > $a`): said there,
it is compared elsewhere in the plan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args

from summit_graph.rows import Scope
from summit_graph.store.reading import Token, numbers_of_rows, tokens_of, with_literals

SCOPES = frozenset(get_args(Scope))
MOST_ENTRIES = 10
"""Of a list that is spelled: each entry costs 20 µs more to read than one that is sent."""
_COMPARED = re.compile(
    r"""(?<!\S)(?:
      (?i:SKIP|OFFSET|LIMIT)\ \$\w+
    | :\ \w+\ \{\ \w+\ :\ \$\w+\ \}
    | (?i:coalesce)\ \(\ \$\w+\ ,\ \w+\ \.\ \w+\ \)
    | \w+\ \.\ \w+\ (?:=|<|>|<\ =|>\ =|<\ >|(?i:IN))\ \$\w+
    | \w+\ \.\ \w+\ (?i:IN)\ \[\ \$\w+(?:\ ,\ \$\w+)*\ \]
    )(?!\S)""",
    re.VERBOSE,
)
"""`LIMIT $a`, `(:Label {key: $a})`, `coalesce($a, v.key)`, `v.key = $a`, `v.key IN $a`, `v.key IN [$a, $b]`."""
_PARAMETER = re.compile(r"\$(\w+)")


def planned(text: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A query with its scope, and what is null, said in the text instead of as parameters; and those that are left.

    So the engine sees `a.selected` alone: a filter that computes something of a relationship (`$scope = 'all' OR
    a.selected` does) answers wrong rows in ladybug 0.22.0 where other relationships of the pattern follow; one that is
    a truth value itself is right. And it leaves out what null decides before it plans, which takes less time.
    """
    literals = {}
    for name, value in parameters.items():
        if name == "scope" and isinstance(value, str) and value in SCOPES:
            literals[name] = f"'{value}'"
        elif value is None and name not in numbers_of_rows(text):
            literals[name] = "null"
    return _said(text, parameters, literals)


def spelled(text: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A planned query with its values said wherever its plan stays what it is; and those that are left."""
    literals = {name: literal(parameters[name]) for name in _only_compared(text)}
    return _said(text, parameters, {name: said for name, said in literals.items() if said is not None})


def _said(text: str, parameters: Mapping[str, Any], literals: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    left = {name: value for name, value in parameters.items() if name not in literals}
    return with_literals(text, literals) if literals else text, left


def literal(value: Any) -> str | None:
    """A value as the engine reads it in a text; None where it is none that can be said, or takes longer to read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if isinstance(value, int) and value >= 0:
        return str(value)
    if isinstance(value, float) and value >= 0:
        # The engine does not read the sign of an exponent that is positive.
        return repr(value).replace("e+", "e")
    if isinstance(value, list | tuple) and len(value) <= MOST_ENTRIES and len({*map(type, value)}) <= 1:
        entries = [literal(entry) for entry in value if not isinstance(entry, list | tuple)]
        if None not in entries and len(entries) == len(value):
            return f"[{', '.join(map(str, entries))}]"
    return None


@lru_cache(maxsize=1_024)
def _only_compared(text: str) -> frozenset[str]:
    """Names of the parameters that a text only compares with a stored property, or takes for a number of rows."""
    spaced = " ".join(map(_written, tokens_of(text)))
    compared = {name for place in _COMPARED.finditer(spaced) for name in _PARAMETER.findall(place.group())}
    return frozenset(compared.difference(_PARAMETER.findall(_COMPARED.sub("", spaced))))


def _written(token: Token) -> str:
    """A token without what may be in quotes, except a parameter's name."""
    if token.kind == "parameter":
        return token.text.replace("`", "")
    return {"string": "''", "name": "name"}.get(token.kind, token.text)
