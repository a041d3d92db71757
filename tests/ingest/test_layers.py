"""Which layers are chosen: by name, by glob, by family, by repetition."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from ingest.layers import choose_layers
from summit_graph.errors import NotFound, SummitError

IMAGES = torch.zeros(2, 3, 64, 64)


class Repeated(nn.Module):
    """Three units of a class of its own, and a convolution whose nonlinearity is a function."""

    class Unit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return functional.relu(self.conv(x))

    def __init__(self, units: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.ReLU(inplace=True))
        self.units = nn.Sequential(*(self.Unit() for _ in range(units)))
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.units(self.stem(x)).mean((2, 3)))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("name", "number", "first", "last"),
    [
        ("alexnet", 5, "features.1", "features.11"),
        ("vgg11_bn", 8, "features.2", "features.27"),
        ("resnet18", 8, "layer1.0", "layer4.1"),
        ("squeezenet1_1", 8, "features.3", "features.12"),
        ("mobilenet_v3_small", 11, "features.1", "features.11"),
        ("shufflenet_v2_x0_5", 16, "stage2.0", "stage4.3"),
        ("mnasnet0_5", 16, "layers.8.0", "layers.13.0"),
        ("regnet_y_400mf", 16, "trunk_output.block1.block1-0", "trunk_output.block4.block4-5"),
        ("densenet121", 4, "features.denseblock1", "features.denseblock4"),
    ],
)
def test_a_family_has_its_blocks_as_layers(name: str, number: int, first: str, last: str) -> None:
    layers = choose_layers(torchvision.models.get_model(name, weights=None), IMAGES)
    assert (len(layers), layers[0], layers[-1]) == (number, first, last)


def test_another_model_has_its_most_repeated_class() -> None:
    assert choose_layers(Repeated(3), IMAGES) == ("units.0", "units.1", "units.2")


def test_instances_that_only_training_uses_are_no_layers() -> None:
    model = Repeated(3)
    model.auxiliary = Repeated.Unit()
    assert choose_layers(model, IMAGES) == ("units.0", "units.1", "units.2")


def test_with_fewer_than_three_instances_the_nonlinearities_or_else_the_convolutions_are_layers() -> None:
    assert choose_layers(Repeated(2), IMAGES) == ("stem.2", "units.0.conv", "units.1.conv")


def test_a_convolution_whose_weights_are_parametrized_counts_as_one() -> None:
    norm = nn.utils.parametrizations.weight_norm
    model = nn.Sequential(
        norm(nn.Conv2d(3, 3, 1)), nn.ReLU(), norm(nn.Conv2d(3, 3, 1)), nn.Flatten(), nn.Linear(3 * 64 * 64, 2)
    )
    assert choose_layers(model, IMAGES) == ("1", "2")


def test_names_and_globs_choose_within_one_part_of_a_path() -> None:
    assert choose_layers(Repeated(2), IMAGES, ("units.*", "stem", "units.0")) == ("units.0", "units.1", "stem")


def test_an_unknown_name_says_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no layer 'unit\.0' in the model; the nearest are units\.0"):
        choose_layers(Repeated(2), IMAGES, ("unit.0",))


def test_a_model_without_convolutions_is_refused() -> None:
    with pytest.raises(SummitError, match="no convolution"):
        choose_layers(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), IMAGES)


def test_choosing_leaves_the_model_as_it_was() -> None:
    model = Repeated(2)
    choose_layers(model, IMAGES)
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
