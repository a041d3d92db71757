"""The k largest terms: ties, signs and fewer terms than k."""

from __future__ import annotations

import torch

from ingest.influence.top import largest


def test_the_largest_values_equal_those_of_a_plain_sort() -> None:
    values = torch.randn(50, 7, 40, generator=torch.Generator().manual_seed(3))
    top, index = largest(values, 5)
    assert torch.equal(top.sort(dim=-1).values, values.sort(dim=-1).values[..., -5:])
    assert torch.equal(values.gather(2, index), top)


def test_equal_values_at_the_cut_go_to_the_lower_index() -> None:
    values = torch.randint(0, 4, (200, 30), generator=torch.Generator().manual_seed(4)).float()
    _, index = largest(values, 5)
    for row, chosen in zip(values.tolist(), index.tolist(), strict=True):
        expected = sorted(range(30), key=lambda place, row=row: (-row[place], place))[:5]  # type: ignore[misc]
        positive = [place for place in expected if row[place] > 0]
        assert sorted(place for place in chosen if row[place] > 0) == sorted(positive)


def test_fewer_values_than_k_are_all_taken() -> None:
    top, index = largest(torch.tensor([[3.0, -1.0]]), 5)
    assert top.tolist() == [[3.0, -1.0]]
    assert index.tolist() == [[0, 1]]
