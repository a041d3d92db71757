"""What every canned query must answer, from a run directory's tables, in plain loops.

Nothing here knows how a store holds a run: it reads the Parquet tables and the definitions. Each answer is a list of
(strength, row) in the order that the query's header promises; the strength is what the order begins with, so that
tests can see where rows tie.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from summit_graph.run import Run
from tests.contract import path_answers, set_answers
from tests.contract.chains import Place, strongest_chain

Row = dict[str, Any]
Answer = list[tuple[Any, Row]]
Edge = tuple[Place, Place, int, bool]
"""Two neurons, the count, whether the edge is selected."""


@dataclass(frozen=True)
class Activation:
    """What a class's table says of a neuron."""

    count: int
    importance: float
    selected: bool


class Oracle:
    """A run as a store holds it after a load with `scope`."""

    def __init__(self, run: Run, scope: str) -> None:
        self.run = run.manifest.run
        self.layers = [(entry.index, entry.name, entry.channels) for entry in run.manifest.layers]
        layer_name = {index: name for index, name, _ in self.layers}
        places: dict[int, Place] = {}
        for row in run.table("neurons").to_pylist():
            places[row["neuron"]] = (row["layer_index"], row["channel"])
        self.name_of = {place: f"{layer_name[place[0]]}/{place[1]}" for place in places.values()}
        self.layer_of = {place: layer_name[place[0]] for place in places.values()}
        self.classes = {row["class"]: row for row in run.table("classes").to_pylist()}
        self.totals = run.manifest.totals
        self.activations: dict[int, dict[Place, Activation]] = {number: {} for number in self.classes}
        self.importances: dict[int, dict[Place, Activation]] = {number: {} for number in self.classes}
        self.edges: dict[int, list[Edge]] = {number: [] for number in self.classes}
        self.vertices: dict[int, dict[Place, bool]] = {number: {} for number in self.classes}
        for number in run.class_numbers:
            for row in run.table("activations", number).to_pylist():
                place = places[row["neuron"]]
                activation = Activation(row["count"], row["importance"], row["selected"])
                self.importances[number][place] = activation
                if activation.count > 0 or activation.selected:
                    self.activations[number][place] = activation
                if activation.selected:
                    self.vertices[number][place] = True
            for row in run.table("influences", number).to_pylist():
                source, target = places[row["source"]], places[row["target"]]
                if row["selected"] or scope == "all":
                    self.edges[number].append((source, target, row["count"], row["selected"]))
                    for end in (source, target):
                        self.vertices[number].setdefault(end, False)
                        self.importances[number].setdefault(end, Activation(0, 0.0, False))
        self.placed: dict[tuple[int, int], tuple[float, float]] = {}
        if run.has("embedding"):
            for row in run.table("embedding").to_pylist():
                self.placed[row["class"], row["layer_index"]] = (row["x"], row["y"])
        self.has_examples = run.has("examples")
        self.examples: dict[Place, list[Row]] = {}
        for row in run.table("examples").to_pylist() if self.has_examples else []:
            self.examples.setdefault(places[row["neuron"]], []).append(row)
        self.predictions: dict[int, list[tuple[int, float]]] = {}
        for number in run.class_numbers:
            if run.has("predictions", number):
                rows = run.table("predictions", number).to_pylist()
                self.predictions[number] = [(row["predicted"], row["probability"]) for row in rows]
        self.confused = Counter(
            (number, predicted)
            for number, found in self.predictions.items()
            for predicted, _ in found
            if predicted != number and predicted in self.classes
        )
        self._answers: dict[str, Answer] = {}

    def share(self, number: int, count: int) -> float | None:
        """A count as a share of the class's images."""
        images = self.classes[number]["images"]
        return None if images is None else count / (images or 1)

    def accuracy(self, number: int) -> float | None:
        """The share of the class's images that were predicted right."""
        images, correct = self.classes[number]["images"], self.classes[number]["correct"]
        return None if not images or correct is None else correct / images

    def measure(self, numbers: Sequence[int]) -> Callable[[int, int], float]:
        """Strength of a count in a class: its share, or its count where one of the classes has none."""
        if any(self.classes[number]["images"] is None for number in numbers):
            return lambda number, count: float(count)
        return lambda number, count: count / (self.classes[number]["images"] or 1)

    def answer(self, query: str, values: Row) -> Answer:
        """The rows of a query; in `values` classes are said by number, neurons as layer/channel."""
        key = json.dumps([query, sorted(values.items())])
        if key not in self._answers:
            asked = {"class_" if name == "class" else name: value for name, value in values.items() if name != "limit"}
            self._answers[key] = self._answerer(query)(**asked)[: values.get("limit")]
        return self._answers[key]

    def _answerer(self, query: str) -> Callable[..., Answer]:
        """The method or function of that query."""
        for place in (set_answers, path_answers):
            if hasattr(place, f"answer_{query}"):
                return partial(getattr(place, f"answer_{query}"), self)
        answers: Callable[..., Answer] = getattr(self, f"answer_{query}")
        return answers

    def answer_layers(self) -> Answer:
        return [(i, {"layer": name, "layer_index": i, "channels": channels}) for i, name, channels in self.layers]

    def answer_classes(self, search: str = "", sort: str = "number") -> Answer:
        rows = []
        for number, entry in self.classes.items():
            if search.lower() in entry["name"].lower():
                accuracy = self.accuracy(number)
                keys = {
                    "number": 0,
                    "name": entry["name"],
                    "accuracy": -(-1.0 if accuracy is None else accuracy),
                    "images": -(-1 if entry["images"] is None else entry["images"]),
                }
                row = {"class": number, **{name: entry[name] for name in ("name", "images", "correct")}}
                rows.append((keys[sort], {**row, "accuracy": accuracy, "probabilities": self.probabilities(number)}))
        return sorted(rows, key=lambda found: (found[0], found[1]["class"]))

    def probabilities(self, number: int) -> list[int] | None:
        """How many of the class's predictions fall into each twentieth from 0 to 1; None without predictions."""
        if number not in self.predictions:
            return None
        bars = [0] * 20
        for _, probability in self.predictions[number]:
            bars[min(int(probability * 20), 19)] += 1
        return bars

    def answer_class_positions(self, layer: str) -> Answer:
        [index] = [index for index, name, _ in self.layers if name == layer]
        found = {number: place for (number, at), place in self.placed.items() if at == index}
        return [
            (number, {"class": number, "name": self.classes[number]["name"], "x": x, "y": y})
            for number, (x, y) in sorted(found.items())
        ]

    def answer_class_layers(self, class_: int) -> Answer:
        rows = []
        for index, layer, _ in self.layers:
            x, y = self.placed.get((class_, index), (None, None))
            totals = self.totals.get(str(class_), {}).get(layer, {})
            row: Row = {"layer": layer, "layer_index": index, "x": x, "y": y}
            for name in ("importance", "influence"):
                row[name] = float(totals[name]) if name in totals else None
            rows.append((index, row))
        return rows

    def answer_class_neurons(
        self,
        class_: int,
        layer: str | None = None,
        minimum_count: int | None = None,
        minimum_share: float | None = None,
        mass: float | None = None,
        scope: str = "selected",
    ) -> Answer:
        kept = None if mass is None else self.within_mass(class_, mass, scope)
        rows = []
        for place, found in self.importances[class_].items():
            if mass is None and place not in self.activations[class_]:
                continue
            if layer not in (None, self.layer_of[place]) or not (found.selected or scope == "all"):
                continue
            if kept is not None and place not in kept:
                continue
            if set_answers.enough(self, class_, found.count, minimum_count, minimum_share):
                row = {
                    "neuron": self.name_of[place],
                    "layer": self.layer_of[place],
                    "layer_index": place[0],
                    "channel": place[1],
                    **self.activation_row(class_, found),
                }
                rows.append((found.importance, row))
        return sorted(rows, key=lambda found: (-found[1]["layer_index"], -found[0], found[1]["channel"]))

    def within_mass(self, number: int, mass: float, scope: str) -> set[Place]:
        """The class's most important vertices, in each layer up to this share of the layer's total."""
        kept = set()
        for index, layer, _ in self.layers:
            places = [place for place in self.vertices_in(number, scope) if place[0] == index]
            places.sort(key=lambda place: (-self.importances[number][place].importance, place[1]))
            reached = 0.0
            for place in places:
                importance = self.importances[number][place].importance
                if reached < mass * self.totals[str(number)][layer]["importance"] and importance > 0:
                    kept.add(place)
                reached += importance
        return kept

    def activation_row(self, number: int, found: Activation) -> Row:
        """The columns that several queries have of an ACTIVATES."""
        return {
            "count": found.count,
            "share": self.share(number, found.count),
            "importance": found.importance,
            "selected": found.selected,
        }

    def edges_in(self, number: int, scope: str) -> list[Edge]:
        """The edges of a class that a scope lets through."""
        return [edge for edge in self.edges[number] if edge[3] or scope == "all"]

    def answer_class_edges(
        self,
        class_: int,
        minimum_count: int | None = None,
        minimum_share: float | None = None,
        mass: float | None = None,
        scope: str = "selected",
    ) -> Answer:
        strength = self.measure([class_])
        kept = None if mass is None else self.within_mass(class_, mass, scope)
        rows = []
        for source, target, count, selected in self.edges_in(class_, scope):
            if not set_answers.enough(self, class_, count, minimum_count, minimum_share):
                continue
            if kept is not None and not {source, target} <= kept:
                continue
            row = {"source": self.name_of[source], "target": self.name_of[target], "count": count}
            row |= {"share": self.share(class_, count), "selected": selected}
            order = (-strength(class_, count), -target[0], target[1], -source[0], source[1])
            rows.append((order, row))
        return [(order[0], row) for order, row in sorted(rows, key=lambda found: found[0])]

    def answer_class_details(self, class_: int, scope: str = "selected") -> Answer:
        entry = self.classes[class_]
        row = {"class": class_, **{name: entry[name] for name in ("name", "images", "correct")}}
        row |= {"accuracy": self.accuracy(class_), "probabilities": self.probabilities(class_)}
        counted = {"neurons": len(self.vertices_in(class_, scope)), "edges": len(self.edges_in(class_, scope))}
        return [(0, {**row, **counted})]

    def answer_neuron_details(self, neuron: str, scope: str = "selected") -> Answer:
        place = next(place for place, name in self.name_of.items() if name == neuron)
        uses = {number: found[place] for number, found in self.activations.items() if place in found}
        uses = {number: found for number, found in uses.items() if found.selected or scope == "all"}
        edges = [edge for number in self.classes for edge in self.edges_in(number, "selected")]
        shares = [self.share(number, found.count) for number, found in uses.items()]
        row = {"neuron": neuron, "layer": self.layer_of[place], "layer_index": place[0], "channel": place[1]}
        row |= {"classes": len(uses), "largest_count": max((found.count for found in uses.values()), default=None)}
        row |= {"largest_share": max((share for share in shares if share is not None), default=None)}
        row |= {"inputs": len({edge[0] for edge in edges if edge[1] == place})}
        row |= {"outputs": len({edge[1] for edge in edges if edge[0] == place})}
        return [(0, {**row, "examples": len(self.examples.get(place, ()))})]

    def answer_neuron_examples(self, neuron: str) -> Answer:
        place = next(place for place, name in self.name_of.items() if name == neuron)
        columns = ("rank", "image", "activation", "x0", "y0", "x1", "y1")
        rows = sorted(self.examples.get(place, ()), key=lambda row: int(row["rank"]))
        return [(-row["activation"], {name: row[name] for name in columns}) for row in rows]

    def answer_shared_neurons(
        self, class_a: int, class_b: int, layer: str | None = None, scope: str = "selected"
    ) -> Answer:
        strength = self.measure([class_a, class_b])
        rows = []
        for place, a in self.activations[class_a].items():
            b = self.activations[class_b].get(place)
            if b is None or layer not in (None, self.layer_of[place]):
                continue
            if scope == "selected" and not (a.selected and b.selected):
                continue
            row = {
                "neuron": self.name_of[place],
                "share_a": self.share(class_a, a.count),
                "share_b": self.share(class_b, b.count),
                "count_a": a.count,
                "count_b": b.count,
            }
            weaker = min(strength(class_a, a.count), strength(class_b, b.count))
            rows.append(((-weaker, -place[0], place[1]), row))
        return [(order[0], row) for order, row in sorted(rows, key=lambda found: found[0])]

    def answer_neuron_classes(self, neuron: str, scope: str = "selected") -> Answer:
        found = {}
        for number, activations in self.activations.items():
            for place, activation in activations.items():
                if self.name_of[place] == neuron and (activation.selected or scope == "all"):
                    found[number] = activation
        strength = self.measure(list(found))
        rows = []
        for number, activation in found.items():
            row = {"class": number, "name": self.classes[number]["name"], **self.activation_row(number, activation)}
            rows.append(((-strength(number, activation.count), number), row))
        return [(order[0], row) for order, row in sorted(rows, key=lambda entry: entry[0])]

    def answer_neuron_inputs(self, class_: int, neuron: str, scope: str = "selected") -> Answer:
        edges = [(target, source, count, kept) for source, target, count, kept in self.edges_in(class_, scope)]
        return self._joined(class_, neuron, edges)

    def answer_neuron_outputs(self, class_: int, neuron: str, scope: str = "selected") -> Answer:
        return self._joined(class_, neuron, self.edges_in(class_, scope))

    def _joined(self, number: int, neuron: str, edges: list[Edge]) -> Answer:
        """The second ends of the edges that have the neuron as their first."""
        strength = self.measure([number])
        rows = []
        for this, other, count, selected in edges:
            if self.name_of[this] == neuron:
                row = {"neuron": self.name_of[other], "layer": self.layer_of[other], "channel": other[1]}
                row |= {"count": count, "share": self.share(number, count), "selected": selected}
                rows.append(((-strength(number, count), -other[0], other[1]), row))
        return [(order[0], row) for order, row in sorted(rows, key=lambda found: found[0])]

    def vertices_in(self, number: int, scope: str) -> set[Place]:
        """The vertices of a class that a scope lets through."""
        return {place for place, selected in self.vertices[number].items() if selected or scope == "all"}

    def answer_bridging_classes(self, class_a: int, class_b: int, scope: str = "selected") -> Answer:
        a, b = self.vertices_in(class_a, scope), self.vertices_in(class_b, scope)
        rows = []
        for number in self.classes:
            own = self.vertices_in(number, scope)
            with_a, with_b = len(own & a), len(own & b)
            if number not in (class_a, class_b) and with_a > 0 and with_b > 0:
                row = {"class": number, "name": self.classes[number]["name"], "shared_a": with_a, "shared_b": with_b}
                rows.append(((-min(with_a, with_b), -(with_a + with_b), number), row))
        return [(order[0], row) for order, row in sorted(rows, key=lambda found: found[0])]

    def answer_run_contents(self) -> Answer:
        counted = all(entry["images"] is not None for entry in self.classes.values())
        predicted = any(self.accuracy(number) is not None for number in self.classes)
        return [(0, {"share": counted, "predictions": predicted, "examples": self.has_examples})]

    def answer_meeting(
        self,
        class_a: int,
        class_b: int,
        lowest: str | None = None,
        highest: str | None = None,
        scope: str = "selected",
        k: int = 5,
    ) -> Answer:
        graph_of = partial(path_answers.graph_of, self, scope=scope, lowest=lowest, highest=highest)
        direct = self._leg(1, class_a, class_b, graph_of, k, [class_a, class_b])
        if direct:
            return direct
        for _, between in self.answer_bridging_classes(class_a, class_b, scope):
            third = between["class"]
            involved = [class_a, third, class_b]
            down = self._leg(1, class_a, third, graph_of, k, involved)
            up = self._leg(2, third, class_b, graph_of, k, involved)
            if down and up:
                return down + up
        return []

    def _leg(
        self, leg: int, class_a: int, class_b: int, graph_of: Callable[..., Any], k: int, involved: list[int]
    ) -> Answer:
        graphs = [graph_of(number, numbers=involved) for number in (class_a, class_b)]
        if not all(vertices for vertices, _ in graphs):
            return []
        rows = []
        for place in graphs[0][0] & graphs[1][0]:
            chains = [strongest_chain(vertices, edges, place) for vertices, edges in graphs]
            (width_a, chain_a), (width_b, chain_b) = chains
            if chain_a is None or chain_b is None:
                continue
            weaker = min(width_a, width_b)
            row = {
                "leg": leg,
                "class_a": class_a,
                "class_b": class_b,
                "neuron": self.name_of[place],
                "strength": None if weaker == float("inf") else weaker,
                "strength_a": None if width_a == float("inf") else width_a,
                "strength_b": None if width_b == float("inf") else width_b,
                "weakest_edge_a": self._weakest(graphs[0][1], chain_a),
                "weakest_edge_b": self._weakest(graphs[1][1], chain_b),
                "chain_a": [self.name_of[step] for step in reversed(chain_a)],
                "chain_b": [self.name_of[step] for step in chain_b],
            }
            rows.append(((-weaker, -place[0], place[1]), row))
        return [(order[0], row) for order, row in sorted(rows, key=lambda found: found[0])][:k]

    def _weakest(self, edges: path_answers.Edges, chain: list[Place]) -> list[str] | None:
        if len(chain) < 2:
            return None
        return [self.name_of[place] for place in path_answers.weakest_edge(edges, chain)]
