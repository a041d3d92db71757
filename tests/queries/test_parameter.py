"""Values of parameters: what is read from text and from Python, and what is refused in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from summit_graph.errors import InvalidParameter
from summit_graph.queries.parameter import MAXIMUM_LIST_LENGTH, MAXIMUM_TEXT_LENGTH, Parameter

COUNT = Parameter("count", "integer", default=3, low=1, high=10)
WHOLE = Parameter("whole", "integer")
SHARE = Parameter("share", "number", low=0.0, high=1.0)
SORT = Parameter("sort", "choice", default="name", choices=("name", "accuracy"))
EXACT = Parameter("exact", "boolean")
CLASS = Parameter("class", "class", required=True)
WORDS = Parameter("words", "text")
CLASSES = Parameter("classes", "classes", required=True)


@pytest.mark.parametrize(
    ("parameter", "value", "read"),
    [
        (COUNT, None, 3),
        (COUNT, "", 3),
        (COUNT, "7", 7),
        (COUNT, " +7 ", 7),
        (COUNT, 10, 10),
        (COUNT, np.int64(4), 4),
        (WHOLE, "-9223372036854775808", -(2**63)),
        (SHARE, "1e-1", 0.1),
        (SHARE, 1, 1.0),
        (SHARE, np.float32(0.5), 0.5),
        (SORT, "accuracy", "accuracy"),
        (EXACT, "TRUE", True),
        (EXACT, "0", False),
        (EXACT, False, False),
        (EXACT, None, None),
        (CLASS, "tench", "tench"),
        (CLASS, 396, 396),
        (CLASS, np.int32(396), 396),
        (WORDS, "1", "1"),
        (CLASSES, "tench, 396,brown bear", ("tench", "396", "brown bear")),
        (CLASSES, ["crane, the bird", np.int64(3)], ("crane, the bird", 3)),
        (CLASSES, range(2), (0, 1)),
        (CLASSES, 7, (7,)),
    ],
)
def test_a_value_is_read_as_its_type_says(parameter: Parameter, value: Any, read: Any) -> None:
    found = parameter.read(value)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (COUNT, "0", "count is 0: give a number from 1 to 10"),
        (COUNT, 11, "count is 11: give a number from 1 to 10"),
        (COUNT, "three", "count is 'three': give a whole number from 1 to 10"),
        (COUNT, "3.0", "count is '3.0': give a whole number from 1 to 10"),
        (COUNT, 3.0, "count is 3.0: give a whole number from 1 to 10"),
        (COUNT, True, "count is True: give a whole number from 1 to 10"),
        (COUNT, "٣", "count is '٣': give a whole number from 1 to 10"),
        (WHOLE, "9223372036854775808", "give a number from -9223372036854775808 to 9223372036854775807"),
        (WHOLE, "1" * 26, "give a whole number"),
        (SHARE, "nan", "share is 'nan': give a number from 0.0 to 1.0"),
        (SHARE, float("inf"), "share is inf: give a number from 0.0 to 1.0"),
        (SHARE, "1.01", "share is 1.01: give a number from 0.0 to 1.0"),
        (SORT, "acuracy", "sort is 'acuracy': give one of name, accuracy; did you mean accuracy?"),
        (EXACT, "maybe", "exact is 'maybe': give true or false"),
        (EXACT, 2, "exact is 2: give true or false"),
        (CLASS, None, "class is missing: give a class, by its number, its name or its id"),
        (CLASS, "", "class is missing: give a class, by its number, its name or its id"),
        (CLASS, 1.5, "class is 1.5: give a class, by its number, its name or its id"),
        (CLASS, ["tench"], "class is ['tench']: give a class, by its number, its name or its id"),
        (CLASSES, "", "classes is missing: give classes, each by number, name or id"),
        (CLASSES, "tench,,lionfish", "classes is ['tench', '', 'lionfish']: give classes"),
        (CLASSES, [], "classes is []: give classes"),
        (CLASSES, [True], "classes is [True]: give classes"),
        (CLASSES, {"tench": 1}, "classes is {'tench': 1}: give classes"),
        (CLASSES, 1.5, "classes is 1.5: give classes"),
        (CLASSES, "1," * MAXIMUM_LIST_LENGTH, f"classes is no text of up to {MAXIMUM_LIST_LENGTH} characters"),
        (WORDS, 5, "words is 5: give text"),
        (WORDS, "a\0b", f"words is no text of up to {MAXIMUM_TEXT_LENGTH} characters: give text"),
        (WORDS, "a" * (MAXIMUM_TEXT_LENGTH + 1), "words is no text of up to"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_one_line(parameter: Parameter, value: Any, said: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parameter.read(value)
    assert said in str(refusal.value)
    assert len(str(refusal.value)) < 200
    assert refusal.value.parameter == parameter.name
