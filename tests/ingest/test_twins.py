"""Counts of every hop and layer against the naive twins, image by image."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import functional as pixels

from ingest.counting import Counter
from ingest.demo import DigitsNet
from ingest.structure import ClassCounts
from ingest.trace import trace
from ingest.weights import load_weights
from tests.ingest.family_proof import NEAR_TIE
from tests.ingest.model_twins import TwoInceptions, digits_net_twin, resnet20_twin, two_inceptions_twin
from tests.ingest.twins import Term, Twin, top_channels, top_terms
from tests.models.resnet20 import resnet20

INFLUENCE_TOP = 5
ACTIVATION_MASS = 0.03
BLOCKS = tuple(f"layer{stage}.{place}" for stage in (1, 2, 3) for place in range(3))


@dataclass
class Tally:
    """Decisions compared, and those of them that differ in a near-tie."""

    decisions: int = 0
    near_ties: int = 0


def randomize(model: nn.Module, seed: int) -> None:
    """Random weights and batch-norm statistics, scales of both signs; in evaluation mode."""
    model.eval()
    random = torch.Generator().manual_seed(seed)
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.copy_(0.5 + torch.rand(value.shape, generator=random))
        elif value.dim() == 1:
            value.copy_(torch.randn(value.shape, generator=random))
        elif value.dim() > 1:
            value.copy_(torch.randn(value.shape, generator=random) * (2 / value[0].numel()) ** 0.5)


def cifar_images(folder: Path, count: int) -> Tensor:
    """The first test images of the classes in turn, normalised. (count, 3, 32, 32)"""
    with zipfile.ZipFile(folder / "test.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        images = [
            pixels.to_tensor(Image.open(archive.open(name)).convert("RGB")) for name in names[:: 10000 // count][:count]
        ]
    normalized: Tensor = pixels.normalize(torch.stack(images), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return normalized


def layer_values(model: nn.Module, layers: Sequence[str], images: Tensor) -> dict[str, Any]:
    """What the model itself computes in float64 at its layers."""
    seen: dict[str, Any] = {}
    handles = [
        model.get_submodule(layer).register_forward_hook(
            lambda _module, _inputs, output, layer=layer: seen.update({layer: output.clone().numpy()})
        )
        for layer in layers
    ]
    with torch.no_grad():
        model.double()(images.double())
    model.float()
    for handle in handles:
        handle.remove()
    return seen


def counts_image_by_image(
    model: nn.Module, layers: Sequence[str], images: Tensor
) -> tuple[set[tuple[str, str]], list[ClassCounts]]:
    traced = trace(model, images[:2], layers, influence_top=INFLUENCE_TOP)
    counter = Counter(traced, activation_mass=ACTIVATION_MASS, activation_top=None, influence_top=INFLUENCE_TOP)
    counts = []
    for image in images:
        counter.add(image[None])
        counts.append(counter.take())
    return set(traced.hops), counts


def compare(twin: Twin, counts: list[ClassCounts]) -> Tally:
    """Every difference must be a near-tie."""
    tally = Tally()
    for image, found in enumerate(counts):
        found_terms = _found_terms(found)
        for target, channels in twin.terms.items():
            for channel, terms in enumerate(channels):
                expected = {(term.source, term.channel) for term in top_terms(terms, image, INFLUENCE_TOP)}
                other = found_terms.pop((target, channel), set())
                tally.decisions += 1
                if expected != other:
                    assert _near_tie(terms, expected ^ other, image), (image, target, channel, expected ^ other)
                    tally.near_ties += 1
        assert not found_terms, f"counted, but no channel of the twin's: {found_terms}"
        for layer, values in twin.values.items():
            tally.decisions += 1
            chosen = np.flatnonzero(found.activations[layer]).tolist()
            if chosen != sorted(top_channels(values, image, ACTIVATION_MASS)):
                activation = values[image].reshape(len(values[image]), -1).max(axis=1)
                assert _crossing_margin(activation) < NEAR_TIE, (image, layer, chosen)
                tally.near_ties += 1
    return tally


def _found_terms(counts: ClassCounts) -> dict[tuple[str, int], set[tuple[str, int]]]:
    found: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for hop in counts.hops:
        assert np.all(hop.count == 1)
        for target, source in zip(hop.target_channel.tolist(), hop.source_channel.tolist(), strict=True):
            found.setdefault((hop.target_tensor, target), set()).add((hop.source_tensor, source))
    return found


def _near_tie(terms: list[Term], differing: set[tuple[str, int]], image: int) -> bool:
    """Whether all terms that only one side counts lie within the margin of the cut: the k-th largest term, or 0."""
    values = sorted((max(0.0, float(term.largest[image])) for term in terms), reverse=True)
    cut = values[min(INFLUENCE_TOP, len(values)) - 1]
    near = [float(term.largest[image]) for term in terms if (term.source, term.channel) in differing]
    scale = cut if cut > 0 else values[0]
    return len(near) == len(differing) and all(abs(value - cut) < NEAR_TIE * scale for value in near)


def _crossing_margin(activation: Any) -> float:
    """Relative distance to another decision: of the mass crossing, or between the last channel taken and the next."""
    ranked = np.sort(np.maximum(activation, 0))[::-1]
    held, mass = np.cumsum(ranked), ACTIVATION_MASS * ranked.sum()
    last = int(np.argmax(held >= mass))
    gaps = np.abs(held - mass) / mass
    swap = (ranked[last] - ranked[last + 1]) / ranked[last] if last + 1 < len(ranked) else 1.0
    return float(min(gaps[max(last - 1, 0) : last + 1].min(), swap))


def check(model: nn.Module, layers: Sequence[str], images: Tensor, twin_of: Callable[..., Twin]) -> Tally:
    twin = twin_of(model, images)
    for layer, values in layer_values(model, layers, images).items():
        np.testing.assert_allclose(twin.values[layer], values, rtol=1e-9, atol=1e-9)
    hops, counts = counts_image_by_image(model, layers, images)
    assert hops == twin.hops
    tally = compare(twin, counts)
    assert tally.near_ties * 10_000 < tally.decisions, tally
    return tally


def test_resnet20_with_trained_weights_equals_its_twin(shared: Path) -> None:
    model = resnet20().eval()
    load_weights(model, shared / "data" / "cifar10" / "resnet20.th")
    images = cifar_images(shared / "data" / "cifar10", 20)
    assert check(model, BLOCKS, images, resnet20_twin).decisions > 10_000


@pytest.mark.parametrize("seed", [0, 1])
def test_googlenets_module_equals_its_twin(seed: int) -> None:
    model = TwoInceptions()
    randomize(model, seed)
    images = torch.randn(20, 3, 21, 18, generator=torch.Generator().manual_seed(seed))
    assert check(model, TwoInceptions.layers, images, two_inceptions_twin).decisions > 1_000


@pytest.mark.parametrize("seed", [0, 1])
def test_the_demos_model_equals_its_twin(seed: int) -> None:
    model = DigitsNet()
    randomize(model, seed)
    images = torch.rand(20, 1, 32, 32, generator=torch.Generator().manual_seed(seed))
    layers = ("stem", "inception", "residual", "shuffle", "head")
    assert check(model, layers, images, digits_net_twin).decisions > 1_000


def test_a_count_that_is_off_by_one_channel_is_noticed() -> None:
    model = TwoInceptions()
    randomize(model, 0)
    images = torch.randn(2, 3, 21, 18, generator=torch.Generator().manual_seed(0))
    _, counts = counts_image_by_image(model, TwoInceptions.layers, images)
    twin = two_inceptions_twin(model, images)
    compare(twin, counts)
    twin.terms["second"][3].pop(top_place(twin.terms["second"][3]))
    with pytest.raises(AssertionError):
        compare(twin, counts)


def top_place(terms: list[Term]) -> int:
    return max(range(len(terms)), key=lambda place: float(terms[place].largest[0]))
