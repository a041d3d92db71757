"""The walk through the program: where every channel of every value comes from.

1. The images, every sum (convolution, linear layer, addition of two values) and every chosen layer's output is an
   *origin*: its elements get addresses of their own.
2. Renumbering operations are run on the addresses.
3. Operations that act on values within a channel (nonlinearity, pool, normalization, gate) keep the channel and note
   that something has acted on it.
4. A batch-norm or constant scale folds into the sum it reads, if it is the only reader of that sum's values,
   renumbering aside; otherwise it acts on values. A second one folds into what the first has made of the sum.
5. What is not understood makes its value Unknown. That is an error only where a hop needs the value.
"""

from __future__ import annotations

import math
import operator
from collections import Counter as Tally
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_arg
from torch.nn import functional

from ingest.trace import operations
from ingest.trace.addresses import (
    BATCH,
    NOTHING,
    Channels,
    acted_on,
    channel_axis,
    channels_along,
    channels_of,
    collapsed,
    fresh,
    positions,
    same_channels,
)
from ingest.trace.arguments import (
    ancestors,
    as_node,
    batch_norm_scale,
    bound,
    data_of,
    padding,
    pair,
    per_channel,
    result_of,
    shape_of,
    sizes_of,
    spatial_size,
    unexpanded,
)
from ingest.trace.capture import where
from ingest.trace.normalization import over_channels, written_out
from ingest.trace.origins import Convolution, LayerOutput, Origin, Side, Sum, Unknown
from ingest.trace.program import Program, evaluate, operation_name

Known = Any  # addresses, Unknown, a tuple of these, or a plain value that is not computed from the images
_NO_GATE = "multiplies two tensors, neither of which is a gate of spatial size 1"
_NO_MAPS = (torch.zeros(0, 0, dtype=torch.long), torch.zeros(0, dtype=torch.long))


