"""Small models of a user's own, each with one thing that a trace has to read off the operations."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Between(nn.Module):
    """Layers `first` and `last` with something in between, and a linear head."""

    def __init__(self, between: nn.Module, channels: int = 6) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True))
        self.between = between
        self.last = nn.Conv2d(channels, 5, 3, padding=1)
        self.head = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(F.relu(self.last(self.between(self.first(x)))).mean((2, 3)))
        return logits


class Apply(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class NormedConcatenation(nn.Module):
    """One batch-norm, and no other reader, over the concatenation of two convolutions: it folds into both."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(6, 4, 1), nn.Conv2d(6, 4, 3, padding=1)
        self.norm, self.out = nn.BatchNorm2d(8), nn.Conv2d(8, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.out(F.relu(self.norm(torch.cat([self.one(x), self.two(x)], 1))))
        return y


class SubsampledLinearShortcut(nn.Module):
    """A sum whose side is another sum, subsampled and padded with channels: positions and channels are renumbered."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(6, 4, 3, padding=1), nn.Conv2d(6, 6, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.two(x)
        return y - F.pad(self.one(x)[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))


class BlurPool(nn.Module):
    """A fixed kernel over every channel by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer(
            "kernel", torch.tensor([1.0, 2.0, 1.0]).outer(torch.tensor([1.0, 2.0, 1.0]))[None, None] / 16
        )

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.get_buffer("kernel").expand(x.shape[1], -1, -1, -1)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=x.shape[1])


class Gate(nn.Module):
    """A gate on whatever map it is given, one of a single position too."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(6, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = torch.sigmoid(self.fc(x.mean((2, 3), keepdim=True))) * x
        return gated


class Attention(nn.Module):
    """Self-attention over positions."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Conv2d(6, 18, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).flatten(2).chunk(3, dim=1)
        attended: Tensor = (v @ torch.softmax(q.transpose(1, 2) @ k, dim=-1)).view(x.shape)
        return attended


class RowsAsImages(nn.Module):
    """A convolution over each row of the map by itself, as if the rows were images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, (1, 3), padding=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        images, channels, height, width = x.shape
        rows: Tensor = self.conv(x.transpose(1, 2).reshape(-1, channels, 1, width))
        return rows.reshape(images, height, channels, width).transpose(1, 2)


class HalvesAsImages(nn.Module):
    """A convolution over the left and the right half of the map, as if they were images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        halves = torch.cat(x.chunk(2, 3))  # (2 * images, 6, height, width / 2)
        left, right = self.conv(halves).reshape(2, x.shape[0], *halves.shape[1:]).unbind()
        return torch.cat([left, right], 3)


class GroupsAsImages(nn.Module):
    """A convolution over each group of channels by itself, as if the groups were images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        folded: Tensor = self.conv(x.reshape(-1, 3, *x.shape[2:]))
        return folded.reshape(x.shape)


class Twice(nn.Module):
    """One convolution that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(F.relu(self.conv(x)))
        return y


def mixed_by_a_reshape(x: Tensor) -> Tensor:
    """Channels and rows change places."""
    return x.reshape(x.shape[0], x.shape[2], x.shape[1], x.shape[3]).transpose(1, 2)


def branching_on_data(x: Tensor) -> Tensor:
    """A branch that the values decide."""
    return x * 2 if bool(x.sum() > 0) else x


def space_to_depth(x: Tensor) -> Tensor:
    """Four positions of a channel become four channels: one source channel in four ways."""
    return F.pixel_unshuffle(x, 2)
