"""The channel-flow trace: which tensors a model's channels come from, read off the graph of what the model computes.

1. `capture`   exports the model to a functional graph of operations, with the chosen layers' outputs marked in it.
2. `flow`      follows every channel through the graph (`addresses`, `operations`) and finds the sums that make them.
3. `terms`     joins sums of sums and multiplies in what folds: the single-channel terms of each target channel.
4. `targets`   walks back from the chosen layers: which tensors are targets, and from which source channels.
5. `program`   runs the same graph on batches and hands its values to the counting (ingest.counting).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.fx import Node

from ingest.structure import Layer, Structure
from ingest.trace.capture import capture
from ingest.trace.flow import Flow
from ingest.trace.names import tensor_names
from ingest.trace.origins import LayerOutput, Origin
from ingest.trace.program import Program
from ingest.trace.targets import Target, Targets, direct_channels
from summit_graph.errors import SummitError

__all__ = ["ChosenLayer", "Trace", "TracedTensor", "trace"]


@dataclass(frozen=True)
class TracedTensor:
    """A tensor that terms come from or go to."""

    name: str
    channels: int
    order: int
    """Rank by the place at which its value is complete, from 0: earlier tensors win ties."""
    layer: bool
    """Whether it is a chosen layer's output; else it is inner, or the images."""


@dataclass(frozen=True)
class ChosenLayer:
    """Where a chosen layer's output is found while the program runs."""

    name: str
    node: Node
    axis: int
    """Its channel axis."""


@dataclass(frozen=True)
class Trace:
    """Everything that counting and attribution need to know of a model's architecture."""

    structure: Structure
    tensors: tuple[TracedTensor, ...]
    """In order of completion."""
    hops: tuple[tuple[str, str], ...]
    """(target tensor, source tensor), in the order of `tensors`."""
    logits_width: int
    program: Program
    layers: tuple[ChosenLayer, ...]
    """In forward order, as in `structure`."""
    targets: tuple[Target, ...]
    names: dict[int, str]
    """Name of each origin that is a tensor here, by its number."""


def trace(model: nn.Module, example: Tensor, layers: Sequence[str], *, influence_top: int) -> Trace:
    """Reads off what feeds what in a model, between its chosen layers.

    Args:
        model: any module made of understood operations; it is left as it was.
        example: (2, C, H, W) images on the model's device; only their shape and type matter.
        layers: names of modules, in any order.
        influence_top: k, how many of the largest terms count; decides which channels are direct.

    Raises:
        NotFound: a layer that the model does not have.
        SummitError: two layers that hold the same channels.
        Unsupported: an operation between chosen layers that cannot be followed, a module that runs twice, a branch on
            the data.
    """
    if not layers:
        raise SummitError("no layer is chosen: give at least one with --layers")
    program, nodes = capture(model, example, tuple(dict.fromkeys(layers)))
    _refuse_one_output_twice(nodes)
    origins = Flow(program, nodes).origins
    targets = Targets(origins)
    found = targets.all()
    chosen = sorted((each for each in origins if isinstance(each, LayerOutput)), key=lambda each: each.complete)
    used = {each.number for each in chosen} | {
        number for target in found for number in (target.origin.number, *target.sources)
    }
    names = tensor_names(origins, used)
    ordered = sorted((origins[number] for number in used), key=lambda each: (each.complete, each.number))
    order = {each.number: rank for rank, each in enumerate(ordered)}
    hops = [
        (names[target.origin.number], names[source])
        for target in sorted(found, key=lambda each: order[each.origin.number])
        for source in sorted(target.sources, key=lambda number: order[number])
    ]
    return Trace(
        structure=_structure(chosen, found, influence_top),
        tensors=tuple(
            TracedTensor(names[each.number], each.channels, order[each.number], isinstance(each, LayerOutput))
            for each in ordered
        ),
        hops=tuple(hops),
        logits_width=int(program.logits.meta["val"].shape[1]),
        program=program,
        layers=tuple(ChosenLayer(str(each.layer), each.node, each.axis) for each in chosen),
        targets=tuple(found),
        names=names,
    )


def _structure(chosen: Sequence[Origin], targets: Sequence[Target], influence_top: int) -> Structure:
    by_number = {target.origin.number: target for target in targets}
    names = {each.number: str(each.layer) for each in chosen}
    layers = tuple(Layer(str(each.layer), index, each.channels) for index, each in enumerate(chosen))
    direct = {
        str(each.layer): direct_channels(by_number.get(each.number), names, each.channels, influence_top)
        for each in chosen
    }
    return Structure(layers, direct)


def _refuse_one_output_twice(nodes: dict[str, Node]) -> None:
    holder: dict[Node, str] = {}
    for name, node in nodes.items():
        if node in holder:
            raise SummitError(f"layers {holder[node]} and {name} hold the same channels: choose one of them")
        holder[node] = name