class Flow:
    """The origins of a program's values up to its chosen layers; `origins[number]` is what an address names."""

    def __init__(self, program: Program, layers: Mapping[str, Node]) -> None:
        self._program = program
        self._layer_of = {node: name for name, node in layers.items()}
        self._known: dict[Node, Known] = {}
        self._reader_of: dict[str, Node] = {}
        self.origins: list[Origin] = []
        wanted = ancestors(layers.values())
        waiting = Tally(source for node in program.steps if node in wanted for source in node.all_input_nodes)
        for node in (program.image, *program.steps):
            if node in wanted:
                self._visit(node)
                for source in node.all_input_nodes:
                    waiting[source] -= 1
                    if waiting[source] == 0:
                        self._known.pop(source, None)

    # -- nodes ---------------------------------------------------------------------------------------------------

    def _visit(self, node: Node) -> None:
        if node is self._program.image:
            known: Known = self._begin(Origin(*self._numbered("image", node, 1)))
        elif node in self._program.follows_images:
            known = self._follow(node)
        else:
            known = evaluate(node, {source: self._stand_in(source) for source in node.all_input_nodes})
        if node in self._layer_of:
            known = self._enter_layer(node, known)
        self._known[node] = known

    def _follow(self, node: Node) -> Known:
        """What is known of an operation's result."""
        name = operation_name(node)
        if node.target is operator.getitem:
            source = self._known[as_node(node.args[0])]
            return source if isinstance(source, Unknown) else source[node.args[1]]
        data = data_of(node, self._program.follows_images)
        part = written_out(node, data, [self._known[source] for source in data], self._unknown)
        if part is not None:
            return part
        if name in operations.ADDITIONS and len(data) == 2:
            return self._add(node, data)
        if name in operations.CONVOLUTIONS:
            return self._convolve(node)
        if name in operations.LINEAR and len(data) == 1:
            return self._linear(node, data[0])
        if name in operations.PRODUCTS and len(data) == 2 and name == "mul":
            return self._gate(node, data)
        unknown = next((self._known[source] for source in data if isinstance(self._known[source], Unknown)), None)
        if unknown is not None:
            return unknown
        if name in operations.RENUMBERING:
            return self._renumber(node)
        if name in operations.BATCH_NORMS:
            scaled = self._scale(node, data[0], batch_norm_scale(node, self._program.constants), axis=1)
            return (scaled, *[None] * (len(node.meta["val"]) - 1))
        if name in operations.PRODUCTS | operations.ADDITIONS and len(data) == 1:
            return self._constant_operand(node, data[0])
        if name in operations.WINDOWS:
            return self._window(node, data[0], operations.WINDOWS[name])
        if name in operations.REDUCTIONS:
            return self._reduce(node, data[0])
        if name in operations.NORMALIZATIONS and len(data) == 1:
            known = acted_on(self._known[data[0]])
            return (known, None, None) if name.startswith(("native", "_fused")) else known
        if operations.is_pointwise(node) and data:
            return self._pointwise(node, data)
        return self._unknown(node)

    def _unknown(self, node: Node, problem: str = "is not understood") -> Unknown:
        return Unknown(f"operation {operation_name(node)} in {where(node)} {problem}")

    def _stand_in(self, node: Node) -> Any:
        """A value of the right shape where only sizes matter."""
        if node in self._program.constants:
            return self._program.constants[node]
        return torch.zeros(shape_of(node)) if node in self._program.follows_images else self._known[node]

    # -- origins -------------------------------------------------------------------------------------------------

    def _numbered(self, kind: str, node: Node, axis: int) -> tuple[int, str, Node, int, int, tuple[int, ...], int]:
        shape = shape_of(node)
        spatial = tuple(size for index, size in enumerate(shape) if index not in (0, axis))
        return len(self.origins), kind, node, shape[axis], axis, spatial, self._program.position[node]

    def _without_images(self, node: Node) -> Unknown | None:
        """Why no origin can begin with a tensor: its first axis is not that of the images."""
        return None if shape_of(node)[0] == BATCH else self._unknown(node, "puts more than images on the first axis")

    def _begin(self, origin: Origin) -> Known:
        self.origins.append(origin)
        return self._without_images(origin.node) or fresh(origin.number, shape_of(origin.node), origin.axis)

    def _enter_layer(self, node: Node, known: Known) -> Known:
        reads: Channels | Unknown
        known = self._without_images(node) or known
        if isinstance(known, Tensor):
            reads = channels_of(known) or self._unknown(node, "gives a tensor whose channels are mixed")
        else:
            reads = known if isinstance(known, Unknown) else self._unknown(node)
        axis = reads.axis if isinstance(reads, Channels) else 1
        return self._begin(LayerOutput(*self._numbered("layer", node, axis), layer=self._layer_of[node], reads=reads))

    # -- sums ----------------------------------------------------------------------------------------------------

    def _begin_sum(
        self, node: Node, axis: int, parts: list[Convolution | Side], refusal: Unknown | None, *weights: Node
    ) -> Known:
        if (kind := node.meta["val"].dtype) != self._program.stand_in.dtype:
            refusal = self._unknown(node, f"computes in {kind}: take autocast and half precision out of the model")
        for name in sorted(name for weight in weights for name in self._program.parameter_names[weight]):
            if self._reader_of.setdefault(name, node) is not node:
                refusal = self._unknown(node, f"reads parameter {name}, which another operation reads too")
        return self._begin(Sum(*self._numbered("sum", node, axis), parts=parts, refusal=refusal, value=node))

    def _convolve(self, node: Node) -> Known:
        arguments = bound(node)
        x, weight = as_node(arguments["input"]), arguments["weight"]
        if x not in self._program.follows_images or weight not in self._program.constants:
            return self._begin_sum(node, 1, [], self._unknown(node, "has a kernel that depends on the images"))
        if arguments.get("transposed") or len(shape_of(x)) != 4:
            return self._begin_sum(node, 1, [], self._unknown(node, "is not a convolution over two axes"))
        known = self._known[x]
        kernel: Tensor = self._program.constants[weight]
        groups = arguments.get("groups", 1)
        # A blur-pool: every channel by itself under a kernel that is not learned.
        if groups == kernel.shape[0] == shape_of(x)[1] and not self._program.parameter_names[weight]:
            return known if isinstance(known, Unknown) else self._window(node, x, 2)
        reads = known if isinstance(known, Unknown) else channels_along(known, 1)
        if not isinstance(reads, Channels):
            return self._begin_sum(node, 1, [], reads or self._unknown(node, "reads channels that a reshape has mixed"))
        stride, dilation = pair(arguments.get("stride", 1)), pair(arguments.get("dilation", 1))
        zeros = padding(arguments.get("padding", 0), kernel, dilation)
        part = Convolution(x, reads, kernel, stride, zeros, dilation, groups)
        return self._begin_sum(node, 1, [part], None, weight)

    def _linear(self, node: Node, x: Node) -> Known:
        name, constants = operation_name(node), self._program.constants
        operands = [as_node(argument) for argument in node.args if isinstance(argument, Node)]
        weight_node = operands[{"addmm": 2}.get(name, 1)]
        axis = len(shape_of(node)) - 1
        if weight_node not in constants or constants[weight_node].dim() != 2 or node.kwargs:
            return self._begin_sum(node, axis, [], self._unknown(node))
        weight: Tensor = constants[weight_node] if name == "linear" else constants[weight_node].T
        known = self._known[x]
        reads = known if isinstance(known, Unknown) else channels_along(known, known.dim() - 1)
        if not isinstance(reads, Channels):
            return self._begin_sum(
                node, axis, [], reads or self._unknown(node, "reads channels that a reshape has mixed")
            )
        return self._begin_sum(node, axis, [Convolution(x, reads, weight)], None, weight_node)

    def _add(self, node: Node, data: list[Node]) -> Known:
        """An addition or subtraction of two values: an origin whose parts are its two sides."""
        alpha = float(node.kwargs.get("alpha", 1))  # type: ignore[arg-type]
        factors = {"add": (1.0, alpha), "sub": (1.0, -alpha), "rsub": (-alpha, 1.0)}[operation_name(node)]
        shape, known = shape_of(node), [self._known[source] for source in data]
        refused = [side for side in known if isinstance(side, Unknown)]
        followed = [side.expand(shape) for side in known if not isinstance(side, Unknown)]
        axis = channel_axis(*followed) if followed else None
        if axis is None:
            return refused[0] if refused else self._unknown(node, "adds tensors whose channels are mixed")
        parts = [
            self._side(source, side.expand(shape), axis, factor)
            for source, side, factor in zip(data, known, factors, strict=True)
            if not isinstance(side, Unknown)
        ]
        return self._begin_sum(node, axis, parts, refused[0] if refused else None)

    def _side(self, x: Node, addresses: Tensor, axis: int, factor: float) -> Convolution | Side:
        """One side of an addition: the channels whose own terms join the sum's, and where their positions lie."""
        reads = channels_along(addresses, axis)
        assert reads is not None
        is_sum = torch.tensor([isinstance(origin, Sum) for origin in self.origins] + [False])
        joins = is_sum[reads.origin] & ~reads.acted
        maps, map_of = positions(addresses, axis)[joins].unique(dim=0, return_inverse=True) if joins.any() else _NO_MAPS
        return Side(
            x,
            reads,
            factor,
            tuple(addresses.shape),
            maps,
            torch.full((len(joins),), NOTHING).masked_scatter(joins, map_of),
        )

    # -- scales --------------------------------------------------------------------------------------------------

    def _constant_operand(self, node: Node, x: Node) -> Known:
        """A value times, divided by, plus or minus a constant."""
        name = operation_name(node)
        constants: list[Any] = [
            self._program.constants.get(a, a) if isinstance(a, Node) else a for a in node.args if a is not x
        ]
        constant = constants[0] if constants else 1.0
        if isinstance(constant, Node) or node.kwargs.get("rounding_mode") is not None:
            return self._unknown(node)
        known: Tensor = self._known[x]
        shape = shape_of(node)
        x_first = node.args[0] is x
        if name in operations.DIVISIONS and not x_first:
            return acted_on(known.expand(shape))
        alpha: Any = node.kwargs.get("alpha", 1)
        sign = {
            "neg": -1,
            "add": 1 if x_first else alpha,
            "sub": 1 if x_first else -alpha,
            "rsub": -alpha if x_first else 1,
        }.get(name, 1)
        channels = channels_of(known)
        if tuple(known.shape) != shape or channels is None:
            return acted_on(known.expand(shape))
        factor: Any = sign
        if name == "mul":
            factor = constant
        elif name in operations.DIVISIONS:
            factor = 1 / constant if isinstance(constant, Tensor) or constant else math.inf
        scale = per_channel(factor, shape, channels.axis)
        if scale is None:
            return acted_on(known)
        return self._scale(node, x, scale, channels.axis)

    def _scale(self, node: Node, x: Node, scale: Tensor, axis: int) -> Known:
        """A scale per channel (and a shift): folds into the sums of which it is the only reader, acts on the rest."""
        known: Tensor = self._known[x]
        reads = channels_along(known, axis)
        if reads is None:
            return self._unknown(node, "scales channels that a reshape has mixed")
        folds = torch.zeros_like(reads.acted)
        for number in reads.origin[(reads.origin >= 0) & ~reads.acted].unique().tolist():
            origin = self.origins[number]
            here = (reads.origin == number) & ~reads.acted
            if isinstance(origin, Sum) and self._readers(origin.folded or origin.node) == {node}:
                # A channel that is there twice with two scales cannot carry both.
                folded = torch.ones(origin.channels, dtype=scale.dtype)
                folded[reads.channel[here]] = scale[here]
                if torch.equal(folded[reads.channel[here]], scale[here]):
                    origin.fold(folded, node)
                    origin.complete = self._program.position[node]
                    origin.value = result_of(node) if origin.value is x else None
                    folds |= here
        along = folds.view([-1 if dim == axis else 1 for dim in range(known.dim())])
        return torch.where(along, known, acted_on(known))

    def _readers(self, node: Node) -> set[Node]:
        """The operations that read a node's values, seen through renumbering; a chosen layer is a reader itself."""
        readers: set[Node] = set()
        for user in node.users:
            if operation_name(user).startswith("sym_"):
                continue
            renumbers = user.target is operator.getitem or operation_name(user) in operations.RENUMBERING
            if user.op == "call_function" and renumbers and user not in self._layer_of:
                readers |= self._readers(user)
            elif user.op == "call_function" or node is self._program.logits:
                readers.add(user)
        return readers

    # -- what keeps the channels ---------------------------------------------------------------------------------

    def _renumber(self, node: Node) -> Known:
        def address_or_nothing(source: Node) -> Any:
            if source in self._program.follows_images:
                return self._known[source]
            value = self._program.constants[source] if source in self._program.constants else self._known[source]
            if isinstance(value, Tensor) and value.is_floating_point():
                return torch.full(value.shape, NOTHING)
            return value.cpu() if isinstance(value, Tensor) else value

        arguments: list[Any] = list(map_arg(node.args, address_or_nothing))
        options: dict[str, Any] = dict(map_arg(node.kwargs, address_or_nothing))
        if operation_name(node) in ("constant_pad_nd", "pad") and (len(arguments) < 3 or arguments[2] == "constant"):
            return functional.pad(arguments[0], arguments[1], value=NOTHING)
        function: Any = node.target
        try:
            return function(*arguments, **options)
        except (RuntimeError, NotImplementedError):
            # Some kernels have no integer version: move the elements' places, exact in float64; place 0 is padding.
            moved = functional.pad(arguments[0].flatten(), (1, 0), value=NOTHING)
            places = torch.arange(1, len(moved), dtype=torch.float64).view(arguments[0].shape)
            return moved[function(places, *arguments[1:], **options).long()]

    def _window(self, node: Node, x: Node, axes: int) -> Known:
        known: Tensor = self._known[x]
        single = collapsed(known, tuple(range(known.dim() - axes, known.dim())))
        if single is None:
            return over_channels(node, known, self._unknown(node, "works over an axis that holds channels"))
        first = node.meta["val"]
        several = isinstance(first, tuple | list)
        result = acted_on(single.expand(sizes_of(first[0] if several else first)))
        return (result, self._unknown(node)) if several else result

    def _reduce(self, node: Node, x: Node) -> Known:
        arguments = bound(node)
        axes = arguments.get("dim")
        if axes is None or arguments.get("self") is not x:
            return self._unknown(node)
        known: Tensor = self._known[x]
        dims = tuple(dim % known.dim() for dim in ([axes] if isinstance(axes, int) else axes))
        single = collapsed(known, dims) if dims and 0 not in dims else None
        if single is None:
            return over_channels(node, known, self._unknown(node, "reduces the axis that holds the channels"))
        keep = arguments.get("keepdim", False)
        result = acted_on(single if keep else single.squeeze(dims))
        first = node.meta["val"]
        return (
            (result, *[result if operation_name(node) == "var_mean" else None] * (len(first) - 1))
            if isinstance(first, tuple | list)
            else result
        )

    def _pointwise(self, node: Node, data: list[Node]) -> Known:
        shape = shape_of(node)
        first, *others = [self._known[source].expand(shape) for source in data]
        if all(same_channels(first, other) for other in others):
            return acted_on(first)
        return self._unknown(node, "joins two tensors other than by adding them")

    def _gate(self, node: Node, data: list[Node]) -> Known:
        """A product of two values: a channel with itself, or a map with a gate, the operand of spatial size 1."""
        known, shape = [self._known[source] for source in data], shape_of(node)
        followed = [operand.expand(shape) for operand in known if not isinstance(operand, Unknown)]
        if len(followed) == 2 and same_channels(*followed):
            return acted_on(followed[0])
        axes = [axis for axis in map(channel_axis, followed) if axis is not None]
        sizes = [shape_of(unexpanded(source)) for source in data]
        gates = [index for index in (0, 1) if axes and spatial_size(sizes[index], len(shape), axes[0]) == 1]
        if len(gates) == 2:  # On a map of one position, the gate is what is computed from the other operand.
            gates = [index for index in gates if data[1 - index] in ancestors([data[index]])]
        if len(gates) != 1:
            refused = [operand for operand in known if isinstance(operand, Unknown)]
            return refused[0] if refused else self._unknown(node, _NO_GATE)
        kept = known[1 - gates[0]]
        return kept if isinstance(kept, Unknown) else acted_on(kept.expand(shape))
