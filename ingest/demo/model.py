"""The demo's classifier: small, and with every way in which one layer's channels can reach the next.

stem        a convolution with stride
inception   branches side by side: 1×1, 3×3 behind a 1×1 reduction, and 1×1 behind a pool (GoogLeNet)
residual    two convolutions whose sum with the block's input goes on (ResNet)
shuffle     half of the channels is passed on as it is, the other half through a depthwise branch (ShuffleNet v2)
head        a convolution whose channels the classifier averages
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYERS = ("stem", "inception", "residual", "shuffle", "head")
"""The layers whose neurons the demo's graphs are made of, in forward order."""

CLASSES = 10


class ConvolutionBlock(nn.Sequential):
    """Convolution, batch normalization and, unless `activated` is False, a ReLU; keeps height and width at stride 1."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, activated: bool = True
    ) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        layers: list[nn.Module] = [convolution, nn.BatchNorm2d(outputs)]
        super().__init__(*layers, *([nn.ReLU()] if activated else []))


class Inception(nn.Module):
    """Three branches over the same input, concatenated: 8 + 16 + 8 channels."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch_1x1 = ConvolutionBlock(inputs, 8, 1)
        self.reduce = ConvolutionBlock(inputs, 8, 1)
        self.branch_3x3 = ConvolutionBlock(8, 16, 3)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.branch_pool = ConvolutionBlock(inputs, 8, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, inputs, H, W) -> (B, 32, H, W)
        return torch.cat([self.branch_1x1(x), self.branch_3x3(self.reduce(x)), self.branch_pool(self.pool(x))], dim=1)


class Residual(nn.Module):
    """Two convolutions, and the input added to what they give."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvolutionBlock(channels, channels, 3)
        self.second = ConvolutionBlock(channels, channels, 3, activated=False)

    def forward(self, x: Tensor) -> Tensor:  # (B, channels, H, W) -> the same
        return F.relu(x + self.second(self.first(x)))


class Shuffle(nn.Module):
    """The first half of the channels passes through untouched; the result's channels alternate between both halves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            ConvolutionBlock(half, half, 1),
            ConvolutionBlock(half, half, 3, groups=half, activated=False),
            ConvolutionBlock(half, half, 1),
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, channels, H, W) -> the same
        passed, changed = x.chunk(2, dim=1)
        both = torch.stack([passed, self.branch(changed)], dim=2)  # (B, channels / 2, 2, H, W)
        return both.flatten(1, 2)


class DigitsNet(nn.Module):
    """Grey images of 32×32 pixels in, the ten digits' logits out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvolutionBlock(1, 16, 3, stride=2)
        self.inception = Inception(16)
        self.pool = nn.MaxPool2d(2)
        self.residual = Residual(32)
        self.shuffle = Shuffle(32)
        self.head = ConvolutionBlock(32, 32, 3)
        self.classifier = nn.Linear(32, CLASSES)

    def forward(self, images: Tensor) -> Tensor:  # (B, 1, 32, 32) -> (B, 10)
        x = self.pool(self.inception(self.stem(images)))  # (B, 32, 8, 8)
        x = self.head(self.shuffle(self.residual(x)))  # (B, 32, 8, 8)
        logits: Tensor = self.classifier(x.mean(dim=(2, 3)))
        return logits


def digits_net() -> DigitsNet:
    """The untrained model; `ingest.demo.training` gives it its weights."""
    return DigitsNet()
