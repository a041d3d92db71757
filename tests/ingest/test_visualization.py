"""Images that excite neurons: the canvas they are drawn on, the moves between steps, and what they reach."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from ingest.images.preprocessing import Custom, Normalisation, input_of
from ingest.pictures.canvas import Canvas, amplitudes
from ingest.pictures.input_space import InputSpace, find_input_space
from ingest.pictures.maximization import LayerAt, Maximization, output_of
from ingest.pictures.rectifiers import OpenRectifiers
from ingest.pictures.robustness import Robustness
from ingest.pictures.visualize import most_together
from summit_graph.errors import SummitError
from tests.ingest.picture_activations import beaten_by_pictures, resnet20_trained
from tests.services.evidence import Section

CPU = torch.device("cpu")
PLAIN = InputSpace((3, 16, 16), torch.ones(3, 1, 1), torch.zeros(3, 1, 1))


def test_every_frequency_weighs_as_in_photographs() -> None:
    weights = amplitudes(8, 8)
    assert weights.square().mean() == pytest.approx(1, rel=1e-6)
    assert weights[0, 2] / weights[0, 4] == pytest.approx(2)
    assert weights[0, 0] == weights[0, 1] == weights[1, 0]


@pytest.mark.parametrize("size", [(3, 16, 16), (1, 9, 14), (3, 7, 5)])
def test_an_image_starts_near_grey_and_depends_on_its_seed_alone(size: tuple[int, int, int]) -> None:
    alone, together = Canvas([7], size, CPU).images(), Canvas([3, 7, 9], size, CPU).images()
    assert alone.shape == (1, *size)
    torch.testing.assert_close(alone[0], together[1])
    assert not torch.equal(together[0], together[1])
    assert 0.3 < float(alone.detach().min()) < float(alone.detach().max()) < 0.7


def test_an_image_that_is_not_moved_stays_as_it_is() -> None:
    images = torch.rand(2, 3, 9, 12)
    still = Robustness(jitter=0, scale=0, rotation_degrees=0)
    torch.testing.assert_close(still.moved(images, [torch.Generator(), torch.Generator()]), images)


def test_a_jitter_shifts_and_a_move_depends_on_its_own_seed_alone() -> None:
    images = torch.rand(2, 3, 12, 12)
    one, other = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    both = Robustness().moved(images, [one, other])
    again = Robustness().moved(images[1:], [torch.Generator().manual_seed(2)])
    torch.testing.assert_close(both[1:], again)
    assert not torch.allclose(both, images, atol=1e-3)


class _Calls(nn.Module):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def forward(self, x: Tensor) -> Tensor:
        x = x * 1
        match self.form:
            case "function":
                return F.relu(x)
            case "method":
                return x.relu()
            case "torch":
                return torch.relu(x)
            case "in place":
                F.relu(x, inplace=True)
                return x
            case "module in place":
                return nn.ReLU(inplace=True)(x)  # type: ignore[no-any-return]
            case _:
                return F.relu6(x)


@pytest.mark.parametrize("form", ["function", "method", "torch", "in place", "module in place", "six"])
def test_shut_rectifiers_open_for_dead_images_alone(form: str) -> None:
    values = torch.tensor([[-1.0, 2.0, -3.0, 7.0], [-1.0, 2.0, -3.0, 7.0]])
    x, plain = values.clone().requires_grad_(), values.clone().requires_grad_()
    weights = torch.tensor([1.0, 1.0, -1.0, 1.0])  # a larger third value is not asked for
    with OpenRectifiers(torch.tensor([True, False])):
        opened = _Calls(form)(x)
    expected = _Calls(form)(plain)
    assert torch.equal(opened, expected)
    (-(opened * weights).sum()).backward()
    (-(expected * weights).sum()).backward()
    assert x.grad is not None
    assert plain.grad is not None
    assert torch.equal(x.grad[1], plain.grad[1])
    assert x.grad[0].tolist() == [-1.0, *plain.grad[0, 1:].tolist()]


@pytest.mark.parametrize(
    ("preprocess", "size"),
    [
        (Normalisation(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.1)), (3, 8, 6)),
        (Normalisation(resize=8, crop=8), (3, 8, 8)),
        (Normalisation(mean=(0.5,), std=(0.25,)), (1, 8, 8)),
    ],
)
def test_pixels_become_input_as_the_preprocessing_makes_it(
    preprocess: Normalisation, size: tuple[int, int, int]
) -> None:
    space = find_input_space(preprocess, size)
    pixels = torch.randint(0, 256, size, dtype=torch.uint8)
    shown = pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()
    torch.testing.assert_close(
        space.to_input(pixels[None] / 255)[0], input_of(preprocess, Image.fromarray(shown)), atol=1e-5, rtol=1e-5
    )


def _squared(image: Image.Image) -> torch.Tensor:
    return input_of(Normalisation(), image) ** 2


def test_a_preprocessing_that_no_image_can_be_made_for_is_refused() -> None:
    from ingest.images.geometry import Transform

    with pytest.raises(SummitError, match="more than a scale and an offset"):
        find_input_space(Custom(Transform(_squared, "squares"), "squares"), (3, 8, 8))
    with pytest.raises(SummitError, match="5 channels"):
        find_input_space(Normalisation(), (5, 8, 8))


class _Threshold(nn.Module):
    """Channel 0 wants brightness far above what any start has; channel 1 wants what no image has; 2 is plain."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3)
        with torch.no_grad():
            self.first.weight.zero_()[:, :, 1, 1] = 1 / 3
            assert self.first.bias is not None
            self.first.bias.copy_(torch.tensor([-0.8, -5.0, 0.0]))
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.act(self.first(x)).mean(dim=(2, 3)))
        return out


