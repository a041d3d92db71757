"""Questions with equal answers at two sizes: what the size of the graph around an answer costs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.clients import at_once
from benchmarks.query_cost import Bare, beside_bare
from benchmarks.scale_run import CHANNELS, PROBE_CHANNELS
from summit_graph.graph import Graph
from summit_graph.run import Run

ROUNDS = 21
THREADS = (1, 2, 8)
COUNTS = 3
SECONDS_PER_COUNT = 4.0

LAST = len(CHANNELS) - 1
_PRIVATE = f"layer{LAST}/{CHANNELS[LAST] - PROBE_CHANNELS}"
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "a class's graph": ("class_edges", {"class": 0}),
    "shared neurons": ("shared_neurons", {"class_a": 0, "class_b": 1}),
    "a neuron's details": ("neuron_details", {"neuron": _PRIVATE}),
    "a neuron's classes": ("neuron_classes", {"neuron": _PRIVATE}),
}
"""Of classes and neurons whose surroundings are the same at both sizes."""


@dataclass(frozen=True)
class Cost:
    """A question at both sizes: rows, our time and the bare engine's in ms, and how many times the small one's time."""

    question: str
    rows: int
    small_ms: float
    large_ms: float
    small_bare_ms: float
    large_bare_ms: float

    def line(self) -> str:
        """One row of the table."""
        return (
            f"{self.question}, {self.rows} rows: {self.small_ms:.1f} and {self.large_ms:.1f} ms, "
            f"{self.large_ms / self.small_ms:.2f} times; beside the engine's own call "
            f"{self.small_ms / self.small_bare_ms:.2f} and {self.large_ms / self.large_bare_ms:.2f}"
        )


def costs(small: tuple[Graph, Bare], large: tuple[Graph, Bare]) -> Iterator[Cost]:
    """Every question at both sizes; raises AssertionError where the answers differ."""
    for question, (name, values) in QUESTIONS.items():
        answers = [graph.query(name, **values).rows for graph, _ in (small, large)]
        assert answers[0] == answers[1], f"{name} answers otherwise at the two sizes"
        assert answers[0], f"{name} answers nothing"
        times = []
        for graph, bare in (small, large):
            _, ours_ms, bare_ms = beside_bare(graph.store, graph.catalogue.get(name), values, bare, ROUNDS)
            times.append((ours_ms, bare_ms))
        yield Cost(question, len(answers[0]), times[0][0], times[1][0], times[0][1], times[1][1])


def questions_per_second(graph: Graph) -> dict[int, float]:
    """How many of the questions each number of threads gets answered on one store: medians of rounds in turn."""
    counts: dict[int, list[float]] = {threads: [] for threads in THREADS}
    for _ in range(COUNTS):
        for threads, counted in counts.items():
            counted.append(_questions_per_second(graph, threads))
    return {threads: statistics.median(counted) for threads, counted in counts.items()}


def _questions_per_second(graph: Graph, threads: int) -> float:
    asked = list(QUESTIONS.values())

    def went_well(turn: int) -> bool:
        name, values = asked[turn // threads % len(asked)]
        return bool(graph.query(name, **values).rows)

    return 1000 / at_once(lambda: went_well, threads, SECONDS_PER_COUNT).ms_per_answer


def wrong_answers(graph: Graph, run: Run, rounds: int = 30) -> tuple[int, int]:
    """Answers whose rows are not those of the run directory, and how many were asked, one after the other."""
    source = Source(run)
    generator = np.random.default_rng(3)
    wrong = asked = 0
    for _ in range(rounds):
        first, second = (int(number) for number in generator.choice(run.class_numbers, 2, replace=False))
        asked_of: tuple[tuple[str, dict[str, Any], dict[str, list[Any]]], ...] = (
            ("class_edges", {"class": first, "limit": 100_000}, source.edges(first)),
            ("shared_neurons", {"class_a": first, "class_b": second, "limit": 10_000}, source.shared(first, second)),
            ("class_neurons", {"class": second, "limit": 10_000}, source.neurons(second)),
        )
        for name, values, expected in asked_of:
            answer = graph.query(name, **values)
            columns = list(expected)
            found = sorted(tuple(row[column] for column in columns) for row in answer.rows)
            asked += 1
            wrong += found != sorted(zip(*expected.values(), strict=True))
    return wrong, asked


class Source:
    """What the selected rows of a run directory answer, column by column."""

    def __init__(self, run: Run) -> None:
        self._run = run
        neurons = run.table("neurons").to_pydict()
        layers = [layer.name for layer in run.manifest.layers]
        named = zip(neurons["layer_index"], neurons["channel"], strict=True)
        self._names = [f"{layers[layer_index]}/{channel}" for layer_index, channel in named]

    def edges(self, number: int) -> dict[str, list[Any]]:
        """Of a class's graph."""
        rows = self._selected("influences", number)
        return {
            "source": [self._names[neuron] for neuron in rows["source"]],
            "target": [self._names[neuron] for neuron in rows["target"]],
            "count": rows["count"],
        }

    def neurons(self, number: int) -> dict[str, list[Any]]:
        """Of a class."""
        rows = self._selected("activations", number)
        names = [self._names[neuron] for neuron in rows["neuron"]]
        return {"neuron": names, "count": rows["count"], "importance": rows["importance"]}

    def shared(self, first: int, second: int) -> dict[str, list[Any]]:
        """Of two classes."""
        a, b = (
            dict(zip(rows["neuron"], rows["count"], strict=True))
            for rows in (self._selected("activations", number) for number in (first, second))
        )
        both = sorted(a.keys() & b.keys())
        return {
            "neuron": [self._names[neuron] for neuron in both],
            "count_a": [a[neuron] for neuron in both],
            "count_b": [b[neuron] for neuron in both],
        }

    def _selected(self, table: str, number: int) -> dict[str, list[Any]]:
        rows = self._run.table(table, number)
        selected: dict[str, list[Any]] = rows.filter(rows["selected"]).to_pydict()
        return selected
