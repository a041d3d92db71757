"""Small random moves of an image between the steps: what excites a neuron must not hang on single pixels.

Olah et al. 2017, section "Transformation Robustness": jitter, scale and rotation, here as one affine map, so that the
image is resampled once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Robustness:
    """How far an image is moved at most before each step."""

    jitter: float = 1 / 16
    """Of its side, in each direction."""
    scale: float = 0.1
    """Larger or smaller by this share."""
    rotation_degrees: float = 5.0

    def moved(self, images: Tensor, generators: list[torch.Generator]) -> Tensor:
        """Each image moved at random, mirrored at its borders.  (N, C, H, W) -> (N, C, H, W)"""
        draws = torch.stack([torch.rand(4, generator=generator) for generator in generators]) * 2 - 1  # (N, 4)
        angle = draws[:, 0] * math.radians(self.rotation_degrees)
        size = 1 + draws[:, 1] * self.scale
        shift = draws[:, 2:] * 2 * self.jitter  # a side is 2 long in grid_sample's coordinates
        cosine, sine = angle.cos() / size, angle.sin() / size
        height, width = images.shape[-2:]
        rows = [
            torch.stack([cosine, -sine * height / width, shift[:, 0]], dim=1),
            torch.stack([sine * width / height, cosine, shift[:, 1]], dim=1),
        ]
        grid = F.affine_grid(torch.stack(rows, dim=1).to(images.device), list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
