"""Values to ask every query with, found in the oracle of whatever graph there is: ordinary, with ties, with no rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, pairwise
from typing import Any

from summit_graph.queries import packaged_catalogue
from tests.contract.chains import Place
from tests.contract.oracle import Answer, Oracle

Values = dict[str, Any]

ORDINARY = 5
"""How many ordinary values a query is asked with, besides those that tie and those that answer nothing."""
LOOKED_AT, LOOKED_AT_OF_MANY = 400, 60
"""How many values are tried in the search for a tie and for an empty answer; of a run with many classes fewer."""
TIES_ONLY_GENERATED = {"class_neurons", "weak_classes"}
"""Their order is by importance or accuracy, real numbers, which tie in generated runs alone."""
SINGLE_ROW = {"run_contents", "class_details", "neuron_details", "common_chain"}
NEVER_EMPTY = {
    "layers", "class_layers", "class_details", "class_positions", "confused_classes", "neuron_details",
    "neuron_examples", "hub_neurons", "run_contents", "weak_classes",
}  # fmt: skip
"""On generated runs, in which every neuron is activated by some class and every class taken for another."""
WITHOUT_TIES = SINGLE_ROW | {
    "layers", "class_layers", "class_overlap", "class_positions", "classes", "neuron_examples", "similar_classes",
}  # fmt: skip
"""Their order is by what no two rows have in common (`classes`: by number, unless another order is asked for), or by a
cosine: tests/queries/test_search.py makes those tie."""


def cases(oracle: Oracle, query: str) -> list[Values]:
    """Values for a query: some ordinary, one with three rows and a tie, one without rows, if the graph has them."""
    found = list(islice(candidates(oracle, query), ORDINARY))
    tie = first(oracle, query, has_tie)
    nothing = first(oracle, query, lambda answer: not answer)
    return found + [values for values in (tie, nothing) if values is not None and values not in found]


def first(oracle: Oracle, query: str, wanted: Any) -> Values | None:
    """The first values whose answer is as wanted."""
    looked_at = LOOKED_AT if len(oracle.classes) < 100 else LOOKED_AT_OF_MANY
    tried = islice(candidates(oracle, query), looked_at)
    return next((values for values in tried if wanted(oracle.answer(query, values))), None)


def lacks(oracle: Oracle, query: str) -> bool:
    """Whether the run lacks what the query cannot do without."""
    [(_, holdings)] = oracle.answer("run_contents", {})
    return not all(holdings[need] for need in packaged_catalogue().get(query).header.needs)


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
    elif query == "class_positions":
        yield from ({"layer": layer} for _, layer, _ in oracle.layers)
    elif query in OF_CLASS:
        for number in spread(numbers):
            yield from of_class(oracle, query, number)
    elif query in OF_TWO_CLASSES:
        yield {"class_a": numbers[0], "class_b": numbers[0]}
        for a, b in pairs(numbers):
            yield from of_two_classes(oracle, query, a, b)
        yield {"class_a": numbers[-1], "class_b": numbers[-1]}
    elif query in OF_CLASSES:
        for some in groups(numbers):
            yield from of_classes(oracle, query, some)
    elif query in {"neuron_classes", "neuron_details", "neuron_examples"}:
        for neuron in neurons(oracle):
            yield {"neuron": neuron}
            if query != "neuron_examples":
                yield {"neuron": neuron, "scope": "all"}
    elif query in {"neuron_inputs", "neuron_outputs", "neighbourhood", "widest_paths"}:
        for number in spread(numbers):
            if query == "widest_paths":
                yield from ({"class": number}, {"class": number, "scope": "all", "k": 20})
            for place in sorted(oracle.vertices[number], reverse=query == "neuron_inputs"):
                yield from of_neuron(oracle, query, number, place)
    elif query in OF_LAYER:
        yield from of_layer(oracle, query)
    else:
        raise AssertionError(f"no case asks the query {query}: say here with which values it is tried")


OF_CLASS = {
    "class_neurons", "class_edges", "class_layers", "class_details", "sharing_classes", "similar_classes",
    "confused_classes",
}  # fmt: skip
OF_TWO_CLASSES = {
    "shared_neurons", "bridging_classes", "meeting", "class_overlap", "distinguishing_neurons", "common_chain",
}  # fmt: skip
OF_CLASSES = {"combined_neurons", "combined_edges", "exclusive_neurons"}
OF_LAYER = {"hub_neurons", "frequent_edges", "frequent_chains", "class_groups", "weak_classes", "concentration"}


def of_class(oracle: Oracle, query: str, number: int) -> Iterator[Values]:
    """Values for the queries about one class."""
    layers = [layer for _, layer, _ in oracle.layers]
    if query == "confused_classes":
        yield from ({}, {"limit": 3, "scope": "all"})
    yield {"class": number}
    if query not in {"class_layers", "similar_classes"}:
        yield {"class": number, "scope": "all"}
    if query in {"class_neurons", "class_edges"}:
        yield {"class": number, "minimum_count": 9, "scope": "all"}
        if oracle.classes[number]["images"]:
            yield {"class": number, "minimum_share": 0.5}
        if oracle.totals.get(str(number)):
            yield {"class": number, "mass": 0.04}
    if query == "sharing_classes":
        yield {"class": number, "sort": "jaccard", "limit": 7}
    if query == "similar_classes":
        yield from ({"class": number, "k": 2, "layer": layers[1]}, {"class": number, "k": 20})
    if query in {"class_neurons", "sharing_classes", "similar_classes"}:
        for layer in layers:
            yield {"class": number, "layer": layer}


def of_two_classes(oracle: Oracle, query: str, a: int, b: int) -> Iterator[Values]:
    """Values for the queries about two classes."""
    layers = [layer for _, layer, _ in oracle.layers]
    yield {"class_a": a, "class_b": b}
    yield {"class_a": b, "class_b": a, "scope": "all"}
    if query in {"shared_neurons", "distinguishing_neurons"}:
        yield {"class_a": a, "class_b": b, "layer": layers[-1]}
        yield {"class_a": a, "class_b": b, "scope": "all", "limit": 2}
    if query == "meeting":
        yield {"class_a": a, "class_b": b, "k": 50}
    if query in {"meeting", "common_chain"}:
        yield {"class_a": a, "class_b": b, "lowest": layers[1], "highest": layers[-2], "scope": "all"}


def of_classes(oracle: Oracle, query: str, some: list[int]) -> Iterator[Values]:
    """Values for the queries about a set of classes."""
    last = oracle.layers[-1][1]
    yield {"classes": some}
    if query == "exclusive_neurons":
        yield {"classes": some, "precision": 0.5, "scope": "all"}
        yield {"classes": some, "precision": 0.1, "at_least": 2, "layer": last}
        return
    yield {"classes": some, "at_least": 2, "scope": "all"}
    yield {"classes": some[:-1], "without": some[-1:], "minimum_count": 4}
    yield {"classes": some, "at_least": len(some)}
    if all(oracle.classes[number]["images"] is not None for number in some):
        yield {"classes": some, "minimum_share": 0.6, "scope": "all"}
    if query == "combined_neurons":
        yield {"classes": some, "layer": last}


def of_neuron(oracle: Oracle, query: str, number: int, place: Place) -> Iterator[Values]:
    """Values for the queries about a neuron in a class."""
    neuron = oracle.name_of[place]
    if query == "widest_paths":
        layers = [layer for _, layer, _ in oracle.layers]
        yield {"class": number, "source": neuron, "k": 9}
        yield {"class": number, "target": neuron, "scope": "all"}
        ends = [target for source, target, _, _ in oracle.edges[number] if source == place]
        for target in ends[:1]:
            yield {"class": number, "source": neuron, "target": oracle.name_of[target], "scope": "all"}
        yield {"class": number, "target": neuron, "lowest": layers[1], "highest": layers[-2]}
        return
    yield {"class": number, "neuron": neuron}
    yield {"class": number, "neuron": neuron, "scope": "all"}
    if query == "neighbourhood":
        yield {"class": number, "neuron": neuron, "steps": 3}


def of_layer(oracle: Oracle, query: str) -> Iterator[Values]:
    """Values for the queries over all classes, of one layer or of all."""
    layers = [layer for _, layer, _ in oracle.layers]
    if query == "weak_classes":
        yield from ({}, {"scope": "all"}, {"limit": 2})
        return
    if query == "frequent_edges":
        layers.reverse()
    # Of a thousand classes these take seconds: they are asked of one layer at a time.
    if not (query in {"frequent_chains", "concentration"} and len(oracle.classes) > 100):
        yield {}
    for layer in layers:
        yield {"layer": layer}
        if query == "class_groups":
            yield {"layer": layer, "smallest": 3, "largest": 4}
        if query != "frequent_edges":
            yield {"layer": layer, "scope": "all"}
        if query == "concentration":
            yield {"class": sorted(oracle.classes)[-1], "layer": layer}


def groups(numbers: list[int]) -> Iterator[list[int]]:
    """Three classes that are neighbours, then some from everywhere, then one alone."""
    for start in range(0, min(len(numbers) - 2, LOOKED_AT // 10)):
        yield numbers[start : start + 3]
    yield sorted(spread(numbers)[:5])
    yield numbers[-1:]


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
