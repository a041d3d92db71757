"""The cap on a channel's incoming edges."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.attribution.edges import strongest


@pytest.mark.parametrize("largest", [0, 1, 3, 126, 127, 255, 1300, 40_000, 70_000])
@pytest.mark.parametrize("columns", [1, 2, 7, 127, 128, 255, 256, 700])
def test_the_strongest_of_each_row_stay_and_of_equal_ones_the_leftmost(columns: int, largest: int) -> None:
    random = np.random.default_rng(columns + largest)
    table = random.integers(0, largest + 1, (6, columns)).astype(np.min_scalar_type(largest))
    table[0] = largest
    for limit in (1, 2, 5, columns):
        kept = strongest(table.copy(), limit)
        for row, after in zip(table.tolist(), kept.tolist(), strict=True):
            ranked = sorted((-value, place) for place, value in enumerate(row))
            places = {place for _, place in ranked[:limit]}
            assert after == [value if place in places else 0 for place, value in enumerate(row)]


def test_no_rows_stay_no_rows() -> None:
    assert strongest(np.zeros((0, 128), np.uint8), 32).shape == (0, 128)
