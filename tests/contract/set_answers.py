"""What the queries about sets of neurons and classes must answer: shared, exclusive, frequent, alike, concentrated."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.contract.chains import Place

if TYPE_CHECKING:
    from tests.contract.oracle import Activation, Answer, Oracle, Row


def ranked(rows: list[tuple[Any, Row]]) -> Answer:
    """Rows in the order of their keys; the strength is what a key begins with."""
    return [(key[0], row) for key, row in sorted(rows, key=lambda found: found[0])]


def held(oracle: Oracle, number: int, scope: str, layer: str | None = None) -> dict[Place, Activation]:
    """What a class activates, in a scope and a layer."""
    return {
        place: found
        for place, found in oracle.activations[number].items()
        if (found.selected or scope == "all") and layer in (None, oracle.layer_of[place])
    }


def users(oracle: Oracle, scope: str, layer: str | None = None) -> dict[Place, list[int]]:
    """For each neuron the classes that activate it."""
    found = defaultdict(list)
    for number in sorted(oracle.classes):
        for place in held(oracle, number, scope, layer):
            found[place].append(number)
    return found


def enough(oracle: Oracle, number: int, count: int, minimum_count: int | None, minimum_share: float | None) -> bool:
    """Whether a count passes both thresholds."""
    if minimum_count is not None and count < minimum_count:
        return False
    return minimum_share is None or count / oracle.classes[number]["images"] >= minimum_share


def place_row(oracle: Oracle, place: Place) -> Row:
    return {
        "neuron": oracle.name_of[place],
        "layer": oracle.layer_of[place],
        "layer_index": place[0],
        "channel": place[1],
    }


def combine(
    oracle: Oracle,
    of_class: Callable[[int], dict[Any, int]],
    classes: Sequence[int],
    at_least: int,
    without: Sequence[int],
) -> list[tuple[Any, list[int], list[float]]]:
    """Neurons or edges with the classes that hold them and their strengths there."""
    strength = oracle.measure(classes)
    taken = {key for number in without for key in of_class(number)}
    members: dict[Any, list[int]] = defaultdict(list)
    strengths: dict[Any, list[float]] = defaultdict(list)
    for number in sorted(set(classes)):
        for key, count in of_class(number).items():
            members[key].append(number)
            strengths[key].append(strength(number, count))
    return [
        (key, found, strengths[key]) for key, found in members.items() if key not in taken and len(found) >= at_least
    ]


def members_row(members: list[int], strengths: list[float]) -> Row:
    return {"classes": len(members), "members": members, "weakest": min(strengths), "strongest": max(strengths)}


def answer_combined_neurons(
    oracle: Oracle,
    classes: Sequence[int],
    at_least: int = 1,
    without: Sequence[int] = (),
    layer: str | None = None,
    minimum_count: int | None = None,
    minimum_share: float | None = None,
    scope: str = "selected",
) -> Answer:
    def of_class(number: int) -> dict[Place, int]:
        counts = {}
        for place in oracle.vertices_in(number, scope):
            found = oracle.activations[number].get(place)
            count = 0 if found is None else found.count
            if layer in (None, oracle.layer_of[place]) and enough(oracle, number, count, minimum_count, minimum_share):
                counts[place] = count
        return counts

    rows = []
    for place, members, strengths in combine(oracle, of_class, classes, at_least, without):
        row = {**place_row(oracle, place), **members_row(members, strengths)}
        rows.append(((-len(members), -min(strengths), -place[0], place[1]), row))
    return ranked(rows)


def answer_combined_edges(
    oracle: Oracle,
    classes: Sequence[int],
    at_least: int = 1,
    without: Sequence[int] = (),
    minimum_count: int | None = None,
    minimum_share: float | None = None,
    scope: str = "selected",
) -> Answer:
    def of_class(number: int) -> dict[tuple[Place, Place], int]:
        return {
            (source, target): count
            for source, target, count, _ in oracle.edges_in(number, scope)
            if enough(oracle, number, count, minimum_count, minimum_share)
        }

    rows = []
    for (source, target), members, strengths in combine(oracle, of_class, classes, at_least, without):
        row = {"source": oracle.name_of[source], "target": oracle.name_of[target], **members_row(members, strengths)}
        order = (-len(members), -min(strengths), -target[0], target[1], -source[0], source[1])
        rows.append((order, row))
    return ranked(rows)


def answer_sharing_classes(
    oracle: Oracle, class_: int, layer: str | None = None, sort: str = "shared", scope: str = "selected"
) -> Answer:
    own = set(held(oracle, class_, scope, layer))
    rows = []
    for number, entry in oracle.classes.items():
        theirs = set(held(oracle, number, scope, layer))
        if number != class_ and own & theirs:
            row = {"class": number, "name": entry["name"], "shared": len(own & theirs), "neurons": len(theirs)}
            row["jaccard"] = len(own & theirs) / len(own | theirs)
            rows.append(((-row[sort], number), row))
    return ranked(rows)


@cache
def profile(oracle: Oracle, number: int) -> dict[int, dict[Place, int]]:
    """A class's counts in each layer."""
    counts: dict[int, dict[Place, int]] = defaultdict(dict)
    for place, found in oracle.activations[number].items():
        counts[place[0]][place] = found.count
    return counts


