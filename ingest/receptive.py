"""The receptive field of every cell of a layer: the smallest box of input pixels that holds all that the cell sees.

Read off the traced program. Every element of every value carries its *reach*, four numbers: the lowest row and column
that it depends on, and the highest ones, negated. So whatever an operation does, the reach of a result is the minimum
over what it reads, and an element that sees no pixel (padding, a constant) has infinity. Elements are moved one by one
by slices, pads, flips and permutes, so nothing is assumed of strides, and channels that see different pixels (the
branches of a concatenation) stay apart until a layer's channels are joined.

It is the architecture's, whatever the weights: a kernel's zeros count as read. Gates are left out. Statistics of group
and instance normalization are not: every element sees all that its statistics are taken over. An operation that
nothing here describes (an attention, a transposed convolution, a cumulative sum) is taken to read its operands whole.
"""

from __future__ import annotations

import operator
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_arg
from torch.nn import functional

from ingest.trace import Trace, operations
from ingest.trace.arguments import (
    ancestors,
    bound,
    data_of,
    padding,
    pair,
    shape_of,
    sizes_of,
    spatial_size,
    unexpanded,
)
from ingest.trace.program import Program, evaluate, operation_name

_EDGES = 4
"""Numbers of a reach: first row, first column, -end row, -end column."""
_COPIES = frozenset(["clone", "contiguous", "alias", "detach", "dropout", "feature_dropout", "alpha_dropout"])
_RESHAPES = frozenset(["view", "_unsafe_view", "reshape", "flatten", "unflatten", "unsqueeze", "squeeze"])
_SOFTMAX = frozenset(["softmax", "_softmax", "log_softmax", "_log_softmax"])
_LEAST_WEIGHT = 1e-5
"""Below this an interpolation's weight is a rounding error of 0."""


@dataclass(frozen=True)
class _Several:
    """The reaches of an operation with several results; None for one that is no tensor or not computed from images."""

    results: tuple[Tensor | None, ...]


def receptive_fields(trace: Trace) -> dict[str, NDArray[np.int32]]:
    """The receptive field of each cell of each chosen layer, over all its channels, gates left out.

    By layer name, (cells, 4): x0, y0, x1, y1 in input pixels, half-open, clipped to the image; cells in row-major order
    of the layer's output, one for a layer of shape (N, F). A cell that sees no pixel has (0, 0, 0, 0).
    """
    reaches = _Walk(trace.program, [layer.node for layer in trace.layers]).wanted
    return {layer.name: _boxes(reaches[layer.node][:, 0].amin(layer.axis)) for layer in trace.layers}


def _boxes(reach: Tensor) -> NDArray[np.int32]:
    """(4, cells…) -> (cells, 4) x0, y0, x1, y1."""
    y0, x0, y1, x1 = reach.reshape(_EDGES, -1) * torch.tensor([1, 1, -1, -1])[:, None]
    boxes = torch.stack([x0, y0, x1, y1], dim=1)
    return torch.where(boxes.isinf(), 0, boxes).to(torch.int32).numpy()


