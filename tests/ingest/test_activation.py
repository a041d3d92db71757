"""Top channels by mass and by number, peaks, exclusions, values that are not finite."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ingest.activation import ActivationTable, NotFinite, activations, refuse_not_finite


def _counted(
    activation: Tensor, mass: float = 0.03, top: int | None = None, exclude: tuple[int, ...] = ()
) -> list[int]:
    table = ActivationTable(activation.shape[1], mass=mass, top=top, exclude=exclude, device=activation.device)
    counts: list[int] = table.among_top(activation).tolist()
    return counts


def test_top_channels_by_mass_equal_a_count_in_plain_python() -> None:
    activation = torch.randint(-3, 9, (60, 12), generator=torch.Generator().manual_seed(1)).float()
    for mass in (0.03, 0.3, 0.5, 1.0):
        expected = [0] * 12
        for row in activation.tolist():
            kept = [max(value, 0.0) for value in row]
            reached = 0.0
            for channel in sorted(range(12), key=lambda c, kept=kept: (-kept[c], c)):  # type: ignore[misc]
                if kept[channel] > 0 and reached < mass * sum(kept):
                    expected[channel] += 1
                    reached += kept[channel]
        assert _counted(activation, mass) == expected


def test_the_channel_that_crosses_the_mass_is_included() -> None:
    assert _counted(torch.tensor([[1.0, 6.0, 3.0]]), 0.61) == [0, 1, 1]
    assert _counted(torch.tensor([[1.0, 6.0, 3.0]]), 0.6) == [0, 1, 0]


def test_an_image_that_activates_nothing_has_no_top_channel() -> None:
    assert _counted(torch.tensor([[-1.0, 0.0]])) == [0, 0]
    assert _counted(torch.tensor([[-1.0, 0.0]]), top=2) == [0, 0]


def test_the_first_k_channels_need_an_activation_above_zero_and_ties_go_to_the_lower_channel() -> None:
    assert _counted(torch.tensor([[2.0, 5.0, 2.0, 2.0], [0.0, 1.0, -1.0, 0.0]]), top=2) == [1, 2, 0, 0]


def test_excluded_channels_count_zero_before_masses_are_taken() -> None:
    assert _counted(torch.tensor([[1.0, 6.0, 3.0]]), 0.6, exclude=(1,)) == [0, 0, 1]


def test_a_peak_is_the_first_maximum_in_row_major_order() -> None:
    output = torch.tensor([[[[1.0, 4.0], [4.0, 2.0]], [[-3.0, -1.0], [-2.0, -1.0]]]])  # (1, 2, 2, 2)
    highest, cell = activations(output, 1)
    assert (highest.tolist(), cell.tolist()) == ([[4.0, -1.0]], [[1, 1]])
    highest, cell = activations(output.permute(0, 2, 3, 1), 3)
    assert (highest.tolist(), cell.tolist()) == ([[4.0, -1.0]], [[1, 1]])


def test_a_value_that_is_not_finite_names_the_layer_and_the_image() -> None:
    with pytest.raises(NotFinite, match="layer block is not finite for image 2") as caught:
        refuse_not_finite("block", torch.tensor([[0.0], [1.0], [float("nan")]]))
    assert (caught.value.layer, caught.value.position) == ("block", 2)
