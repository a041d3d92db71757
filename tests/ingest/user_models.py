"""Models as researchers write them, of no family that the project names: small, random weights, 16 x 16 images.

Each is a body of blocks between a stem and a head. What they have in common is that nobody wrote them for the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

SIZE = 16
WIDTH = 8
CLASSES = 4


def unit(inputs: int, outputs: int, size: int = 3, act: bool = True, **options: Any) -> nn.Sequential:
    """Convolution, batch-norm, and a nonlinearity that works in place."""
    padding = options.get("dilation", 1) * (size // 2)
    parts: list[nn.Module] = [nn.Conv2d(inputs, outputs, size, padding=padding, bias=False, **options)]
    parts += [nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)][: 2 if act else 1]
    return nn.Sequential(*parts)


class Net(nn.Module):
    """A stem, blocks one after the other, and a linear layer on their means."""

    def __init__(self, *blocks: nn.Module, width: int = WIDTH) -> None:
        super().__init__()
        self.stem = unit(3, WIDTH)
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.blocks(self.stem(x)).mean((2, 3)))
        return logits


class Block(nn.Module):
    """A function of the block and its input; `conv` is a 3 x 3 convolution, other parts are given."""

    def __init__(self, function: Callable[[Any, Tensor], Tensor], **parts: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self._function = function
        for name, part in parts.items():
            if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self._function(self, x)


def three(function: Callable[[Any, Tensor], Tensor], **makers: Callable[[], Any]) -> nn.Module:
    """Three such blocks, each with parts of its own."""
    return Net(*(Block(function, **{name: make() for name, make in makers.items()}) for _ in range(3)))


def pointwise(outputs: int = WIDTH, inputs: int = WIDTH) -> Callable[[], nn.Module]:
    return lambda: nn.Conv2d(inputs, outputs, 1)


class UNet(nn.Module):
    """Down and up again, with skips."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([unit(3, 6), unit(6, 8), unit(8, 10)])
        self.up = nn.ModuleList([unit(18, 8), unit(14, 6)])
        self.head = nn.Conv2d(6, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.down[0](x)
        middle = self.down[1](F.max_pool2d(wide, 2))
        deep = self.down[2](F.max_pool2d(middle, 2))
        deep = F.interpolate(deep, size=middle.shape[-2:], mode="bilinear", align_corners=False)
        middle = F.interpolate(self.up[0](torch.cat([deep, middle], 1)), scale_factor=2)
        logits: Tensor = self.head(self.up[1](torch.cat([middle, wide], 1))).mean(dim=(-1, -2))
        return logits


class Octave(nn.Module):
    """Two resolutions that feed each other."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.high, self.low = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.convs = nn.ModuleList(nn.Conv2d(inputs, outputs, 3, padding=1) for _ in range(4))

    def forward(self, both: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        high, low = both
        to_high = self.convs[0](high) + F.interpolate(self.convs[1](low), scale_factor=2, mode="nearest")
        to_low = self.convs[2](F.avg_pool2d(high, 2, 2)) + self.convs[3](low)
        return F.relu(self.high(to_high)), F.relu(self.low(to_low))


class OctaveNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = Octave(3, 6), Octave(6, 6), nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        high, low = self.two(self.one((x, F.avg_pool2d(x, 2))))
        logits: Tensor = self.head(torch.cat([high.mean((2, 3)), low.mean((2, 3))], 1))
        return logits


class Pyramid(nn.Module):
    """Dilated branches and one of the whole map's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList([unit(WIDTH, 6, 1), unit(WIDTH, 6, dilation=2), unit(WIDTH, 6, dilation=4)])
        self.mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), *unit(WIDTH, 6, 1))
        self.join = nn.Sequential(*unit(24, WIDTH, 1), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        read = [branch(x) for branch in self.branches]
        read.append(F.interpolate(self.mean(x), size=x.shape[2:], mode="bilinear", align_corners=False))
        joined: Tensor = self.join(torch.cat(read, 1))
        return joined


class Hourglass(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.beside, self.before, self.after = (unit(WIDTH, WIDTH) for _ in range(3))
        self.inner: nn.Module = Hourglass(depth - 1) if depth > 1 else unit(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        low = self.after(self.inner(self.before(F.max_pool2d(x, 2, stride=2))))
        added: Tensor = self.beside(x) + F.interpolate(low, scale_factor=2)
        return added


class Fractal(nn.Module):
    """Paths of several depths, and their mean."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.conv = unit(WIDTH, WIDTH)
        self.deep = nn.ModuleList(Fractal(depth - 1) for _ in range(2)) if depth > 1 else None

    def paths(self, x: Tensor) -> list[Tensor]:
        deeper = self.deep[1].paths(self.deep[0](x)) if self.deep is not None else []  # type: ignore[operator]
        return [self.conv(x), *deeper]

    def forward(self, x: Tensor) -> Tensor:
        paths = self.paths(x)
        return sum(paths, torch.zeros(())) / len(paths)


class ShakeShake(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, one: Tensor, two: Tensor, training: bool) -> Tensor:
        share = torch.rand(len(one), 1, 1, 1) if training else 0.5
        return share * one + (1 - share) * two


class Separable(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        depthwise = nn.Conv2d(inputs, inputs, size, padding=size // 2, groups=inputs, bias=False)
        super().__init__(nn.ReLU(), depthwise, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


class Cell(nn.Module):
    """As NASNet's: reads the two outputs before."""

    def __init__(self, before: int, inputs: int) -> None:
        super().__init__()
        self.squeeze_before = nn.Sequential(nn.ReLU(), *unit(before, 4, 1, act=False))
        self.squeeze = nn.Sequential(nn.ReLU(), *unit(inputs, 4, 1, act=False))
        self.one, self.two, self.three = Separable(4, 4, 3), Separable(4, 4, 5), Separable(4, 4, 3)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        before, x = self.squeeze_before(before), self.squeeze(x)
        pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        twice = F.avg_pool2d(before, 3, 1, 1) + F.avg_pool2d(before, 3, 1, 1)
        return torch.cat([before, self.one(x) + x, self.two(before) + self.three(x), pooled + before, twice], 1)


class CellNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = unit(3, 6, act=False)
        self.cells = nn.ModuleList([Cell(6, 6), Cell(6, 20), Cell(20, 20)])
        self.head = nn.Linear(20, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        before = last = self.stem(x)
        for cell in self.cells:
            before, last = last, cell(last, before)
        logits: Tensor = self.head(F.relu(last).mean((2, 3)))
        return logits


class Tree(nn.Module):
    """As deep layer aggregation's."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = unit(WIDTH, WIDTH, act=False), unit(WIDTH, WIDTH, act=False)
        self.project, self.root = unit(WIDTH, WIDTH, 1, act=False), unit(3 * WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        left = F.relu(self.left(x) + self.project(x))
        right = F.relu(self.right(left) + left)
        rooted: Tensor = self.root(torch.cat([right, left, x], 1))
        return rooted


class Exchange(nn.Module):
    """As HRNet's: two resolutions, each added to the other."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = unit(3, 6), unit(6, 8, stride=2)
        self.high, self.low = unit(6, 6), unit(8, 8)
        self.to_low = unit(6, 8, stride=2, act=False)
        self.to_high = nn.Sequential(*unit(8, 6, 1, act=False), nn.Upsample(scale_factor=2, mode="nearest"))
        self.high_out, self.low_out, self.head = nn.ReLU(), nn.ReLU(), nn.Linear(14, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        high, low = self.high(x), self.low(self.down(x))
        both = self.high_out(high + self.to_high(low)), self.low_out(self.to_low(high) + low)
        logits: Tensor = self.head(torch.cat([F.adaptive_avg_pool2d(each, 1) for each in both], 1).flatten(1))
        return logits


class Perceptron(nn.Module):
    """Linear layers over a flattened map, each a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = unit(3, 8, stride=2), unit(8, 6, stride=2)
        self.flat, self.norm, self.last, self.head = (
            nn.Linear(96, 12), nn.BatchNorm1d(12), nn.Linear(12, 9), nn.Linear(9, CLASSES)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first((x - 0.4) / 0.2)).view(x.size(0), -1)
        logits: Tensor = self.head(torch.tanh(self.last(F.relu(self.norm(self.flat(x))))))
        return logits


# -- functions of blocks --------------------------------------------------------------------------------------------


def coordinates(m: Any, x: Tensor) -> Tensor:
    rows, columns = torch.meshgrid(
        *(torch.linspace(-1, 1, side, device=x.device) for side in x.shape[2:]), indexing="ij"
    )
    where = torch.stack([rows, columns, (rows**2 + columns**2).sqrt()]).to(x)
    return F.relu(m.wide(torch.cat([x, where.unsqueeze(0).repeat(x.size(0), 1, 1, 1)], 1)))


def temporal_shift(m: Any, x: Tensor) -> Tensor:
    shifted = torch.zeros_like(x)
    shifted[:, :2, :, 1:] = x[:, :2, :, :-1]
    shifted[:, 2:4, 1:] = x[:, 2:4, :-1]
    shifted[:, 4:] = x[:, 4:]
    return F.relu(m.conv(shifted))


def masked(m: Any, x: Tensor) -> Tensor:
    y = m.conv(x)
    y = torch.where(m.mask, y, torch.zeros_like(y)) * m.place
    return F.relu(y.masked_fill(~m.mask, -1.0))


def unfolded(m: Any, x: Tensor) -> Tensor:
    windows = F.unfold(x, 3, padding=1).view(x.shape[0], -1, *x.shape[2:])
    return F.relu(m.join(windows))


def hierarchy(m: Any, x: Tensor) -> Tensor:
    parts = list(x.split(2, 1))
    for place, conv in enumerate(m.convs, start=1):
        parts[place] = F.relu_(conv(parts[place] + parts[place - 1]))
    return torch.cat(parts, 1).add_(x)


def highway(m: Any, x: Tensor) -> Tensor:
    share = torch.sigmoid(m.gate(x.mean((2, 3), keepdim=True)))
    return F.relu(m.conv(x)) * share + x * (1 - share)


def zero_padded_shortcut(m: Any, x: Tensor) -> Tensor:
    kept = F.avg_pool2d(x, 1, 2)[:, :6]
    zeros = torch.zeros(x.size(0), 2, *kept.shape[2:], dtype=x.dtype, device=x.device)
    return F.relu(m.strided(x) + torch.cat((kept, zeros), 1))


def style_gate(m: Any, x: Tensor) -> Tensor:
    flat = m.conv(x).flatten(2)
    style = (torch.stack((flat.mean(2), flat.std(2)), -1) * m.weight).sum(-1)
    gated: Tensor = m.conv2(x) * torch.sigmoid(style)[:, :, None, None]
    return x + gated


def efficient_channel_gate(m: Any, x: Tensor) -> Tensor:
    y = m.conv(x)
    gate = m.across(F.adaptive_avg_pool2d(y, 1).squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
    return F.relu(y * torch.sigmoid(gate).expand_as(y) + x)


def cropped_and_padded(m: Any, x: Tensor) -> Tensor:
    y = F.pad(m.conv(F.pad(x, (2, -1, 0, 1), value=3.0)), (1, 0, 2, 1), mode="circular")
    return F.hardswish(F.pad(y, (-1, 0, -2, -1)))[:, [7, 2, 0, 1, 3, 6, 5, 4]]


def two_halves(m: Any, x: Tensor) -> Tensor:
    y = m.conv(x)
    y[:, ::2] = F.relu(y[:, ::2])
    return F.max_pool2d(torch.cat([y, -y], 1) * m.scale, 2, 1, 1, ceil_mode=True)[:, 4:12, 1:, 1:]


EQUAL: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...]]] = {
    "aggregation tree": (lambda: Net(Tree(), Tree(), Tree()), ()),
    "cells": (CellNet, ()),
    "coordinates as channels": (lambda: three(coordinates, wide=lambda: nn.Conv2d(11, WIDTH, 3, padding=1)), ()),
    "cropped and padded": (lambda: three(cropped_and_padded), ()),
    "DataParallel": (
        lambda: nn.DataParallel(three(lambda m, x: F.relu(m.conv(x)) + x)),
        ("module.stem", "module.blocks.?"),
    ),
    "dilated pyramid": (lambda: Net(Pyramid(), unit(WIDTH, WIDTH)), ("stem", "blocks.?")),
    "efficient channel gate": (
        lambda: three(efficient_channel_gate, across=lambda: nn.Conv1d(1, 1, 3, padding=1, bias=False)),
        (),
    ),
    "exchange of resolutions": (Exchange, ("stem", "down", "*_out")),
    "fractal": (lambda: Net(Fractal(2), Fractal(3)), ("stem", "blocks.?")),
    "hierarchy": (
        lambda: three(hierarchy, convs=lambda: nn.ModuleList(nn.Conv2d(2, 2, 3, padding=1) for _ in range(3))),
        (),
    ),
    "highway": (lambda: three(highway, gate=pointwise()), ()),
    "hourglass": (lambda: Net(Hourglass(2), Hourglass(1)), ("stem", "blocks.?")),
    "masks": (
        lambda: three(
            masked,
            mask=lambda: torch.arange(WIDTH).view(1, WIDTH, 1, 1) % 3 > 0,
            place=lambda: (torch.rand(1, 1, SIZE, SIZE) > 0.3) * 1.0,
        ),
        (),
    ),
    "octave": (OctaveNet, ("*.high", "*.low")),
    "parametrized weights": (
        lambda: Net(
            parametrizations.weight_norm(nn.Conv2d(WIDTH, WIDTH, 3)), nn.PReLU(),
            parametrizations.spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3)), nn.PReLU(WIDTH),
        ),
        (),
    ),
    "perceptron": (Perceptron, ("first", "second", "flat", "last")),
    "shake-shake": (
        lambda: three(lambda m, x: x + ShakeShake.apply(m.conv(x), m.other(x), m.training), other=pointwise()),
        (),
    ),
    "shift of channels": (lambda: three(temporal_shift), ()),
    "style gate": (
        lambda: three(style_gate, conv2=pointwise(), weight=lambda: nn.Parameter(torch.randn(WIDTH, 2))),
        (),
    ),
    "two halves, one negated": (
        lambda: three(two_halves, scale=lambda: nn.Parameter(torch.randn(2 * WIDTH, 1, 1))),
        (),
    ),
    "U-net": (UNet, ("down.*", "up.*")),
    "unfolded windows": (lambda: three(unfolded, join=pointwise(inputs=9 * WIDTH)), ()),
    "zero-padded shortcut": (
        lambda: three(zero_padded_shortcut, strided=lambda: nn.Conv2d(WIDTH, WIDTH, 3, 2, 1)),
        (),
    ),
}  # fmt: skip
"""Name -> the model, and which layers are chosen (by default the model's own)."""

QUICK = (
    "cells", "exchange of resolutions", "masks", "octave", "parametrized weights", "perceptron", "shake-shake",
    "shift of channels", "style gate", "U-net", "unfolded windows",
)  # fmt: skip
"""Those that are tried in every run of the tests; the others in the long ones."""
