"""Random patterns of relationships, as Cypher and as a join in plain loops over a store's rows.

Each relationship and node may be filtered in the forms that a query is likely to use; what a store answers must be
what the loops find.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from summit_graph import schema
from summit_graph.store import Store

Node = dict[str, Any]
Found = dict[str, Node]
"""The node or the relationship's properties that each name of a pattern stands for."""
AFTER = (
    " WITH * WHERE {}",
    " WITH * WHERE coalesce({}, false)",
    " WITH *, ({}) AS good WHERE good",
    " WITH *, ({}) AS good WHERE good = true",
)
"""Where relationships may be filtered after the pattern: by comparison, or by a computed truth value."""
LARGEST = 50_000
"""Rows beyond which a pattern is given up."""
KINDS = [
    (kind.name, kind.source, kind.target, [entry.name for entry in kind.properties]) for kind in schema.RELATIONSHIPS
]


@dataclass
class Pattern:
    """A text, its parameters, and what it means."""

    text: str
    parameters: dict[str, Any]
    labels: list[str]
    steps: list[tuple[str, bool]]
    """Relationship types, and whether each is followed forwards."""
    filters: list[tuple[str, Callable[[Node], bool]]]
    """Name, and what its node or relationship must be like."""
    columns: list[tuple[str, str]]


