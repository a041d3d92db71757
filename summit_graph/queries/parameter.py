"""One parameter of a canned query: its type, its bounds, and the check that a value passes them."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from summit_graph.errors import InvalidParameter
from summit_graph.nearest import nearest

Value = str | int | float | bool | tuple[str | int, ...] | None

DOMAIN_MEANINGS = {
    "class": "a class, by its number, its name or its id",
    "classes": "classes, each by number, name or id, with commas between; 151-268 is all from one number to the other",
    "neuron": "a neuron, as layer/channel",
    "layer": "a layer, by name",
    "run": "a run, by id or name; by default the only one or the newest that is ready",
}
"""Types whose values name something in the graph: they are looked up in the run before the query sees them."""

MEANINGS = {
    **DOMAIN_MEANINGS,
    "scope": "selected: what the attribution graphs keep; all: everything that was loaded",
    "integer": "a whole number",
    "number": "a number",
    "share": "a share of a class's images, from 0 to 1",
    "boolean": "true or false",
    "text": "text",
}
"""Every type that a header may name, and what it takes. A list of words joined by `|` is a type too: one of them."""

SCOPES = ("selected", "all")
INTEGER_BOUNDS = (-(2**63), 2**63 - 1)
MAXIMUM_TEXT_LENGTH = 1_000
MAXIMUM_LIST_LENGTH = 20_000
"""Characters of a list of classes: room for a thousand names."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """A parameter as its query's header declares it. `low` and `high` are the bounds of numbers, both included."""

    name: str
    type: str
    required: bool = False
    default: Value = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    """The values of a `scope` or of a one-of-these-words type."""

    @property
    def meaning(self) -> str:
        """What a value says, for help texts and the catalogue."""
        if self.type == "choice":
            return "one of " + ", ".join(self.choices)
        if self.name == "limit":
            return f"at most this many rows, a whole number from {self.low} to {self.high}"
        if self.low is not None and self.high is not None and self.type in {"integer", "number"}:
            return f"{MEANINGS[self.type]} from {self.low} to {self.high}"
        return MEANINGS[self.type]

    def read(self, value: Any) -> Value:
        """The checked value; the default where None or no text ("") is given.

        Text is read as the type says, so that a command line and a web address can give any value. Values of the
        domain's types (class, neuron, layer, run) pass as text or whole number: they are looked up later. Classes may
        be a list of such values (so a name may have a comma in it), a number, or text with commas between.
        Raises InvalidParameter where the value is missing, of another type or out of its bounds.
        """
        if value is None or value == "":
            if self.required:
                raise InvalidParameter(f"{self.name} is missing: give {self.meaning}", self.name)
            return self.default
        if self.type in {"integer", "number", "share"}:
            return self._read_number(value)
        if self.type == "boolean":
            return self._read_boolean(value)
        if self.type == "classes":
            return self._read_classes(value)
        if self.type in DOMAIN_MEANINGS and isinstance(value, numbers.Integral) and not isinstance(value, bool):
            return int(value)
        if not isinstance(value, str):
            raise self._refusal(value)
        self._check_text(value)
        if self.choices and value not in self.choices:
            close = nearest(value, self.choices)[0]
            raise InvalidParameter(
                f"{self.name} is {value!r}: give one of {', '.join(self.choices)}; did you mean {close}?", self.name
            )
        return value

    def _check_text(self, value: str) -> None:
        longest = MAXIMUM_LIST_LENGTH if self.type == "classes" else MAXIMUM_TEXT_LENGTH
        if len(value) > longest or "\0" in value:
            raise InvalidParameter(
                f"{self.name} is no text of up to {longest} characters: give {self.meaning}", self.name
            )

    def _read_classes(self, value: Any) -> tuple[str | int, ...]:
        if isinstance(value, str):
            self._check_text(value)
            value = [part.strip() for part in value.split(",")]
        elif isinstance(value, numbers.Integral):
            value = [value]
        said: list[str | int] = []
        for entry in value if isinstance(value, Collection) and not isinstance(value, Mapping | bytes) else [None]:
            if isinstance(entry, numbers.Integral) and not isinstance(entry, bool):
                said.append(int(entry))
            elif isinstance(entry, str) and entry:
                self._check_text(entry)
                said.append(entry)
            else:
                raise self._refusal(value)
        if not said:
            raise self._refusal(value)
        return tuple(said)

    def _read_number(self, value: Any) -> int | float:
        number: int | float
        if isinstance(value, str):
            text = value.strip()
            if self.type == "integer":
                if not _INTEGER.fullmatch(text):
                    raise self._refusal(value)
                number = int(text)
            else:
                try:
                    number = float(text)
                except ValueError:
                    raise self._refusal(value) from None
        elif isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise self._refusal(value)
        else:
            if self.type == "integer" and not isinstance(value, numbers.Integral):
                raise self._refusal(value)
            number = int(value) if isinstance(value, numbers.Integral) else float(value)
            number = number if self.type == "integer" else float(number)
        if not math.isfinite(number):
            raise self._refusal(value)
        low = INTEGER_BOUNDS[0] if self.low is None and self.type == "integer" else self.low
        high = INTEGER_BOUNDS[1] if self.high is None and self.type == "integer" else self.high
        if self.type == "share":
            low, high = 0.0, 1.0
        if (low is not None and number < low) or (high is not None and number > high):
            raise InvalidParameter(f"{self.name} is {number}: give a number from {low} to {high}", self.name)
        return number

    def _read_boolean(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
            return _BOOLEANS[value.strip().lower()]
        raise self._refusal(value)

    def _refusal(self, value: Any) -> InvalidParameter:
        shown = repr(value if not isinstance(value, str) or len(value) <= 60 else value[:57] + "...")
        return InvalidParameter(f"{self.name} is {shown}: give {self.meaning}", self.name)
