"""Reading an operation's arguments: by name, with plain sizes, and as scales per channel."""

from __future__ import annotations

import operator
from collections.abc import Container, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_arg

from ingest.trace.program import operation_name


def ancestors(nodes: Iterable[Node]) -> set[Node]:
    """The nodes that these are computed from, themselves included."""
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found


def data_of(node: Node, follows_images: Container[Node]) -> list[Node]:
    """The arguments whose values come from the images, in order, an argument that occurs twice twice."""
    found: list[Node] = []
    map_arg((node.args, node.kwargs), lambda source: found.append(source) or source)  # type: ignore[func-returns-value]
    return [source for source in found if source in follows_images]


def as_node(argument: Any) -> Node:
    assert isinstance(argument, Node)
    return argument


def result_of(node: Node) -> Node:
    """The node of an operation's first result, where it has several."""
    if isinstance(node.meta["val"], tuple | list):
        return next(user for user in node.users if user.target is operator.getitem and user.args[1] == 0)
    return node


def bound(node: Node) -> dict[str, Any]:
    """An operation's arguments by name."""
    names = [argument.name for argument in node.target._schema.arguments]  # type: ignore[union-attr]
    return {**dict(zip(names, node.args, strict=False)), **node.kwargs}


def sizes_of(value: Any) -> tuple[int, ...]:
    """A fake tensor's shape, with the example's batch where the batch is a symbol."""
    return tuple(size if isinstance(size, int) else int(size.node.hint) for size in value.shape)


def shape_of(node: Node) -> tuple[int, ...]:
    return sizes_of(node.meta["val"])


def unexpanded(node: Node) -> Node:
    """What an expansion repeats: a gate that is expanded to its map's size is still of spatial size 1."""
    while node.op == "call_function" and operation_name(node) in ("expand", "expand_as"):
        node = as_node(node.args[0])
    return node


def spatial_size(shape: tuple[int, ...], dims: int, axis: int) -> int:
    """Positions of an operand that is broadcast to `dims` axes with channels along `axis`."""
    padded = (1,) * (dims - len(shape)) + shape
    return torch.Size(size for index, size in enumerate(padded) if index not in (0, axis)).numel()


def pair(value: Any) -> tuple[int, int]:
    numbers = [value] * 2 if isinstance(value, int) else list(value)
    return (numbers[0], numbers[-1])


def padding(value: Any, kernel: Tensor, dilation: tuple[int, int]) -> tuple[int, int, int, int]:
    if value == "valid":
        return (0, 0, 0, 0)
    if value == "same":
        totals = [step * (size - 1) for step, size in zip(dilation, kernel.shape[2:], strict=True)]
        (above, below), (left, right) = ((total // 2, total - total // 2) for total in totals)
        return (left, right, above, below)
    vertical, horizontal = pair(value)
    return (horizontal, horizontal, vertical, vertical)


def batch_norm_scale(node: Node, constants: Mapping[Node, Any]) -> Tensor:
    arguments = bound(node)
    variance = constants[arguments["running_var"]].double()
    scale: Tensor = 1 / torch.sqrt(variance + arguments["eps"])
    return (scale if arguments["weight"] is None else constants[arguments["weight"]].double() * scale).cpu()


def per_channel(factor: Any, shape: tuple[int, ...], axis: int) -> Tensor | None:
    """A constant factor as (C,), if it is the same at every position."""
    if not isinstance(factor, Tensor):
        return torch.full((shape[axis],), float(factor), dtype=torch.float64)
    rows = factor.expand((1, *shape[1:])).movedim(axis, 1)[0].flatten(1)  # (C, positions)
    return rows[:, 0].double().cpu() if bool((rows == rows[:, :1]).all()) else None