class _Walk:
    """Reaches (4, *shape) of a program's values in forward order; those of `nodes` are kept in `wanted`."""

    def __init__(self, program: Program, nodes: Sequence[Node]) -> None:
        self._program = program
        self._known: dict[Node, Any] = {}
        self.wanted: dict[Node, Tensor] = {}
        needed = ancestors(nodes)
        waiting = Tally(source for node in program.steps if node in needed for source in node.all_input_nodes)
        for node in (program.image, *program.steps):
            if node in needed:
                self._known[node] = self._visit(node)
                if node in nodes:
                    self.wanted[node] = self._known[node]
                for source in node.all_input_nodes:
                    waiting[source] -= 1
                    if waiting[source] == 0:
                        self._known.pop(source, None)

    def _visit(self, node: Node) -> Any:
        if node is self._program.image:
            return _pixels(shape_of(node))
        if node in self._program.follows_images:
            return self._reach(node)
        return evaluate(node, {source: self._stand_in(source) for source in node.all_input_nodes})

    def _stand_in(self, node: Node) -> Any:
        """A value of the right shape where only sizes matter."""
        if node in self._program.constants:
            return self._program.constants[node]
        return torch.zeros(()).expand(shape_of(node)) if node in self._program.follows_images else self._known[node]

    def _reach(self, node: Node) -> Any:
        """The reach of an operation's result."""
        name = operation_name(node)
        if node.target is operator.getitem:
            return self._known[node.args[0]].results[node.args[1]]  # type: ignore[index]
        data = data_of(node, self._program.follows_images)
        result = self._described(node, name, data)
        if result is None:
            everything = torch.stack([self._known[source].flatten(1).amin(1) for source in data]).amin(0)  # (4,)
            result = everything[:, None]
        return result if isinstance(result, _Several) else _given_out(result, node)

    def _described(self, node: Node, name: str, data: list[Node]) -> Tensor | _Several | None:
        """The reach of an operation that is described here; None for any other."""
        first = self._known[data[0]]
        if name in operations.CONVOLUTIONS:
            return self._convolve(node, data)
        if name in operations.LINEAR:
            return self._linear(node, name, data)
        if name in operations.RENUMBERING:
            return self._move(node, name, data)
        if name in operations.BATCH_NORMS:
            return first if len(data) == 1 else None
        if name in operations.WINDOWS:
            return _window(node, name, first, operations.WINDOWS[name])
        if name in operations.REDUCTIONS:
            return _reduce(node, first)
        if name in operations.NORMALIZATIONS:
            return _normalize(node, name, first) if len(data) == 1 else None
        if name in _SOFTMAX:
            return first.amin(bound(node)["dim"] % (first.dim() - 1) + 1, keepdim=True)  # type: ignore[no-any-return]
        if name in operations.ADDITIONS | operations.PRODUCTS or operations.is_pointwise(node):
            kept = self._without_gate(node, name, data)
            return torch.stack([_broadcast(self._known[source], shape_of(node)) for source in kept]).amin(0)
        return None

    def _convolve(self, node: Node, data: list[Node]) -> Tensor | None:
        arguments = bound(node)
        x, weight = arguments["input"], arguments["weight"]
        if data != [x] or arguments.get("transposed") or len(shape_of(x)) != 4:
            return None
        kernel: Tensor = self._program.constants[weight]
        groups = arguments.get("groups", 1)
        dilation = pair(arguments.get("dilation", 1))
        reach = self._known[x]
        # What a group reads: the lowest over its channels.  (4, B, C, H, W) -> (4, B, groups, H, W)
        joined = reach[:, :, :1] if _same_along(reach, 2) else reach.unflatten(2, (groups, -1)).amin(3)
        zeros = padding(arguments.get("padding", 0), kernel, dilation)
        seen = _lowest_in_windows(
            functional.pad(joined, zeros, value=inf),
            tuple(kernel.shape[2:]),
            pair(arguments.get("stride", 1)),
            0,
            dilation,
        )
        return seen if seen.shape[2] == 1 else seen.repeat_interleave(kernel.shape[0] // groups, dim=2)

    def _linear(self, node: Node, name: str, data: list[Node]) -> Tensor | None:
        x, weight = (node.args[1:3] if name == "addmm" else node.args[:2]) if not node.kwargs else (None, None)
        if data != [x] or not isinstance(weight, Node) or self._program.constants[weight].dim() != 2:
            return None
        lowest: Tensor = self._known[data[0]].amin(-1, keepdim=True)
        return lowest

    def _move(self, node: Node, name: str, data: list[Node]) -> Tensor | _Several:
        """Slices, views, pads, concatenations: runs the operation on the elements' places, 0 for padding."""
        reaches = [self._known[source] for source in data]
        if name in _COPIES:
            return _broadcast(reaches[0], shape_of(node))
        if name in _RESHAPES:
            return reaches[0].reshape(_EDGES, *shape_of(node))  # type: ignore[no-any-return]
        places, start = {}, 1
        for source in dict.fromkeys(data):
            shape = torch.Size(shape_of(source))
            places[source] = torch.arange(start, start + shape.numel(), dtype=torch.float64).view(shape)
            start += shape.numel()
        arguments: list[Any] = list(map_arg(node.args, lambda source: self._place_or_nothing(source, places)))
        options: dict[str, Any] = dict(map_arg(node.kwargs, lambda source: self._place_or_nothing(source, places)))
        if name == "constant_pad_nd" or (name == "pad" and arguments[2:3] in ([], ["constant"])):
            moved = functional.pad(arguments[0], arguments[1])
        else:
            function: Any = node.target
            moved = function(*arguments, **options)
        nothing = torch.full((_EDGES, 1), inf)
        flat = torch.cat([nothing, *(self._known[source].reshape(_EDGES, -1) for source in places)], dim=1)
        if isinstance(moved, tuple | list):
            return _Several(tuple(flat[:, each.long()] for each in moved))
        return flat[:, moved.long()]

    def _place_or_nothing(self, source: Node, places: dict[Node, Tensor]) -> Any:
        if source in places:
            return places[source]
        value = self._program.constants[source] if source in self._program.constants else self._known[source]
        if isinstance(value, Tensor):
            return torch.zeros(value.shape, dtype=torch.float64) if value.is_floating_point() else value.cpu()
        return value

    def _without_gate(self, node: Node, name: str, data: list[Node]) -> list[Node]:
        """The operands that count: not a gate, the operand of spatial size 1 of a product of two values."""
        if name != "mul" or len(data) != 2:
            return data
        dims = len(shape_of(node))
        gates = [index for index in (0, 1) if _has_one_position(shape_of(unexpanded(data[index])), dims)]
        if len(gates) == 2:  # On a map of one position, the gate is what is computed from the other operand.
            gates = [index for index in gates if data[1 - index] in ancestors([data[index]])]
        return [data[1 - gates[0]]] if len(gates) == 1 else data


def _pixels(shape: tuple[int, ...]) -> Tensor:
    """Every pixel sees itself: (4, B, C, H, W)."""
    rows, columns = torch.arange(shape[2]).float()[:, None], torch.arange(shape[3]).float()[None, :]
    edges = [edge.expand(shape[2:]) for edge in (rows, columns, -(rows + 1), -(columns + 1))]
    return torch.stack(edges)[:, None, None].expand(_EDGES, *shape)


def _given_out(reach: Tensor, node: Node) -> Any:
    """The reach with the shape of the operation's result; each of several results has it."""
    value = node.meta["val"]
    if isinstance(value, tuple | list):
        return _Several(tuple(_broadcast(reach, sizes_of(each)) if _holds_something(each) else None for each in value))
    return _broadcast(reach, sizes_of(value))


def _holds_something(value: Any) -> bool:
    return value is not None and 0 not in sizes_of(value)


def _broadcast(reach: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(4, …) -> (4, *shape) by torch's rules of broadcasting."""
    missing = len(shape) - (reach.dim() - 1)
    return reach.reshape(_EDGES, *[1] * missing, *reach.shape[1:]).expand(_EDGES, *shape)


def _same_along(reach: Tensor, dim: int) -> bool:
    return reach.stride(dim) == 0 or reach.shape[dim] == 1


def _lowest_in_windows(
    reach: Tensor, kernel: Any, stride: Any, zeros: Any, dilation: Any, ceil_mode: bool = False
) -> Tensor:
    """(4, B, C, H, W) -> (4, B, C, H', W')"""
    highest: Tensor = functional.max_pool2d(-reach.flatten(0, 1), kernel, stride, zeros, dilation, ceil_mode)
    lowest: Tensor = -highest.unflatten(0, reach.shape[:2])
    return lowest


def _window(node: Node, name: str, reach: Tensor, axes: int) -> Tensor | None:
    """Pools and interpolation over the last axes, each channel by itself."""
    if reach.dim() - 1 != axes + 2:
        return None
    arguments = bound(node)
    # Channels that see the same are looked at once.
    reach = reach[:, :, :1] if _same_along(reach, 2) else reach
    if "upsample" in name:
        return _interpolate(node, reach, axes)
    flat = reach.flatten(0, 1)
    if axes == 3:  # An average over channels: there is no other pool of this kind.
        kernel, stride = arguments["kernel_size"], arguments.get("stride") or arguments["kernel_size"]
        over_all: Tensor = -functional.max_pool3d(-flat, kernel, stride, arguments.get("padding", 0))
        return over_all.unflatten(0, reach.shape[:2])  # type: ignore[no-any-return]
    if axes == 1:
        flat = flat.unsqueeze(-2)  # (4B, C, 1, L): one row
    if "adaptive" in name:
        size = arguments["output_size"]
        seen = -functional.adaptive_max_pool2d(-flat, [1, *size] if axes == 1 else size)
    else:
        sizes = [arguments["kernel_size"], arguments.get("stride") or arguments["kernel_size"]]
        sizes += [arguments.get("padding", 0), arguments.get("dilation", 1)]
        of_one_row = [1, 1, 0, 1]
        kernel, stride, zeros, dilation = (
            (one, pair(size)[-1]) if axes == 1 else pair(size) for size, one in zip(sizes, of_one_row, strict=True)
        )
        seen = -functional.max_pool2d(-flat, kernel, stride, zeros, dilation, arguments.get("ceil_mode", False))
    lowest: Tensor = (seen.squeeze(-2) if axes == 1 else seen).unflatten(0, reach.shape[:2])
    return lowest


def _interpolate(node: Node, reach: Tensor, axes: int) -> Tensor:
    """Interpolation is linear and works axis by axis: its weights along one are what it makes of unit vectors."""
    lengths = tuple(reach.shape[-axes:])
    for axis in range(-axes, 0):
        length = reach.shape[axis]
        shape = [length, 1, *[1] * axes]
        shape[axis] = length
        units = torch.eye(length).view(shape).expand(length, 1, *lengths)
        weights = (
            evaluate(node, dict.fromkeys(node.all_input_nodes, units))
            .movedim(axis, -1)
            .reshape(length, 1, -1, sizes_of(node.meta["val"])[axis])
        )
        read = weights[:, 0, 0].abs() > _LEAST_WEIGHT  # (length, new length)
        lowest = [reach.index_select(axis, column.nonzero().flatten()).amin(axis) for column in read.T]
        reach = torch.stack(lowest, dim=axis)
    return reach


def _reduce(node: Node, reach: Tensor) -> Tensor | None:
    arguments = bound(node)
    axes = arguments.get("dim")
    if axes is None or axes == []:
        return None
    dims = [dim % (reach.dim() - 1) + 1 for dim in ([axes] if isinstance(axes, int) else axes)]
    lowest: Tensor = reach.amin(dims, keepdim=arguments.get("keepdim", False))
    return lowest


def _normalize(node: Node, name: str, reach: Tensor) -> Tensor:
    """An element sees all that its statistics are taken over."""
    arguments = bound(node)
    if "instance" in name:
        return reach.amin(tuple(range(3, reach.dim())), keepdim=True)
    if "group" in name:
        groups = arguments["num_groups"] if "num_groups" in arguments else arguments["group"]
        members = reach.reshape(*reach.shape[:2], groups, -1)  # (4, B, groups, members)
        return members.amin(-1, keepdim=True).expand(members.shape).reshape(reach.shape)
    return reach.amin(tuple(range(-len(arguments["normalized_shape"]), 0)), keepdim=True)


def _has_one_position(shape: tuple[int, ...], dims: int) -> bool:
    """Whether an operand has one position only, its channels being the second axis or the last."""
    return any(spatial_size(shape, dims, axis) == 1 for axis in (1, dims - 1))
