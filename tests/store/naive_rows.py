"""The graph's rows of a run in plain loops, written from the graph's definition and not from the code under test."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from summit_graph.run import Run

Rows = defaultdict[str, list[tuple[Any, ...]]]


def naive_rows(run: Run, scope: str) -> Rows:
    """Every label's and relationship type's rows; relationships begin with the ids of source and target."""
    manifest, rows = run.manifest, Rows(list)
    name = manifest.run
    neurons = {row["neuron"]: row for row in run.table("neurons").to_pylist()}
    layers = {entry.index: entry.name for entry in manifest.layers}
    classes = run.table("classes").to_pylist()
    images = {row["class"]: row["images"] for row in classes}

    def neuron_id(neuron: int) -> str:
        return f"{name}/{layers[neurons[neuron]['layer_index']]}/{neurons[neuron]['channel']}"

    def vertex_id(number: int, neuron: int) -> str:
        return f"{name}/{number}/{layers[neurons[neuron]['layer_index']]}/{neurons[neuron]['channel']}"

    def share(number: int, count: int) -> float | None:
        return count / images[number] if images[number] else None

    parameters = manifest.to_json()["parameters"]
    made_from = (manifest.model, manifest.dataset, manifest.created)
    known = (manifest.weights_digest, json.dumps(parameters, sort_keys=True), manifest.images, len(manifest.skipped))
    state = "ready" if manifest.state == "complete" else "partial"
    rows["Run"].append((name, name, *made_from, state, 1, manifest.digest, *known))
    for entry in manifest.layers:
        rows["Layer"].append((f"{name}/{entry.name}", name, entry.name, entry.index, entry.channels))
        rows["HAS_LAYER"].append((name, f"{name}/{entry.name}"))
    for neuron, row in neurons.items():
        layer = layers[row["layer_index"]]
        rows["Neuron"].append((neuron_id(neuron), name, layer, row["layer_index"], row["channel"]))
        rows["CONTAINS"].append((f"{name}/{layer}", neuron_id(neuron)))

    summed: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for number in run.class_numbers:
        activations = {row["neuron"]: row for row in run.table("activations", number).to_pylist()}
        for neuron, row in activations.items():
            if row["count"] > 0 or row["selected"]:
                values = (row["count"], share(number, row["count"]), row["importance"], row["selected"])
                rows["ACTIVATES"].append((f"{name}/{number}", neuron_id(neuron), *values))
        edges = [edge for edge in run.table("influences", number).to_pylist() if edge["selected"] or scope == "all"]
        vertices = {neuron for neuron, row in activations.items() if row["selected"]}
        vertices |= {edge[end] for edge in edges for end in ("source", "target")}
        unknown = {"count": 0, "importance": 0.0, "selected": False}
        for neuron in vertices:
            row, at = activations.get(neuron, unknown), neurons[neuron]
            ids = (vertex_id(number, neuron), f"{name}/{number}", neuron_id(neuron), name)
            where = (layers[at["layer_index"]], at["layer_index"], at["channel"])
            values = (row["count"], share(number, row["count"]), row["importance"], row["selected"])
            rows["Vertex"].append((*ids, *where, *values))
            rows["HAS_VERTEX"].append((f"{name}/{number}", vertex_id(number, neuron)))
            rows["OF"].append((vertex_id(number, neuron), neuron_id(neuron)))
        for edge in edges:
            ends = (vertex_id(number, edge["source"]), vertex_id(number, edge["target"]))
            rows["FEEDS"].append((*ends, edge["count"], share(number, edge["count"]), edge["selected"]))
            if edge["selected"]:
                sums = summed[(edge["source"], edge["target"])]
                sums[0] += 1
                sums[1] += edge["count"]
    for (source, target), (of_classes, count) in summed.items():
        rows["INFLUENCES"].append((neuron_id(source), neuron_id(target), of_classes, count))
    _classes(run, rows)
    _examples(run, rows, neuron_id)
    return rows


def _classes(run: Run, rows: Rows) -> None:
    name = run.manifest.run
    places = {}
    if run.has("embedding"):
        places = {
            (row["class"], row["layer_index"]): (row["x"], row["y"]) for row in run.table("embedding").to_pylist()
        }
    for row in run.table("classes").to_pylist():
        number = row["class"]
        bars = None
        if run.has("predictions", number):
            bars = [0] * 20
            confused: dict[int, int] = defaultdict(int)
            for prediction in run.table("predictions", number).to_pylist():
                bars[min(int(prediction["probability"] * 20), 19)] += 1
                if prediction["predicted"] != number:
                    confused[prediction["predicted"]] += 1
            for other, count in confused.items():
                rows["CONFUSED_WITH"].append((f"{name}/{number}", f"{name}/{other}", count))
        known = row["correct"] is not None and row["images"]
        accuracy = row["correct"] / row["images"] if known else None
        of_class = (f"{name}/{number}", name, number, row["name"], row["images"], row["correct"], accuracy, bars)
        rows["Class"].append(of_class)
        rows["HAS_CLASS"].append((name, f"{name}/{number}"))
        for entry in run.manifest.layers:
            totals = run.manifest.totals.get(str(number), {}).get(entry.name, {})
            x, y = places.get((number, entry.index), (None, None))
            values = (x, y, totals.get("importance"), totals.get("influence"))
            if values != (None, None, None, None):
                rows["PLACED"].append((f"{name}/{number}", f"{name}/{entry.name}", *values))


def _examples(run: Run, rows: Rows, neuron_id: Any) -> None:
    if not run.has("examples"):
        return
    name = run.manifest.run
    for row in run.table("examples").to_pylist():
        box = (row["x0"], row["y0"], row["x1"], row["y1"])
        image = f"{name}/{row['image']}"
        rows["EXAMPLE"].append((neuron_id(row["neuron"]), image, row["rank"], row["activation"], *box))
        if (image, name, row["image"]) not in rows["Image"]:
            rows["Image"].append((image, name, row["image"]))