def cosine(oracle: Oracle, a: int, b: int, layer_index: int) -> float | None:
    """Cosine of two classes' counts in a layer; None where one has none."""
    one, other = (profile(oracle, number).get(layer_index, {}) for number in (a, b))
    norms = [sum(count**2 for count in counts.values()) for counts in (one, other)]
    product = sum(count * other.get(place, 0) for place, count in one.items())
    return product / math.sqrt(norms[0] * norms[1]) if norms[0] and norms[1] else None


def answer_similar_classes(oracle: Oracle, class_: int, layer: str | None = None, k: int = 5) -> Answer:
    answer: Answer = []
    before: list[int] = []
    for index, name, _ in oracle.layers:
        alike = [
            (cosine(oracle, class_, number, index) or 0.0, number) for number in oracle.classes if number != class_
        ]
        best = sorted(((-found, number) for found, number in alike if found > 0))
        for rank, (negative, number) in enumerate(best[:k], start=1):
            if layer in (None, name):
                row = {"layer": name, "layer_index": index, "rank": rank, "class": number}
                row |= {"name": oracle.classes[number]["name"], "similarity": -negative}
                answer.append(
                    (negative, {**row, "rank_before": before.index(number) + 1 if number in before else None})
                )
        before = [number for _, number in best]
    return answer


def answer_class_overlap(oracle: Oracle, class_a: int, class_b: int, scope: str = "selected") -> Answer:
    rows: Answer = []
    for index, name, _ in reversed(oracle.layers):
        a, b = (set(held(oracle, number, scope, name)) for number in (class_a, class_b))
        if held(oracle, class_a, "all", name) or held(oracle, class_b, "all", name):
            row = {"layer": name, "layer_index": index, "neurons_a": len(a), "neurons_b": len(b), "shared": len(a & b)}
            row["jaccard"] = len(a & b) / len(a | b) if a | b else None
            rows.append((-index, {**row, "similarity": cosine(oracle, class_a, class_b, index)}))
    return rows


def answer_distinguishing_neurons(
    oracle: Oracle, class_a: int, class_b: int, layer: str | None = None, scope: str = "selected"
) -> Answer:
    strength = oracle.measure([class_a, class_b])
    rows = []
    for place in set(held(oracle, class_a, scope, layer)) | set(held(oracle, class_b, scope, layer)):
        found = [oracle.activations[number].get(place) for number in (class_a, class_b)]
        count_a, count_b = (0 if one is None else one.count for one in found)
        difference = strength(class_a, count_a) - strength(class_b, count_b)
        if difference != 0:
            row = {"neuron": oracle.name_of[place], "layer": oracle.layer_of[place], "difference": difference}
            row |= {"share_a": oracle.share(class_a, count_a), "share_b": oracle.share(class_b, count_b)}
            rows.append(((-abs(difference), -place[0], place[1]), {**row, "count_a": count_a, "count_b": count_b}))
    return ranked(rows)


def answer_exclusive_neurons(
    oracle: Oracle,
    classes: Sequence[int],
    precision: float = 1.0,
    at_least: int = 1,
    layer: str | None = None,
    scope: str = "selected",
) -> Answer:
    strength = oracle.measure(classes)
    rows = []
    for place, numbers in users(oracle, scope, layer).items():
        inside = [number for number in numbers if number in classes]
        if len(inside) >= at_least and len(inside) / len(numbers) >= precision:
            strengths = [strength(number, oracle.activations[number][place].count) for number in inside]
            row: Row = {"neuron": oracle.name_of[place], "layer": oracle.layer_of[place], "inside": len(inside)}
            row |= {"outside": len(numbers) - len(inside), "precision": len(inside) / len(numbers)}
            row |= {"recall": len(inside) / len(set(classes)), "weakest": min(strengths), "strongest": max(strengths)}
            rows.append(((-row["precision"], -row["recall"], -max(strengths), -place[0], place[1]), row))
    return ranked(rows)


def answer_hub_neurons(oracle: Oracle, layer: str | None = None, scope: str = "selected") -> Answer:
    rows = []
    for place, numbers in users(oracle, scope, layer).items():
        row = {**place_row(oracle, place), "classes": len(numbers), "part": len(numbers) / len(oracle.classes)}
        rows.append(((-len(numbers), -place[0], place[1]), row))
    return ranked(rows)