@dataclass
class Rows:
    """A store's nodes and relationships, read one by one."""

    nodes: dict[str, dict[str, Node]] = field(default_factory=dict)
    along: dict[tuple[str, bool], dict[str, list[tuple[str, Node]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> Rows:
        """Every row, by patterns of one relationship without a filter."""
        rows = cls()
        for label in schema.LABELS:
            names = [entry.name for entry in label.properties]
            said = ", ".join(f"n.{name} AS {name}" for name in names)
            answer = store.read(f"MATCH (n:{label.name}) RETURN {said}", {})
            rows.nodes[label.name] = {row[0]: dict(zip(names, row, strict=True)) for row in answer.rows}
        for name, source, target, properties in KINDS:
            said = "".join(f", e.{entry} AS {entry}" for entry in properties)
            answer = store.read(f"MATCH (a:{source})-[e:{name}]->(b:{target}) RETURN a.id AS a, b.id AS b{said}", {})
            rows.along[name, True], rows.along[name, False] = defaultdict(list), defaultdict(list)
            for start, end, *values in answer.rows:
                held = dict(zip(properties, values, strict=True))
                rows.along[name, True][start].append((end, held))
                rows.along[name, False][end].append((start, held))
        return rows

    def join(self, pattern: Pattern) -> Counter[str] | None:
        """The rows of a pattern, each as often as it is found; None where there are too many."""
        found: list[Found] = [{"n0": node} for node in self.nodes[pattern.labels[0]].values()]
        found = [entry for entry in found if _passes(pattern, entry, {"n0"})]
        for place, (kind, forwards) in enumerate(pattern.steps):
            here, edge, there = f"n{place}", f"e{place}", f"n{place + 1}"
            nodes = self.nodes[pattern.labels[place + 1]]
            longer = (
                {**entry, edge: held, there: nodes[other]}
                for entry in found
                for other, held in self.along[kind, forwards].get(entry[here]["id"], ())
            )
            found = [entry for entry in longer if _passes(pattern, entry, {edge, there})]
            if len(found) > LARGEST:
                return None
        return Counter(repr([entry[name][column] for name, column in pattern.columns]) for entry in found)


def _passes(pattern: Pattern, entry: Found, names: set[str]) -> bool:
    return all(is_wanted(entry[name]) for name, is_wanted in pattern.filters if name in names)


def random_pattern(chance: random.Random, rows: Rows) -> Pattern:
    """One to three relationships from one label to the next, with filters and columns of any of them."""
    labels, steps = [chance.choice(["Run", "Class", "Neuron", "Vertex", "Layer"])], []
    text = f"(n0:{labels[0]})"
    for place in range(chance.choice([1, 2, 2, 3])):
        ways = [(kind, True) for kind in KINDS if kind[1] == labels[-1]]
        ways += [(kind, False) for kind in KINDS if kind[2] == labels[-1]]
        (kind, source, target, _), forwards = chance.choice(ways)
        labels.append(target if forwards else source)
        steps.append((kind, forwards))
        arrow = f"-[e{place}:{kind}]->" if forwards else f"<-[e{place}:{kind}]-"
        text += f"{arrow}(n{place + 1}:{labels[-1]})"
    pattern = Pattern("", {"scope": chance.choice(["selected", "all"]), "least": 5}, labels, steps, [], [])
    said = [entry for place in range(len(labels)) for entry in _node_filters(chance, rows, pattern, place)]
    of_edges = [entry for place in range(len(steps)) for entry in _edge_filters(chance, pattern, place)]
    named = {f"n{place}": [entry.name for entry in _label(label).properties] for place, label in enumerate(labels)}
    named |= {f"e{place}": _properties(kind) for place, (kind, _) in enumerate(steps)}
    every = [(name, column) for name, columns in named.items() for column in columns if column != "parameters"]
    pattern.columns = chance.sample(every, 3)
    after = ""
    if of_edges and chance.random() < 0.4:
        after = chance.choice(AFTER).format(" AND ".join(of_edges))
    else:
        said += of_edges
    where = f" WHERE {' AND '.join(said)}" if said else ""
    returned = ", ".join(f"{name}.{column} AS c{place}" for place, (name, column) in enumerate(pattern.columns))
    pattern.text = f"MATCH {text}{where}{after} RETURN {returned}"
    pattern.parameters = {name: value for name, value in pattern.parameters.items() if f"${name}" in pattern.text}
    return pattern


def _node_filters(chance: random.Random, rows: Rows, pattern: Pattern, place: int) -> list[str]:
    name, label = f"n{place}", pattern.labels[place]
    columns = {entry.name for entry in _label(label).properties}
    said = []
    if rows.nodes[label] and chance.random() < 0.3:
        wanted = pattern.parameters[f"id{place}"] = chance.choice(sorted(rows.nodes[label]))
        pattern.filters.append((name, lambda node: bool(node["id"] == wanted)))
        said.append(f"{name}.id = $id{place}")
    if "layer" in columns and chance.random() < 0.3:
        layer = pattern.parameters["layer"] = pattern.parameters.get("layer", chance.choice(sorted(_layers(rows))))
        pattern.filters.append((name, lambda node: bool(node["layer"] == layer)))
        said.append(f"{name}.layer = coalesce($layer, {name}.layer)")
    if "selected" in columns and chance.random() < 0.3:
        said.append(_scope(pattern, name))
    return said


def _edge_filters(chance: random.Random, pattern: Pattern, place: int) -> list[str]:
    name, columns = f"e{place}", _properties(pattern.steps[place][0])
    said = []
    if "selected" in columns and chance.random() < 0.6:
        said.append(_scope(pattern, name))
    if "count" in columns and chance.random() < 0.3:
        pattern.filters.append((name, lambda held: bool(held["count"] >= 5)))
        said.append(chance.choice([f"{name}.count >= $least", f"coalesce({name}.count >= $least, true)"]))
    return said


def _scope(pattern: Pattern, name: str) -> str:
    everything = pattern.parameters["scope"] == "all"
    pattern.filters.append((name, lambda held: bool(everything or held["selected"])))
    return f"($scope = 'all' OR {name}.selected)"


def _layers(rows: Rows) -> set[str]:
    return {str(layer["layer"]) for layer in rows.nodes["Layer"].values()}


def _label(name: str) -> schema.Label:
    return next(label for label in schema.LABELS if label.name == name)


def _properties(kind: str) -> list[str]:
    return next(properties for name, _, _, properties in KINDS if name == kind)
