"""Naive twins of the counts: each model's terms written out by hand, one single-channel convolution after the other.

Everything is float64 and computed from the weights alone: a channel's value is the sum of its terms and its biases, so
a twin is its own forward pass. Nothing here comes from the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Maps = NDArray[np.float64]
"""(B, C, H, W), or (B, H, W) for one channel."""


@dataclass(frozen=True)
class Term:
    """One term of one target channel."""

    source: str
    channel: int
    largest: NDArray[np.float64]
    """(B,): its maximum over the positions of the sum, its influence in each image."""


@dataclass
class Twin:
    """What a twin finds: the terms of every target tensor, and the values of every chosen layer."""

    terms: dict[str, list[list[Term]]] = field(default_factory=dict)
    """Per target tensor and channel; of equal terms the first counts, so sources stand in order of completion."""
    values: dict[str, Maps] = field(default_factory=dict)

    @property
    def hops(self) -> set[tuple[str, str]]:
        return {
            (target, term.source) for target, channels in self.terms.items() for terms in channels for term in terms
        }


def array(tensor: Tensor) -> Maps:
    return tensor.detach().double().numpy()


def convolve(image: Maps, kernel: Maps, stride: int = 1, padding: int = 0) -> Maps:
    """A single-channel cross-correlation. (B, H, W), (kernel height, kernel width) -> (B, H', W')"""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    height = (padded.shape[1] - kernel.shape[0]) // stride + 1
    width = (padded.shape[2] - kernel.shape[1]) // stride + 1
    total = np.zeros((len(image), height, width))
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            window = padded[:, row : row + stride * height : stride, column : column + stride * width : stride]
            total += kernel[row, column] * window[:, :height, :width]
    return total


def max_pool(maps: Maps, size: int, stride: int, padding: int = 0) -> Maps:
    """Maximum of each window; windows that begin inside the padded image but run over its end are dropped."""
    padded = np.pad(maps, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=-np.inf)
    height, width = ((length - size) // stride + 1 for length in padded.shape[2:])
    pooled = np.full((*maps.shape[:2], height, width), -np.inf)
    for row in range(height):
        for column in range(width):
            top, left = row * stride, column * stride
            pooled[:, :, row, column] = padded[:, :, top : top + size, left : left + size].max(axis=(2, 3))
    return pooled


def folded(norm: Any, bias: Tensor | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale and shift per channel of a batch-norm in evaluation after a convolution with this bias."""
    scale = array(norm.weight) / np.sqrt(array(norm.running_var) + norm.eps)
    before = array(bias) if bias is not None else np.zeros_like(scale)
    return scale, array(norm.bias) + scale * (before - array(norm.running_mean))


def term(source: str, channel: int, positions: Maps) -> Term:
    return Term(source, channel, positions.reshape(len(positions), -1).max(axis=1))


def convolution(
    source: str, x: Maps, layer: nn.Module, norm: nn.Module, first_channel: int = 0
) -> tuple[list[list[Term]], Maps]:
    """The terms of each channel of a normalised convolution, and the values that they and the biases add up to.

    `first_channel`: the number that the first channel of `x` has in the source tensor.
    """
    assert isinstance(layer, nn.Conv2d)
    weight = array(layer.weight)  # (outputs, inputs per group, kernel height, kernel width)
    scale, shift = folded(norm, layer.bias)
    inputs, outputs = weight.shape[1], len(weight) // layer.groups  # per group
    terms: list[list[Term]] = []
    values = []
    for target in range(len(weight)):
        terms.append([])
        values.append(shift[target])
        for place in range(inputs):
            channel = target // outputs * inputs + place
            kernel = scale[target] * weight[target, place]
            positions = convolve(x[:, channel], kernel, layer.stride[0], int(layer.padding[0]))
            terms[target].append(term(source, first_channel + channel, positions))
            values[target] = values[target] + positions
    return terms, np.stack(values, axis=1)


def relu(maps: Maps) -> Maps:
    return np.maximum(maps, 0.0)


def top_terms(terms: list[Term], image: int, k: int) -> list[Term]:
    """The k largest terms above 0 in an image, the earlier of equal ones first."""
    ranked = sorted(terms, key=lambda term: -term.largest[image])
    return [term for term in ranked[:k] if term.largest[image] > 0]


def top_channels(values: Maps, image: int, mass: float) -> list[int]:
    """The channels of a layer with the largest activations, until they hold the mass. `values`: (B, C, H, W)"""
    activation = [max(0.0, float(channel.max())) for channel in values[image]]
    chosen: list[int] = []
    held = 0.0
    for channel in sorted(range(len(activation)), key=lambda place: -activation[place]):
        if sum(activation) == 0 or (chosen and held >= mass * sum(activation)):
            break
        chosen.append(channel)
        held += activation[channel]
    return chosen
