"""The k largest of many values, ties to the lower index."""

from __future__ import annotations

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
