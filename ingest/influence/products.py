"""The largest value over positions of products of weights and patches: where nearly all of influence's time goes.

`position_maxima` is a function of two arrays, and the one place that a compiled kernel has to replace. In plain PyTorch
every term is written once, in chunks that stay in the cache, and read once for its maximum.
"""

from __future__ import annotations

import torch
from torch import Tensor

_CHUNK_ELEMENTS = 1 << 19
_FEW_ROWS = 16
_FEW_TERMS = 1 << 15
_ONEDNN_LINEAR = torch.ops.mkldnn._linear_pointwise if torch.backends.mkldnn.is_available() else None
"""oneDNN's product of matrices: with an inner dimension of 9 twice as fast as the BLAS behind torch.matmul."""


def position_maxima(weight: Tensor, patches: Tensor) -> Tensor:
    """max over P of weight @ patches, for each source channel and image.

    weight (S, R, Q): for each of S source channels the weights of R rows; patches (S, Q, B, P): what they read at each
    of P positions. Each product is a sum over Q in the tensors' own type.
    -> (B, S, R)
    """
    if weight.device.type != "cpu":
        return _by_source(weight, patches, len(weight))
    sources, rows, _ = weight.shape
    batch, positions = patches.shape[2:]
    if (
        rows < _FEW_ROWS or rows * batch * positions < _FEW_TERMS
    ):  # a call a source channel would cost more than it saves
        return _by_source(weight, patches, max(1, _CHUNK_ELEMENTS // (rows * batch * positions)))
    maxima = weight.new_empty(batch, sources, rows)
    step = max(1, _CHUNK_ELEMENTS // (rows * positions))
    for source in range(sources):
        read = patches[source].flatten(1).T.contiguous()  # (B * P, Q)
        for start in range(0, batch, step):
            part = read[start * positions : (start + step) * positions]
            terms = _product(part, weight[source]).view(-1, positions, rows)  # (B', P, R)
            torch.amax(terms, dim=1, out=maxima[start : start + step, source])
    return maxima


def _by_source(weight: Tensor, patches: Tensor, step: int) -> Tensor:
    """Some source channels at a time, as a batched product."""
    batch, positions = patches.shape[2:]
    found = []
    for start in range(0, len(weight), step):
        terms = torch.bmm(weight[start : start + step], patches[start : start + step].flatten(2))  # (S', R, B * P)
        found.append(terms.view(*terms.shape[:2], batch, positions).amax(dim=3))
    return torch.cat(found).permute(2, 0, 1)  # (S, R, B) -> (B, S, R)


def _product(patches: Tensor, weight: Tensor) -> Tensor:
    """(B * P, Q), (R, Q) -> (B * P, R)"""
    if _ONEDNN_LINEAR is None or weight.dtype != torch.float32:
        return patches @ weight.T
    product: Tensor = _ONEDNN_LINEAR(patches, weight, None, "none", [], "")
    return product
