"""Images as they are optimized: in Fourier space and decorrelated colours, so that steps spread as in photographs.

Olah, Mordvintsev and Schubert, Feature Visualization (Distill 2017), section "Preconditioning and Parameterization":
steepest descent in a basis whose directions are decorrelated and of equal variance in natural images finds images
that look like them, instead of high-frequency noise. Photographs have amplitudes that fall with 1/frequency (Field
1987), and colours whose principal axes are brightness, blue against yellow and red against green (Ruderman, Cronin,
Chiao 1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

START_DEVIATION = 0.05
"""Standard deviation of the noise that an image starts from, before the sigmoid: near grey."""

_OPPONENT_COLOURS = (
    (1 / math.sqrt(3), 1 / math.sqrt(3), 1 / math.sqrt(3)),
    (1 / math.sqrt(6), 1 / math.sqrt(6), -2 / math.sqrt(6)),
    (1 / math.sqrt(2), -1 / math.sqrt(2), 0.0),
)
"""Rows: brightness, yellow against blue, red against green."""
_COLOUR_DEVIATIONS = (1.0, 0.35, 0.17)
"""Of the three axes, relative to brightness."""


class Canvas:
    """A batch of images in 0..1, and the coefficients that an optimizer changes."""

    def __init__(self, seeds: Sequence[int], size: tuple[int, int, int], device: torch.device) -> None:
        """One image per seed, so that a neuron's image does not depend on what else is in its batch.

        `size` is (channels, height, width), with 1 channel or 3.
        """
        self._height, self._width = size[1:]
        self._scale = amplitudes(self._height, self._width).to(device)  # (H, W // 2 + 1)
        self._colours = _colours(size[0]).to(device)  # (C, C)
        shape = (size[0], self._height, self._width // 2 + 1, 2)
        start = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
        self.coefficients = (START_DEVIATION * start).to(device).requires_grad_()  # (N, C, H, W // 2 + 1, 2)

    def images(self) -> Tensor:
        """The images as they are now.  (N, C, H, W) in 0..1"""
        spectrum = torch.view_as_complex(self.coefficients) * self._scale
        planes = torch.fft.irfft2(spectrum, s=(self._height, self._width), norm="ortho")  # (N, C, H, W)
        return torch.sigmoid(4 * torch.einsum("nchw,cd->ndhw", planes, self._colours))


def amplitudes(height: int, width: int) -> Tensor:
    """How much a unit coefficient of each frequency weighs: 1/frequency, of mean square 1.  (H, W // 2 + 1)

    The mean brightness counts as the lowest frequency that the image can hold.
    """
    vertical, horizontal = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = (vertical.square() + horizontal.square()).sqrt().clamp(min=1 / max(height, width))
    scale: Tensor = 1 / frequency
    return scale / scale.square().mean().sqrt()


def _colours(channels: int) -> Tensor:
    if channels == 1:
        return torch.ones(1, 1)
    return torch.tensor(_OPPONENT_COLOURS) * torch.tensor(_COLOUR_DEVIATIONS)[:, None] * math.sqrt(3)