def test_a_neuron_that_starts_dead_is_reached_and_one_that_cannot_be_stays_silent() -> None:
    model = _Threshold().eval().requires_grad_(False)
    excited = Maximization(steps=60).run(model, LayerAt("act", 1), [0, 1, 2], [1, 2, 3], PLAIN, device=CPU)
    assert excited.activation[0] > 0.1
    assert excited.activation[1] <= 0
    assert excited.activation[2] > 0.9
    assert not any(module._forward_hooks for module in model.modules())


def test_each_step_is_told() -> None:
    told: list[int] = []
    model = nn.Sequential(nn.Conv2d(3, 4, 3)).eval().requires_grad_(False)
    Maximization(steps=4).run(model, LayerAt("0", 1), [0], [1], PLAIN, device=CPU, on_step=told.append)
    assert told == [1, 2, 3, 4]


@pytest.mark.parametrize(("side_px", "on_processor"), [(32, 32), (96, 32), (224, 5), (2000, 1)])
def test_large_images_are_made_a_few_at_a_time_on_a_processor(side_px: int, on_processor: int) -> None:
    size = (3, side_px, side_px)
    assert most_together(size, CPU) == on_processor
    assert most_together(size, torch.device("cuda")) == 32


def test_what_a_picture_reaches_does_not_depend_on_its_batch() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3)).eval().requires_grad_(False)
    few = Maximization(steps=10)
    alone = few.run(model, LayerAt("2", 1), [3], [11], PLAIN, device=CPU)
    together = few.run(model, LayerAt("2", 1), [0, 3, 4], [5, 11, 6], PLAIN, device=CPU)
    torch.testing.assert_close(alone.images[0], together.images[1], atol=1e-3, rtol=1e-3)


def test_diverse_images_of_a_neuron_are_less_alike() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 5), nn.ReLU(), nn.Conv2d(8, 6, 5)).eval().requires_grad_(False)
    layer, seeds = LayerAt("2", 1), [1, 2, 3, 4]

    def likeness(of_one_neuron: int) -> float:
        made = Maximization(steps=60).run(model, layer, [2] * 4, seeds, PLAIN, of_one_neuron=of_one_neuron, device=CPU)
        output = output_of(model, layer, made.images)  # (4, C, P)
        patterns = F.normalize((output @ output.transpose(1, 2)).flatten(1), dim=1)  # (4, C * C)
        return float((patterns @ patterns.T).sum() - 4) / 12

    assert likeness(4) < likeness(1)


@pytest.mark.long
def test_a_picture_activates_its_neuron_more_than_any_real_image(cifar_files: Path, evidence: Section) -> None:
    """ResNet-20's last four blocks, all 224 neurons, 1,000 test images; a picture is judged as it is stored."""
    model, space = resnet20_trained(cifar_files)
    beaten, noise, neurons, per_minute = beaten_by_pictures(model, space, cifar_files)
    assert neurons == 224
    assert beaten >= 0.9
    assert noise <= 0.02
    topic = "Feature visualization: ResNet-20's last four blocks"
    evidence.record(topic, "neurons whose picture activates them more than the best of 1,000 images", f"{beaten:.1%}")
    evidence.record(topic, "neurons for which an image of uniform noise does", f"{noise:.1%}")
    evidence.record(topic, "neurons a minute", round(per_minute))
