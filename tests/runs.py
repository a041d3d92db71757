"""Small generated runs: classes, layers, ties, unselected rows, predictions, examples; equal arguments give equal runs.

Their counts come from a seeded generator, not from a model, but they keep a run's rules: edges go from an earlier layer
to a later one, a selected edge has both ends selected, and every selected neuron has importance above 0.

A room's `conftest.py` takes the fixtures it needs: `from tests.runs import small_run` and `__all__ = ["small_run"]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from summit_graph.run import ClassResult, LayerEntry, Manifest, Parameters, Run, RunWriter, tables

CLASS_NAMES: Mapping[int, str] = {
    0: "tench",
    1: "crane",
    2: "crane",
    4: "brown bear",
    7: "O'Brien's \"dog\" \\ ärm <b>, \N{ARABIC LETTER ALEF}",
}
"""Numbers with gaps, two classes of one name, and a name that needs quoting everywhere."""
CLASS_WITHOUT_IMAGES = (9, "never seen")
"""Predicted for some image, but no image is of it: it has no tables of its own."""
LAYERS: Mapping[str, int] = {"stem.0": 6, "mixed3": 8, "mixed4": 8, "head": 5}
"""Name and number of channels, in forward order; edges skip over one layer too."""
MASS = 0.45
MAXIMUM_COUNT = 12
"""Counts are drawn from 0 to this, so that ties are everywhere."""


def make_run(
    directory: Path,
    *,
    run: str = "small",
    seed: int = 0,
    classes: Mapping[int, str] | Sequence[str] = CLASS_NAMES,
    layers: Mapping[str, int] = LAYERS,
    images_per_class: int | None = 16,
    edge_share: float = 0.5,
    predictions: bool = True,
    examples: bool = True,
    embedding: bool = True,
    created: str = "2026-01-02T03:04:05Z",
) -> Run:
    """Writes a complete run and opens it.

    `images_per_class` None makes a run like published data: shares, predictions and examples unknown.
    """
    if images_per_class is None:
        predictions = examples = False
    names = dict(classes) if isinstance(classes, Mapping) else dict(enumerate(classes))
    generator = np.random.default_rng([seed, len(names), len(layers)])
    entries = tuple(LayerEntry(name, index, channels) for index, (name, channels) in enumerate(layers.items()))
    neurons = _neurons(entries)
    manifest = Manifest(
        run=run,
        model="tests.runs",
        dataset="generated",
        layers=entries,
        parameters=Parameters(model="tests.runs", attribution_mass=0.075, batch_size=seed + 1),
        images_digest=f"images-{seed}",
        weights_digest=f"weights-{seed}",
        created=created,
        software={"tests": "1"},
    )
    writer = RunWriter.start(directory, manifest)
    correct: dict[int, int | None] = {}
    merged: list[pa.Table] = []
    for number in names:
        activations = _activations(generator, number, neurons)
        influences = _influences(generator, number, neurons, activations, edge_share)
        predicted = _predictions(generator, number, sorted(names), images_per_class or 0) if predictions else None
        seen = _examples(generator, number, activations) if examples else None
        correct[number] = None
        if predicted is not None:
            correct[number] = sum(row["predicted"] == number for row in predicted.to_pylist())
        if seen is not None:
            merged.append(seen)
        writer.write_class(
            ClassResult(
                number=number,
                activations=activations,
                influences=influences,
                predictions=predicted,
                examples=seen,
                totals=_totals(entries, neurons, activations, influences),
            )
        )
    class_rows = [(number, name, images_per_class, correct[number]) for number, name in names.items()]
    if predictions:
        class_rows.append((*CLASS_WITHOUT_IMAGES, 0, 0))
    writer.finish(
        classes=_table(tables.CLASSES, class_rows),
        neurons=neurons,
        embedding=_embedding(generator, sorted(names), entries) if embedding else None,
        examples=_merge_examples(merged) if examples else None,
        notes={"made_by": "tests/runs.py"},
    )
    return Run.open(directory)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A generated run with shares, predictions, examples and an embedding; do not write into it."""
    return make_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="session")
