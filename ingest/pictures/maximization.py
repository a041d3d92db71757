"""Activation maximization: images that excite neurons of one layer, many at once.

Olah, Mordvintsev and Schubert, Feature Visualization (Distill 2017); the objective is the channel's mean over space.
One step: the images are moved a little (`robustness`), run through the model up to the layer, and their coefficients
(`canvas`) changed so that the mean grows; Adam's steps are of a size that does not depend on the neuron.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ingest.pictures.canvas import Canvas
from ingest.pictures.input_space import InputSpace
from ingest.pictures.rectifiers import OpenRectifiers
from ingest.pictures.robustness import Robustness
from ingest.trace.isolation import exact_arithmetic

DIVERSITY_WEIGHT = 1.0
"""How much the likeness of a neuron's diverse images costs, in units of the neuron's own activation."""


@dataclass(frozen=True)
class LayerAt:
    """Where a layer's output is found in a model."""

    name: str
    axis: int
    """Its channel axis."""


@dataclass(frozen=True)
class Maximization:
    """How images are optimized."""

    steps: int = 256
    rate: float = 0.05
    """Adam's learning rate."""
    robustness: Robustness = field(default_factory=Robustness)

    def run(
        self,
        model: nn.Module,
        layer: LayerAt,
        channels: Sequence[int],
        seeds: Sequence[int],
        space: InputSpace,
        *,
        of_one_neuron: int = 1,
        device: torch.device,
        on_step: Callable[[int], None] = lambda step: None,
    ) -> Excited:
        """Optimizes one image for each of `channels` (a channel may stand there several times, with other seeds).

        With `of_one_neuron` above 1, so many consecutive images belong to one neuron and are driven apart: the likeness
        of their patterns in the layer (cosine of the channels' Gram matrices) is taken off the objective. `on_step` is
        told how many steps are made.
        """
        canvas = Canvas(seeds, space.size, device)
        moves = [torch.Generator().manual_seed(seed) for seed in seeds]
        wanted = torch.tensor(channels, device=device)
        optimizer = torch.optim.Adam([canvas.coefficients], lr=self.rate)
        dead = torch.ones(len(channels), dtype=torch.bool, device=device)
        with exact_arithmetic(), torch.enable_grad():
            for step in range(self.steps):
                moved = self.robustness.moved(canvas.images(), moves)
                with OpenRectifiers(dead):
                    output = output_of(model, layer, space.to_input(moved))  # (N, C, P)
                mean = output[torch.arange(len(wanted)), wanted].mean(dim=1)  # (N, C, P) -> (N,)
                loss = -mean.sum()
                if of_one_neuron > 1:
                    loss = loss + DIVERSITY_WEIGHT * (_likeness(output, of_one_neuron) * mean.detach().abs()).sum()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                dead = mean.detach() <= 0
                on_step(step + 1)
        with torch.no_grad(), exact_arithmetic():
            images = canvas.images()
            output = output_of(model, layer, space.to_input(images))
            strongest = output[torch.arange(len(wanted)), wanted].amax(dim=1)  # (N, C, P) -> (N,)
        return Excited(images.cpu(), strongest.cpu())


@dataclass(frozen=True)
class Excited:
    """Optimized images and what they do."""

    images: Tensor
    """(N, C, H, W) in 0..1."""
    activation: Tensor
    """(N,) the neuron's activation on its image: not above 0 where it was never reached."""


class _Reached(Exception):
    """The layer's output is there; what comes after it is not needed."""

    def __init__(self, output: Tensor) -> None:
        self.output = output


def output_of(model: nn.Module, layer: LayerAt, inputs: Tensor) -> Tensor:
    """A layer's output for a batch, run no further than the layer.  (N, ...) -> (N, C, P)"""
    with _stopping_at(model.get_submodule(layer.name)):
        try:
            model(inputs)
        except _Reached as reached:
            output = reached.output
            if output.dim() == 2:
                return output[:, :, None]
            return output.movedim(layer.axis, 1).flatten(2)  # (N, ..., C, ...) -> (N, C, P)
    raise AssertionError(f"the model ran without its layer {layer.name}")


@contextmanager
def _stopping_at(module: nn.Module) -> Iterator[None]:
    def stop(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        raise _Reached(output)

    hook: Callable[[nn.Module, Any, Tensor], None] = stop
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _likeness(output: Tensor, of_one_neuron: int) -> Tensor:
    """Of each image, its mean likeness to the other images of its neuron.  (N, C, P) -> (N,)"""
    gram = output @ output.transpose(1, 2)  # (N, C, C)
    patterns = F.normalize(gram.flatten(1), dim=1).unflatten(0, (-1, of_one_neuron))  # (N / D, D, C * C)
    alike = patterns @ patterns.transpose(1, 2)  # (N / D, D, D)
    others = alike.sum(dim=2) - alike.diagonal(dim1=1, dim2=2)
    likeness: Tensor = others / (of_one_neuron - 1)  # (N / D, D)
    return likeness.flatten()
