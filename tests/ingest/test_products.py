"""Maxima over positions of products: each path of the seam against plain loops in double precision."""

from __future__ import annotations

import pytest
import torch

from ingest.influence.products import position_maxima


@pytest.mark.parametrize(
    ("sources", "rows", "taps", "batch", "positions"),
    [
        (3, 1, 9, 4, 30),  # depthwise: one row a source channel
        (5, 20, 9, 2, 4),  # too few terms for a call a source channel
        (3, 40, 9, 5, 200),
        (2, 24, 25, 3, 9000),  # one image at a time
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_maxima_are_those_of_plain_products(
    sources: int, rows: int, taps: int, batch: int, positions: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(sources, rows, taps, generator=generator, dtype=dtype)
    patches = torch.randn(sources, taps, batch, positions, generator=generator, dtype=dtype)
    found = position_maxima(weight, patches)
    for source in range(sources):
        terms = torch.einsum("rq,qbp->brp", weight[source].double(), patches[source].double())
        torch.testing.assert_close(found[:, source].double(), terms.amax(dim=2), rtol=1e-5, atol=1e-5)