def countless_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A generated run of which only counts are known, like published data; do not write into it."""
    return make_run(tmp_path_factory.mktemp("runs") / "countless", run="countless", seed=1, images_per_class=None)


def _table(schema: pa.Schema, rows: Sequence[Sequence[object]]) -> pa.Table:
    columns = [pa.array([row[index] for row in rows], field.type) for index, field in enumerate(schema)]
    return pa.table(columns, schema=schema)


def _neurons(entries: Sequence[LayerEntry]) -> pa.Table:
    places = [(entry.index, channel) for entry in entries for channel in range(entry.channels)]
    return _table(tables.NEURONS, [(neuron, *place) for neuron, place in enumerate(places)])


def _activations(generator: np.random.Generator, number: int, neurons: pa.Table) -> pa.Table:
    """Every third neuron or so has count 0; of those some have importance, as neurons that only feed others do."""
    layer_of = neurons["layer_index"].to_numpy()
    count = np.maximum(generator.integers(-4, MAXIMUM_COUNT + 1, len(layer_of)), 0)
    # Eighths, so that importances tie as counts do.
    importance = (count + generator.integers(0, 2, len(layer_of)) * generator.integers(0, 3, len(layer_of))) / 8
    selected = np.zeros(len(layer_of), dtype=bool)
    for layer in np.unique(layer_of):
        members = np.flatnonzero(layer_of == layer)
        ranked = members[np.lexsort((members, -importance[members]))]
        reached = np.cumsum(importance[ranked]) >= MASS * importance[ranked].sum()
        kept = ranked[: int(np.argmax(reached)) + 1]
        selected[kept[importance[kept] > 0]] = True
    rows = [
        (number, neuron, int(count[neuron]), float(importance[neuron]), bool(selected[neuron]))
        for neuron in range(len(layer_of))
        if count[neuron] > 0 or importance[neuron] > 0
    ]
    return _table(tables.ACTIVATIONS, rows)


def _influences(
    generator: np.random.Generator, number: int, neurons: pa.Table, activations: pa.Table, edge_share: float
) -> pa.Table:
    layer_of = neurons["layer_index"].to_numpy()
    chosen = {row["neuron"] for row in activations.to_pylist() if row["selected"]}
    rows = []
    for target in range(len(layer_of)):
        for source in range(target):
            distance = int(layer_of[target] - layer_of[source])
            if distance in (1, 2) and generator.random() < edge_share / distance**2:
                both = source in chosen and target in chosen
                rows.append((number, source, target, int(generator.integers(1, MAXIMUM_COUNT + 1)), both))
    return _table(tables.INFLUENCES, rows)


def _totals(
    entries: Sequence[LayerEntry], neurons: pa.Table, activations: pa.Table, influences: pa.Table
) -> dict[str, dict[str, float]]:
    layer_of = neurons["layer_index"].to_pylist()
    totals = {entry.name: {"importance": 0.0, "influence": 0.0} for entry in entries}
    for row in activations.to_pylist():
        totals[entries[layer_of[row["neuron"]]].name]["importance"] += row["importance"]
    for row in influences.to_pylist():
        totals[entries[layer_of[row["target"]]].name]["influence"] += row["count"]
    return totals


def _predictions(generator: np.random.Generator, number: int, numbers: Sequence[int], images: int) -> pa.Table:
    others = [*numbers, CLASS_WITHOUT_IMAGES[0]]
    rows = []
    for index in range(images):
        predicted = number if generator.random() < 0.6 else int(generator.choice(others))
        # Both ends of the scale occur: 0 and 1 are counted in the first and the last of the histogram's bars.
        probability = (0.0, 1.0)[index % 2] if index < 2 else float(generator.random())
        rows.append((f"class {number}/{index:03d}.png", number, predicted, probability))
    return _table(tables.PREDICTIONS, rows)


def _examples(generator: np.random.Generator, number: int, activations: pa.Table) -> pa.Table:
    rows = []
    for row in activations.to_pylist():
        for rank in range(2 if row["count"] > 0 else 0):
            y, x = (int(value) for value in generator.integers(0, 4, 2))
            image = f"class {number}/{rank:03d}.png"
            box = (8 * x, 8 * y, 8 * x + 16, 8 * y + 16)
            rows.append((row["neuron"], rank, image, 2.0 - rank + row["count"] / 16, y, x, *box))
    return _table(tables.EXAMPLES, rows)


def _merge_examples(parts: Sequence[pa.Table]) -> pa.Table:
    rows = [row for part in parts for row in part.to_pylist()]
    rows.sort(key=lambda row: (row["neuron"], -row["activation"], row["image"]))
    merged: list[dict[str, object]] = []
    for row in rows:
        rank = sum(other["neuron"] == row["neuron"] for other in merged)
        if rank < 10:
            merged.append({**row, "rank": rank})
    return pa.Table.from_pylist(merged, schema=tables.EXAMPLES)


def _embedding(generator: np.random.Generator, numbers: Sequence[int], entries: Sequence[LayerEntry]) -> pa.Table:
    rows = [(number, entry.index, *generator.normal(size=2).tolist()) for number in numbers for entry in entries]
    return _table(tables.EMBEDDING, rows)
