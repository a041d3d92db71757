"""Normalizations that a model writes out itself: a value less its mean over channels, divided by a statistic's root.

`torch.nn.functional.layer_norm` is one operation, but ConvNeXt's own layer normalization over the second axis, local
response normalization, and root-mean-square and L2 normalization over channels are made of several. What their means
give belongs to no channel. It is understood only as a part of such a pattern; used otherwise it is refused, as is what
looks alike and is none (attention over positions, a softmax by hand).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from ingest.trace import operations
from ingest.trace.addresses import acted_on, same_channels, without_acted
from ingest.trace.arguments import bound, shape_of
from ingest.trace.origins import Unknown
from ingest.trace.program import operation_name

_ROOTS = frozenset(["linalg_vector_norm", "norm", "std"])
_STATISTICS = frozenset(["mean", "sum", "var", "var_mean", "avg_pool3d"]) | _ROOTS
_ONLY_CENTERED = "subtracts a statistic over channels, and no root of one divides the result"
_CHANGES_SIZE_ONLY = frozenset(["clamp", "clamp_min", "square", "abs"])


@dataclass(frozen=True)
class Statistic(Unknown):
    """Numbers computed of several channels by means, powers and roots alone."""

    of: Tensor
    """The channels that they are computed of, sorted."""
    root: bool = False
    """Whether a root has been taken, as of a variance."""
    inverse: bool = False
    """Whether it is one over the statistic."""


@dataclass(frozen=True)
class Centered(Unknown):
    """A value less its mean over channels, on its way to being divided."""

    addresses: Tensor


def over_channels(node: Node, addresses: Tensor, unknown: Unknown) -> Any:
    """What an operation that reduces or pools over channels gives; `unknown` if it is no statistic."""
    name, axes = operation_name(node), bound(node).get("dim")
    dims = {axes} if isinstance(axes, int) else set(axes or ())
    if name not in _STATISTICS or 0 in dims or -addresses.dim() in dims:
        return unknown
    found = Statistic(unknown.reason, _channels(addresses), root=name in _ROOTS)
    return (found, found) if name == "var_mean" else found


def written_out(node: Node, data: Sequence[Node], known: Sequence[Any], unknown: Callable[[Node, str], Unknown]) -> Any:
    """What an operation makes of statistics and centered values; None if it is no part of a normalization.

    `known` is what is known of `data`, the arguments that depend on the images.
    """
    if len(data) > 2 or not any(isinstance(each, Statistic | Centered) for each in known):
        return None
    name = operation_name(node)
    if len(data) == 2:
        return _of_two(node, name, known[0], known[1], unknown)
    is_first = bool(node.args) and node.args[0] is data[0]
    if isinstance(known[0], Statistic):
        return _of_statistic(node, name, known[0], is_first)
    return _of_centered(node, name, known[0], is_first)


def _of_statistic(node: Node, name: str, value: Statistic, is_first: bool) -> Statistic | None:
    if name in operations.RENUMBERING or name in _CHANGES_SIZE_ONLY:
        return value
    if name in operations.ADDITIONS | {"mul"}:
        return value if name == "mul" or not value.inverse else None
    if name in operations.DIVISIONS:
        return value if is_first else replace(value, inverse=not value.inverse)
    if name == "pow":
        exponent = bound(node).get("exponent")
        if not isinstance(exponent, int | float) or not is_first:
            return None
        fraction = exponent != int(exponent)
        return replace(value, root=value.root or fraction, inverse=value.inverse != (exponent < 0))
    if name == "sqrt":
        return replace(value, root=True)
    if name in ("rsqrt", "reciprocal"):
        return replace(value, root=value.root or name == "rsqrt", inverse=not value.inverse)
    return None


def _of_centered(node: Node, name: str, value: Centered, is_first: bool) -> Any:
    if name in _STATISTICS:
        return over_channels(node, value.addresses, value)
    keeps = name in ("square", "abs", "mul") or (is_first and name in operations.DIVISIONS | {"pow"})
    return value if keeps else None


def _of_two(node: Node, name: str, first: Any, second: Any, unknown: Callable[[Node, str], Unknown]) -> Any:
    if isinstance(first, Statistic) and isinstance(second, Statistic):
        if name not in operations.ADDITIONS | {"mul"}:
            return None
        return replace(first, of=torch.cat([first.of, second.of]).unique(), root=first.root and second.root)
    if isinstance(first, Centered) and isinstance(second, Centered):
        return first if name == "mul" and same_channels(first.addresses, second.addresses) else None
    value, divisor = (second, first) if isinstance(first, Statistic) and name == "mul" else (first, second)
    addresses = value.addresses if isinstance(value, Centered) else value
    if not isinstance(addresses, Tensor) or not isinstance(divisor, Statistic):
        return None
    if tuple(addresses.shape) != shape_of(node) or not bool(torch.isin(_channels(addresses), divisor.of).all()):
        return None
    if name == "sub" and not (divisor.root or divisor.inverse or node.kwargs) and addresses is value:
        return Centered(unknown(node, _ONLY_CENTERED).reason, acted_on(addresses))
    if divisor.root and name in (("mul",) if divisor.inverse else operations.DIVISIONS):
        return acted_on(addresses)
    return None


def _channels(addresses: Tensor) -> Tensor:
    coarse = without_acted(addresses)
    channels: Tensor = coarse[coarse >= 0].unique()
    return channels
