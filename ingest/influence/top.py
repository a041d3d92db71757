"""The k largest of many values, ties to the lower index."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def largest(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """(..., N) -> (..., min(k, N)) values and their indices; among equal values at the cut the lower index is taken.

    The order within the k is not defined. torch.topk alone takes any of several equal values.
    """
    count = values.shape[-1]
    if count <= k:
        return values, torch.arange(count, device=values.device).expand(values.shape)
    top, index = values.topk(k + 1, dim=-1)
    top, next_value, index = top[..., :k], top[..., k], index[..., :k]
    tied = (top[..., k - 1] == next_value) & (next_value > 0)
    if bool(tied.any()):
        index[tied] = values[tied].sort(dim=-1, descending=True, stable=True).indices[..., :k]
    return top, index


def among_largest(terms: Tensor, k: int, order: Tensor | None = None) -> Tensor:
    """Whether each term is above 0 and among the k largest of its row.  (B, R, N) -> (B, R, N) bool

    Among equal terms at the cut the first in `order` are taken: (1 or R, N), the places of the terms in the order that
    decides ties; None if they lie in it.
    """
    if terms.shape[-1] <= k:
        return terms > 0
    least = _kth_largest(terms, k).clamp(min=_smallest(terms))  # (B, R, 1)
    if terms.device.type != "cpu":
        return _first_of_equal(terms, least, k, order)  # asking whether there are ties would make the device wait
    among = terms >= least
    tied = among.sum(dim=2, dtype=torch.int32) > k  # (B, R)
    if bool(tied.any()):
        image, row = tied.nonzero(as_tuple=True)
        rows = None if order is None else order[row if len(order) > 1 else torch.zeros_like(row)]
        among[image, row] = _first_of_equal(terms[image, row], least[image, row], k, rows)
    return among


def _kth_largest(terms: Tensor, k: int) -> Tensor:
    """(..., N) -> (..., 1)"""
    if terms.device.type != "cpu":
        return terms.topk(k, dim=-1).values[..., -1:]
    # NumPy's partition is vectorised; torch.topk is several times slower on rows of a few hundred.
    place = terms.shape[-1] - k
    return torch.from_numpy(np.partition(terms.numpy(), place, axis=-1)[..., place : place + 1])


def _smallest(terms: Tensor) -> float:
    """The smallest number above 0 of the terms' type."""
    return torch.finfo(terms.dtype).smallest_normal * torch.finfo(terms.dtype).eps


def _first_of_equal(terms: Tensor, least: Tensor, k: int, order: Tensor | None) -> Tensor:
    """Those above the k-th largest, and of those equal to it the first ones in order, k in all.  (..., N) bool"""
    above, equal = terms > least, terms == least
    room = k - above.sum(dim=-1, keepdim=True)  # (..., 1)
    if order is None:
        return above | (equal & (equal.cumsum(dim=-1) <= room))
    order = order.expand(terms.shape)
    in_order = equal.gather(-1, order)
    taken = in_order & (in_order.cumsum(dim=-1) <= room)
    return above | torch.zeros_like(equal).scatter_(-1, order, taken)
