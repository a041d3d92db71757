"""Values to ask every query with, found in the oracle of whatever graph there is: ordinary, with ties, with no rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, pairwise
from typing import Any

from tests.contract.oracle import Answer, Oracle

Values = dict[str, Any]

ORDINARY = 3
"""How many ordinary values a query is asked with, besides those that tie and those that answer nothing."""
LOOKED_AT = 400
"""How many values are tried in the search for a tie and for an empty answer."""
TIES_ONLY_GENERATED = {"class_neurons"}
"""Its order is by importance, a real number, which ties in generated runs alone."""
NEVER_EMPTY = {"layers", "class_layers", "run_contents"}
WITHOUT_TIES = {"layers", "class_layers", "run_contents", "classes"}
"""Their order is by what no two rows have in common (`classes`: by number, unless another order is asked for)."""


def cases(oracle: Oracle, query: str) -> list[Values]:
    """Values for a query: some ordinary, one with three rows and a tie, one without rows, if the graph has them."""
    found = list(islice(candidates(oracle, query), ORDINARY))
    tie = first(oracle, query, has_tie)
    nothing = first(oracle, query, lambda answer: not answer)
    return found + [values for values in (tie, nothing) if values is not None and values not in found]


def first(oracle: Oracle, query: str, wanted: Any) -> Values | None:
    """The first values whose answer is as wanted."""
    tried = islice(candidates(oracle, query), LOOKED_AT)
    return next((values for values in tried if wanted(oracle.answer(query, values))), None)


def has_tie(answer: Answer) -> bool:
    """Three rows or more, two of them equally strong."""
    strengths = [strength for strength, _ in answer]
    return len(strengths) >= 3 and any(a == b for a, b in pairwise(strengths))


def candidates(oracle: Oracle, query: str) -> Iterator[Values]:
    """Every value worth asking with, the ordinary first."""
    numbers = sorted(oracle.classes)
    if query in {"layers", "run_contents"}:
        yield {}
    elif query == "classes":
        names = [entry["name"] for entry in oracle.classes.values()]
        yield from ({"sort": "name"}, {"sort": "accuracy"}, {"sort": "images"}, {"search": names[0][1:4].upper()})
        yield from ({}, {"search": "no class has this in its name"})
    elif query in {"class_neurons", "class_edges", "class_layers"}:
        for number in spread(numbers):
            yield {"class": number}
            if query != "class_layers":
                yield {"class": number, "scope": "all"}
            if query == "class_neurons":
                for _, layer, _ in oracle.layers:
                    yield {"class": number, "layer": layer}
    elif query in {"shared_neurons", "bridging_classes", "meeting"}:
        for a, b in pairs(numbers):
            yield {"class_a": a, "class_b": b}
            yield {"class_a": b, "class_b": a, "scope": "all"}
            if query == "shared_neurons":
                yield {"class_a": a, "class_b": b, "layer": oracle.layers[-1][1]}
                yield {"class_a": a, "class_b": b, "scope": "all", "limit": 2}
            if query == "meeting":
                yield {"class_a": a, "class_b": b, "k": 50}
    elif query == "neuron_classes":
        for neuron in neurons(oracle):
            yield {"neuron": neuron}
            yield {"neuron": neuron, "scope": "all"}
    elif query in {"neuron_inputs", "neuron_outputs"}:
        for number in spread(numbers):
            for place in sorted(oracle.vertices[number], reverse=query == "neuron_inputs"):
                yield {"class": number, "neuron": oracle.name_of[place]}
                yield {"class": number, "neuron": oracle.name_of[place], "scope": "all"}
    else:
        raise AssertionError(f"no case asks the query {query}: say here with which values it is tried")


def spread(numbers: list[int]) -> list[int]:
    """The numbers in another order, so that the first few come from everywhere."""
    step = max(1, len(numbers) // 7)
    return [number for start in range(step) for number in numbers[start::step]]


def pairs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs of neighbours first (they are alike), then any."""
    yield from pairwise(numbers)
    yield from islice(combinations(spread(numbers), 2), LOOKED_AT)


def neurons(oracle: Oracle) -> list[str]:
    """The neurons of the graphs, those of most classes first; then those of none."""
    uses: dict[str, int] = dict.fromkeys(oracle.name_of.values(), 0)
    for activations in oracle.activations.values():
        for place, activation in activations.items():
            uses[oracle.name_of[place]] += activation.selected
    return sorted(uses, key=lambda neuron: (uses[neuron] == 0, -uses[neuron] if uses[neuron] < 60 else 0, neuron))