def answer_class_groups(
    oracle: Oracle, smallest: int = 2, largest: int = 20, layer: str | None = None, scope: str = "selected"
) -> Answer:
    strength = oracle.measure(list(oracle.classes))
    rows = []
    for place, numbers in users(oracle, scope, layer).items():
        if smallest <= len(numbers) <= largest:
            strengths = [strength(number, oracle.activations[number][place].count) for number in numbers]
            row = {"neuron": oracle.name_of[place], "layer": oracle.layer_of[place], **members_row(numbers, strengths)}
            rows.append(((-min(strengths), -len(numbers), -place[0], place[1]), row))
    return ranked(rows)


@cache
def edge_uses(oracle: Oracle) -> dict[tuple[Place, Place], list[int]]:
    """For each selected edge of some class its count in each class that has it."""
    counts = defaultdict(list)
    for number in oracle.classes:
        for source, target, count, _ in oracle.edges_in(number, "selected"):
            counts[source, target].append(count)
    return counts


def answer_frequent_edges(oracle: Oracle, layer: str | None = None) -> Answer:
    rows = []
    for (source, target), counts in edge_uses(oracle).items():
        if layer in (None, oracle.layer_of[target]):
            row = {"source": oracle.name_of[source], "target": oracle.name_of[target], "classes": len(counts)}
            count = sum(counts)
            order = (-len(counts), -count, -target[0], target[1], -source[0], source[1])
            rows.append((order, {**row, "count": count}))
    return ranked(rows)


def answer_frequent_chains(oracle: Oracle, layer: str | None = None, scope: str = "selected") -> Answer:
    classes: Counter[tuple[Place, Place, Place]] = Counter()
    for number in oracle.classes:
        out = defaultdict(list)
        edges = [
            (source, target)
            for source, target, _, _ in oracle.edges_in(number, scope)
            if layer is None or layer in (oracle.layer_of[source], oracle.layer_of[target])
        ]
        for source, target in edges:
            out[source].append(target)
        for source, middle in edges:
            if layer in (None, oracle.layer_of[middle]):
                classes.update((source, middle, target) for target in out[middle])
    rows = []
    for (source, middle, target), number_of in classes.items():
        row: Row = {name: oracle.name_of[place] for name, place in (("source", source), ("middle", middle))}
        row |= {"target": oracle.name_of[target], "classes": number_of}
        order = (-number_of, -target[0], target[1], -middle[0], middle[1], -source[0], source[1])
        rows.append((order, row))
    return ranked(rows)


def answer_confused_classes(oracle: Oracle, class_: int | None = None, scope: str = "selected") -> Answer:
    rows = []
    for (number, predicted), count in oracle.confused.items():
        if class_ in (None, number, predicted):
            shared = oracle.answer("shared_neurons", {"class_a": number, "class_b": predicted, "scope": scope})
            row = {"class": number, "name": oracle.classes[number]["name"], "predicted": predicted}
            row |= {"predicted_name": oracle.classes[predicted]["name"], "count": count}
            row |= {"share": oracle.share(number, count), "shared": len(shared)}
            rows.append(((-count, number, predicted), {**row, "neurons": [found["neuron"] for _, found in shared]}))
    return ranked(rows)


def answer_weak_classes(oracle: Oracle, scope: str = "selected") -> Answer:
    rows = []
    for number, entry in oracle.classes.items():
        accuracy = oracle.accuracy(number)
        if accuracy is None:
            continue
        tops = []
        for _, name, _ in oracle.layers:
            counts = [found.count for found in held(oracle, number, scope, name).values()]
            if counts:
                tops.append(max(counts) / entry["images"])
        row = {"class": number, "name": entry["name"], "accuracy": accuracy, "images": entry["images"]}
        row |= {"neurons": len(held(oracle, number, scope)), "top_share": sum(tops) / len(tops) if tops else None}
        rows.append(((accuracy, number), {**row, "top_shares": tops}))
    return ranked(rows)


def answer_concentration(
    oracle: Oracle, class_: int | None = None, layer: str | None = None, scope: str = "selected"
) -> Answer:
    rows = []
    for number, entry in oracle.classes.items():
        for index, name, _ in oracle.layers:
            counts = {place: found.count for place, found in held(oracle, number, scope, name).items()}
            if not counts or class_ not in (None, number) or layer not in (None, name):
                continue
            top = min(counts, key=lambda place: (-counts[place], place[1]))
            part = counts[top] / sum(counts.values()) if counts[top] else 0.0
            row = {"class": number, "name": entry["name"], "layer": name, "neurons": len(counts)}
            row |= {"top_neuron": oracle.name_of[top], "top_count": counts[top]}
            row |= {"top_share": oracle.share(number, counts[top]), "concentration": part}
            rows.append(((-part, number, -index), row))
    return ranked(rows)
