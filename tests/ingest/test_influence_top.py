"""The k largest terms: ties, signs and fewer terms than k."""

from __future__ import annotations

import torch

from ingest.influence.top import among_largest, largest


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


def test_among_the_largest_are_those_that_a_plain_sort_puts_first() -> None:
    terms = torch.randint(-20, 4, (6, 40, 30), generator=torch.Generator().manual_seed(5)).float()
    found = among_largest(terms, 5)
    assert set(found.sum(dim=2).flatten().tolist()) >= {3, 4, 5}, "some rows have fewer than 5 above 0"
    for row, chosen in zip(terms.flatten(0, 1).tolist(), found.flatten(0, 1).tolist(), strict=True):
        expected = sorted(range(30), key=lambda place, row=row: (-row[place], place))[:5]  # type: ignore[misc]
        assert [place for place in range(30) if chosen[place]] == sorted(p for p in expected if row[p] > 0)


def test_ties_go_to_the_first_in_the_order_that_is_given_for_all_rows_or_for_each() -> None:
    terms = torch.randint(0, 4, (5, 20, 16), generator=torch.Generator().manual_seed(6)).float()
    generator = torch.Generator().manual_seed(7)
    for rows in (1, 20):
        order = torch.stack([torch.randperm(16, generator=generator) for _ in range(rows)])
        found, every = among_largest(terms, 3, order), order.expand(20, -1)
        in_order = among_largest(terms.gather(2, every.expand(5, -1, -1)), 3)
        assert torch.equal(found.gather(2, every.expand(5, -1, -1)), in_order)


def test_the_smallest_numbers_above_zero_count_and_minus_infinity_never() -> None:
    least = torch.finfo(torch.float32).smallest_normal * torch.finfo(torch.float32).eps
    terms = torch.tensor([[[least, 0.0, -0.0, -torch.inf, -torch.inf]]])
    assert among_largest(terms, 2).tolist() == [[[True, False, False, False, False]]]
