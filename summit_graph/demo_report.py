"""What the demo prints: its model's accuracy, one class's attribution graph, two classes side by side, two that meet.

Every figure is the answer of a canned query, and the command that asks it is printed beside it. Lines fit 80 columns,
but for commands, which must stay whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

Row = dict[str, Any]
Ask = Callable[..., list[Row]]
"""Asks a canned query by its name, with its parameters; answers its rows."""

DRAWN, LIKE_DRAWN = 3, 8
"""Classes, by number: the one whose graph is drawn, and one whose images look alike."""
MET_FROM, MET_IN = 4, 9
"""Classes whose evidence is followed from one to the other."""

INPUTS_SHOWN = 3
"""Inputs that are listed for a neuron; the query `class_edges` has them all."""
MEETINGS_SHOWN = 4
_BAR_WIDTH = 20
_BLOCKS = "▁▂▃▄▅▆▇█"


def report(ask: Ask, program: str, database: str) -> Iterator[str]:
    """The lines of the report. `program` is what a user types to call us, `database` where the run was loaded."""
    classes = {row["class"]: row for row in ask("classes")}

    def name(number: int) -> str:
        return str(classes[number]["name"])

    def command(query: str) -> str:
        return f"  {program} query {query} --db {database}"

    yield from _model(ask, list(classes.values()))
    yield ""
    yield f'1. What does it use for "{name(DRAWN)}"?'
    yield from _attribution_graph(ask, classes[DRAWN])
    yield command(f"class_neurons --class {DRAWN}")
    yield command(f"class_edges --class {DRAWN}")
    yield ""
    yield f'2. Which neurons do "{name(DRAWN)}" and "{name(LIKE_DRAWN)}" share?'
    yield from _shared_neurons(ask, classes[DRAWN], classes[LIKE_DRAWN])
    yield command(f"shared_neurons --class-a {DRAWN} --class-b {LIKE_DRAWN}")
    yield ""
    yield f'3. How does the evidence for "{name(MET_FROM)}" meet the evidence for "{name(MET_IN)}"?'
    yield from _meetings(ask, classes)
    yield command(f"meeting --class-a {MET_FROM} --class-b {MET_IN}")
    yield ""
    yield "Go on"
    yield "  the same graphs in a browser:"
    yield f"    {program} serve --db {database}"
    yield "  every question that can be asked:"
    yield f"    {program} queries"
    yield "  the same for a model and images of your own:"
    yield f"    {program} ingest --help"


def _model(ask: Ask, classes: list[Row]) -> Iterator[str]:
    layers = ask("layers")
    images, correct = sum(row["images"] for row in classes), sum(row["correct"] for row in classes)
    worst = min(classes, key=lambda row: (row["accuracy"], row["class"]))
    yield "A small classifier of handwritten digits, and the neurons behind its answers"
    yield f"  layers    {' → '.join(str(row['layer']) for row in layers)}"
    yield f"  neurons   {sum(row['channels'] for row in layers)}, one for each channel of a layer"
    yield f"  accuracy  {correct / images:.1%}: right on {correct} of {images} digits that it was not trained on"
    yield f"            worst: {worst['name']}, {worst['accuracy']:.1%}"


def _attribution_graph(ask: Ask, of_class: Row) -> Iterator[str]:
    neurons = ask("class_neurons", **{"class": of_class["class"]})
    edges = ask("class_edges", **{"class": of_class["class"]})
    by_layer: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(neurons, key=lambda row: (-row["layer_index"], -row["count"], row["channel"])):
        by_layer[row["layer"]].append(row)
    inputs: dict[str, list[Row]] = defaultdict(list)
    for edge in edges:
        inputs[edge["target"]].append(edge)
    yield f"   Its attribution graph: {len(neurons)} neurons and {len(edges)} edges, the last layer on top,"
    yield f"   counted over {of_class['images']} images."
    example = next(row for rows in by_layer.values() for row in rows if inputs[row["neuron"]])
    yield from _legend(example, inputs[example["neuron"]][0])
    yield ""
    width = max(len(layer) for layer in by_layer)
    for layer, rows in by_layer.items():
        yield f"  {layer:<{width}}   {'  '.join(_cell(row) for row in rows)}".rstrip()
        for row in rows:
            if inputs[row["neuron"]]:
                yield f"  {'│':>{width}}   {row['channel']:>2} ← {_listed(inputs[row['neuron']])}"
    yield ""


def _legend(neuron: Row, strongest_input: Row) -> Iterator[str]:
    """How to read the drawing, by the example of one neuron in it."""
    cell, channel = _cell(neuron), neuron["channel"]
    source, count = strongest_input["source"], strongest_input["count"]
    fed = f"{channel:>2} ← {source} {count}"
    yield f"     {cell:<{len(fed)}}   channel {channel}: among its layer's strongest in {neuron['count']} images"
    yield f"     {fed}   among its 5 strongest inputs in {count} images: {source}"
    yield "   Inputs that are not in the graph are left out."


def _cell(neuron: Row) -> str:
    return f"{neuron['channel']:>2} {_block(neuron['share'])} {neuron['count']:<2}"


def _listed(edges: list[Row]) -> str:
    """The strongest inputs of a neuron with their counts, and how many more there are."""
    shown = [f"{edge['source']} {edge['count']}" for edge in edges[:INPUTS_SHOWN]]
    more = [f"{len(edges) - INPUTS_SHOWN} more"] if len(edges) > INPUTS_SHOWN else []
    return ",  ".join(shown + more)


def _shared_neurons(ask: Ask, class_a: Row, class_b: Row) -> Iterator[str]:
    rows = ask("shared_neurons", class_a=class_a["class"], class_b=class_b["class"])
    own = len(ask("class_neurons", **{"class": class_a["class"]}))
    yield f"   {len(rows)} of the {own} neurons above. A bar is the share of the class's images in which"
    yield "   the neuron was among the strongest of its layer."
    yield ""
    width = max((len(row["neuron"]) for row in rows), default=0)
    column = _BAR_WIDTH + 7
    yield f"  {'':<{width}}   {class_a['name']:<{column}}{class_b['name']}"
    for row in rows:
        yield f"  {row['neuron']:<{width}}   {_bar(row['share_a']):<{column}}{_bar(row['share_b'])}"
    yield ""


def _meetings(ask: Ask, classes: dict[int, Row]) -> Iterator[str]:
    rows = ask("meeting", class_a=MET_FROM, class_b=MET_IN, k=MEETINGS_SHOWN)
    yield f"   From the last layer down the edges of {classes[MET_FROM]['name']} to a neuron that both use, and"
    yield f"   up the edges of {classes[MET_IN]['name']}; each with the share of images at its weakest edge."
    yield ""
    for row in rows:
        way = " ↓ ".join(row["chain_a"]) + "".join(f" ↑ {neuron}" for neuron in row["chain_b"][1:])
        # If the two classes share no neuron, the way goes through a third class, in two legs.
        leg = f"{classes[row['class_a']]['name']} to {classes[row['class_b']]['name']}: " if rows[-1]["leg"] > 1 else ""
        if row["strength"] is None:
            yield f"    –    {leg}{way}: the last layer of both has it"
        else:
            yield f"  {row['strength']:>4.0%}   {leg}{way}"
    if not rows:
        yield "  They share no neuron, and no third class joins them."
    yield ""


def _block(share: float) -> str:
    """One of eight heights for a share from 0 to 1."""
    return _BLOCKS[min(int(share * len(_BLOCKS)), len(_BLOCKS) - 1)]


def _bar(share: float) -> str:
    return f"{'█' * round(share * _BAR_WIDTH)} {share:.0%}".lstrip()
