"""A run as the files that Summit's page (Hohman et al., TVCG 2020) reads: a folder `data` to be served beside it.

    data/imagenet.json          an entry for each class: name, accuracy, images, top channels, place in each layer
    data/ag/ag-<class>.json     each class's graph, as `summit_files` reads it
    data/feature-vis/…          pictures, where the run has them (`summit_pictures`)

1. An edge goes from one written layer to the next: the format has no others. Those that skip a layer are left out, and
   counted.
2. A layer's nodes are written in the order in which few edges cross: the page draws them so.
3. `attr_channels` are a node's three strongest incoming edges, selected or not; the published ones are defective.
4. The page cannot do without numbers: accuracy and images that the run does not know are written as 0, a place as
   0, 0, and probabilities as one of 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from summit_graph.errors import SummitError
from summit_graph.exchange.class_graphs import ClassGraphs
from summit_graph.exchange.summit_layers import SummitLayer, summit_layers
from summit_graph.exchange.summit_pictures import write_pictures
from summit_graph.names import ClassName
from summit_graph.queries.slots import slots
from summit_graph.run.atomic import replacing
from summit_graph.store.base import Progress

ATTRIBUTED = 3
"""Incoming edges in `attr_channels`."""
FIRST_SHOWN = "white_wolf"
"""The class that the page opens with, by a constant of its own."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class SummitReport:
    """What an export wrote."""

    run: str
    classes: int
    nodes: int
    edges: int
    edges_left_out: int
    """Edges that skip a layer or have an end in one that is not written."""
    pictures: int


@dataclass
class _Totals:
    classes: int = 0
    nodes: int = 0
    edges: int = 0
    left_out: int = 0


def export_summit(
    graphs: ClassGraphs,
    out: Path,
    *,
    mapping: Sequence[str] = (),
    opens_with: str | None = None,
    progress: Progress | None = None,
) -> SummitReport:
    """Writes the folder `data` into `out`, which must be new or empty.

    `mapping` is as in `summit_layers`. `opens_with` is the class that is called white_wolf, with which the page opens.
    """
    say = progress or (lambda line: None)
    layers = summit_layers(graphs.names, mapping)
    first = graphs.names.find_class(opens_with) if opens_with is not None else None
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SummitError(f"{out} exists and is not empty: give another --out")
    totals = _Totals()
    shown: set[str] = set()
    names: set[str] = set()
    out.joinpath("data").mkdir(parents=True, exist_ok=True)
    with replacing(out / "data" / "imagenet.json") as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write("[")
        for of_class in graphs.names.classes:
            if graphs.nodes(of_class.number, "selected").num_rows == 0:
                continue
            graph = _class_graph(graphs, of_class, layers, totals, shown)
            with replacing(out / "data" / "ag" / f"ag-{of_class.number}.json") as of_file:
                of_file.write_text(json.dumps(graph), encoding="utf-8")
            entry = _class_entry(graphs, of_class, layers, FIRST_SHOWN if of_class == first else None)
            names.add(entry["name"])
            file.write((",\n" if totals.classes else "\n") + json.dumps(entry, ensure_ascii=False))
            totals.classes += 1
        file.write("\n]\n")
    if mapping and FIRST_SHOWN not in names:
        say(f"Summit's page opens with a class called {FIRST_SHOWN}, and there is none: name one with --opens-with")
    if totals.left_out:
        say(f"{totals.left_out:,} edges skip a written layer: the format has no place for them")
    pictures = write_pictures(graphs.pictures, out / "data" / "feature-vis", layers, shown)
    return SummitReport(graphs.names.run, totals.classes, totals.nodes, totals.edges, totals.left_out, pictures)


def _class_graph(
    graphs: ClassGraphs, of_class: ClassName, layers: Sequence[SummitLayer], totals: _Totals, shown: set[str]
) -> dict[str, list[dict[str, Any]]]:
    """The content of a class's file: the last layer first."""
    written = {layer.ours: layer.name for layer in layers if layer.ours is not None}
    nodes = [row for row in graphs.nodes(of_class.number, "selected").to_pylist() if row["layer"] in written]
    edges = graphs.edges(of_class.number, "all").to_pylist()
    below = {upper.ours: lower.ours for lower, upper in pairwise(layers)}
    into: dict[str, list[Row]] = {}
    for row in edges:
        if below.get(_layer(row["target"])) == _layer(row["source"]):
            into.setdefault(row["target"], []).append(row)
    kept = [row for rows in into.values() for row in rows if row["selected"]]
    totals.nodes += len(nodes)
    totals.edges += len(kept)
    totals.left_out += sum(row["selected"] for row in edges) - len(kept)
    shown.update(row["neuron"] for row in nodes)
    rows = [[row["neuron"] for row in nodes if row["layer"] == layer.ours] for layer in layers]
    slot = slots(rows, [(row["source"], row["target"]) for row in kept])
    nodes.sort(key=lambda row: slot[row["neuron"]])
    return {
        layer.name: [_node(row, layer, into.get(row["neuron"], [])) for row in nodes if row["layer"] == layer.ours]
        for layer in reversed(layers)
    }


def _node(row: Row, layer: SummitLayer, into: Iterable[Row]) -> dict[str, Any]:
    ranked = sorted(into, key=lambda edge: (-edge["count"], _channel(edge["source"])))
    return {
        "channel": row["channel"],
        "count": row["count"],
        "layer": layer.name,
        "pagerank": row["importance"],
        "prev_channels": [
            {"prev_channel": _channel(edge["source"]), "inf": edge["count"]} for edge in ranked if edge["selected"]
        ],
        "attr_channels": [
            {"prev_channel": str(_channel(edge["source"])), "inf": edge["count"]} for edge in ranked[:ATTRIBUTED]
        ],
    }


def _class_entry(
    graphs: ClassGraphs, of_class: ClassName, layers: Sequence[SummitLayer], name: str | None
) -> dict[str, Any]:
    """A class's entry of imagenet.json."""
    number = of_class.number
    rows = sorted(graphs.activations(number).to_pylist(), key=lambda row: (-row["count"], row["channel"]))
    places = graphs.places(number)
    nowhere = (0.0, 0.0)
    accuracy, images = of_class.accuracy or 0.0, of_class.images or 0
    return {
        # The page makes ids and selectors of it, so it may hold neither spaces nor hyphens.
        "synset": graphs.wnid(number) or f"class_{number}",
        "name": name or re.sub(r"\W+", "_", of_class.name).strip("_") or f"class_{number}",
        "target_class": number,
        "label": str(number + 1),
        "topChannels": {
            layer.name: [{"c": row["channel"], "i": row["count"]} for row in rows if row["layer"] == layer.ours]
            for layer in layers
        },
        "embed": {layer.name: dict(zip("xy", places.get(layer.ours or "", nowhere), strict=True)) for layer in layers},
        "accs": [f"{100 * probability:.4g}" for probability in graphs.probabilities(number)] or ["0"],
        "topOneAcc": accuracy,
        "topOneAccCount": round(accuracy * images),
        "numOfInstances": images,
    }


def _layer(neuron: str) -> str:
    return neuron.rpartition("/")[0]


def _channel(neuron: str) -> int:
    return int(neuron.rpartition("/")[2])
