"""Random small networks, made of the operations that classifiers are made of: the same seed, the same network.

A network is a list of steps, each a module that reads one or two of the tensors made so far (not always the newest), so
that residual additions, concatenations, gates, views, in-place operations and scales meet in orders that nobody wrote
down. Its chosen layers are the outputs of random steps.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE = 12
_MOST_CHANNELS = 16


@dataclass(frozen=True)
class RandomModel:
    """A network and its chosen layers."""

    model: RandomNet
    layers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.model.described()}; layers {', '.join(self.layers)}"


class Function(nn.Module):
    """A function of one or two tensors as a module."""

    def __init__(self, name: str, function: Callable[..., Tensor], **parts: nn.Module | nn.Parameter | Tensor) -> None:
        super().__init__()
        self.described, self._function = name, function
        for key, part in parts.items():
            if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(key, part)
            else:
                setattr(self, key, part)

    def forward(self, *tensors: Tensor) -> Tensor:
        return self._function(self, *tensors)


class RandomNet(nn.Module):
    """Steps over the tensors made so far, and a linear head on the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList()
        self.reads: list[tuple[int, ...]] = []
        self.head: nn.Module = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        made = [images]
        for step, reads in zip(self.steps, self.reads, strict=True):
            made.append(step(*(made[index] for index in reads)))
        unread = set(range(len(made))) - {index for reads in self.reads for index in reads}
        # A step that nothing reads would not be part of what the network computes.
        logits: Tensor = self.head(torch.cat([made[index].mean((2, 3)) for index in sorted(unread)], 1))
        return logits

    def described(self) -> str:
        return "; ".join(
            f"{index} {step.described}{list(reads)}"
            for index, (step, reads) in enumerate(zip(self.steps, self.reads, strict=True))
        )


def random_model(seed: int, steps: int = 24) -> RandomModel:
    """A network of about this many steps, float64, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        choose = random.Random(seed)
        model = RandomNet()
        made = [torch.randn(2, 3, SIZE, SIZE)]
        shared: set[int] = {0}
        """Tensors that lie in one memory: what is done in place to one of them would be done to the others."""
        while len(model.steps) < steps:
            step, reads = _next_step(choose, made)
            tensors = [made[index].clone() for index in reads]
            with torch.no_grad():
                value = step.eval()(*tensors)
            in_place = not torch.equal(tensors[0], made[reads[0]])
            fits = value.dim() == 4 and 2 <= value.shape[1] <= _MOST_CHANNELS and min(value.shape[2:]) >= 1
            if not fits or (in_place and reads[0] in shared):
                continue
            model.steps.append(step)
            model.reads.append(reads)
            if value.untyped_storage().data_ptr() == tensors[0].untyped_storage().data_ptr():
                shared |= {reads[0], len(made)}
            if in_place:
                made[reads[0]] = value
            made.append(value)
        unread = set(range(len(made))) - {index for reads in model.reads for index in reads}
        model.head = nn.Linear(sum(made[index].shape[1] for index in unread), 3)
        _randomize(model)
        names = [str(step.described) for step in model.steps]
        sums = [index for index, name in enumerate(names) if "conv" in name or "add" in name]
        chosen = choose.sample(range(steps) if choose.random() < 0.2 else sums, min(len(sums), choose.randint(2, 6)))
        return RandomModel(model.double().eval(), tuple(f"steps.{index}" for index in sorted(chosen)))


def _randomize(model: nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() < 2 and not name.startswith("head"):
                parameter.copy_(torch.randn(parameter.shape) * 0.5 + 0.1)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape) * 0.3)
            if name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape) + 0.5)


def _next_step(choose: random.Random, made: list[Tensor]) -> tuple[nn.Module, tuple[int, ...]]:
    if len(made) == 1 or choose.random() < 0.15:
        index = len(made) - 1
        return _convolution(choose, made[index].shape[1]), (index,)
    # Mostly the newest tensors, so that networks are deep.
    index = len(made) - 1 if choose.random() < 0.65 else choose.randrange(1, len(made))
    shape = made[index].shape
    if choose.random() < 0.35:
        others = [other for other in range(1, len(made)) if made[other].shape == shape and other != index]
        beside = [other for other in range(1, len(made)) if made[other].shape[2:] == shape[2:] and other != index]
        if others and choose.random() < 0.7:
            return choose.choice(_ADDITIONS)(), (index, choose.choice(others))
        if beside:
            return Function("cat", lambda _, x, y: torch.cat([x, y], 1)), (index, choose.choice(beside))
    return choose.choice(_MAKERS)(choose, int(shape[1])), (index,)


_ADDITIONS: list[Callable[[], nn.Module]] = [
    lambda: Function("add", lambda _, x, y: x + y),
    lambda: Function("add", lambda _, x, y: x + y),
    lambda: Function("iadd", lambda _, x, y: x.add_(y)),
    lambda: Function("iadd clone", lambda _, x, y: x.clone().add_(y)),
    lambda: Function("sub", lambda _, x, y: x - y),
    lambda: Function("add alpha", lambda _, x, y: torch.add(x, y, alpha=-0.5)),
    lambda: Function("add relu", lambda _, x, y: F.relu_(x + y)),
    lambda: Function("add slice", lambda _, x, y: torch.cat([x[:, :1] + y[:, -1:], x[:, 1:]], 1)),
    lambda: Function("add into slice", _add_into_slice),
    lambda: Function("add strided", lambda _, x, y: x[:, :, ::2, ::2] + y[:, :, ::2, ::2]),
    lambda: Function("gate of other", lambda _, x, y: x * torch.sigmoid(y.mean((2, 3), keepdim=True))),
    lambda: Function("gate of other", lambda _, x, y: y.amax((2, 3), keepdim=True).sigmoid() * x),
]


def _add_into_slice(_: Any, x: Tensor, y: Tensor) -> Tensor:
    x = x.clone()
    x[:, : x.shape[1] // 2] += y[:, x.shape[1] // 2 : x.shape[1] // 2 * 2]
    return x


def _convolution(choose: random.Random, channels: int) -> nn.Module:
    size = choose.choice([1, 1, 3, 3, 5])
    groups = choose.choice([group for group in (1, 1, 1, 2, 3, channels) if channels % group == 0])
    outputs = groups * max(1, choose.choice([4, 6, 8, 10]) // groups)
    padding: Any = choose.choice([size // 2, 0, "same"])
    stride = choose.choice([1, 1, 1, 2]) if padding != "same" else 1
    dilation = choose.choice([1, 1, 2]) if size == 3 else 1
    mode: Any = (
        choose.choice(["zeros", "zeros", "zeros", "reflect", "circular", "replicate"]) if padding == 1 else "zeros"
    )
    conv = nn.Conv2d(
        channels, min(outputs, _MOST_CHANNELS), size, stride, padding, dilation,
        groups if min(outputs, _MOST_CHANNELS) % groups == 0 else 1, choose.random() < 0.5, padding_mode=mode,
    )  # fmt: skip
    # An image smaller than the kernel: a pointwise one always fits.
    made = conv.out_channels
    kind = choose.randrange(8)
    if kind == 0:
        return Function("conv", lambda m, x: _fitting(m.conv, x), conv=conv)
    if kind == 1:
        return Function("conv bn", lambda m, x: m.bn(_fitting(m.conv, x)), conv=conv, bn=nn.BatchNorm2d(made))
    if kind == 2:
        relu: nn.Module = choose.choice(
            [nn.ReLU(inplace=True), nn.Hardswish(inplace=True), nn.LeakyReLU(0.2), nn.GELU()]
        )
        return Function(
            "conv bn act", lambda m, x: m.act(m.bn(_fitting(m.conv, x))), conv=conv, bn=nn.BatchNorm2d(made), act=relu
        )
    if kind == 3:
        scale = nn.Parameter(torch.randn(made, 1, 1))
        return Function(
            "conv bn scale", lambda m, x: m.bn(_fitting(m.conv, x)) * m.gamma,
            conv=conv, bn=nn.BatchNorm2d(made), gamma=scale,
        )  # fmt: skip
    if kind == 4:
        nn.utils.parametrizations.weight_norm(conv)
        return Function("weight-norm conv", lambda m, x: _fitting(m.conv, x), conv=conv)
    if kind == 5:
        return Function("conv read twice", _read_twice, conv=conv, bn=nn.BatchNorm2d(made))
    if kind == 6:
        weight = nn.Parameter(conv.weight.detach().clone())
        return (
            Function("standardised conv", _standardised, weight=weight)
            if groups == 1
            else Function("conv", lambda m, x: _fitting(m.conv, x), conv=conv)
        )
    linear = nn.Linear(channels, made, bias=choose.random() < 0.5)
    return Function(
        "linear last", lambda m, x: F.gelu(m.linear(m.norm(x.permute(0, 2, 3, 1)))).permute(0, 3, 1, 2),
        linear=linear, norm=nn.LayerNorm(channels),
    )  # fmt: skip


def _fitting(conv: Any, x: Tensor) -> Tensor:
    reach = max(conv.dilation) * (max(conv.kernel_size) - 1)
    result: Tensor = conv(F.pad(x, (reach, reach, reach, reach)) if min(x.shape[2:]) <= reach + 1 else x)
    return result


def _read_twice(m: Any, x: Tensor) -> Tensor:
    y = _fitting(m.conv, x)
    summed: Tensor = m.bn(y) + F.relu(y)
    return summed


def _standardised(m: Any, x: Tensor) -> Tensor:
    weight = m.weight
    weight = (weight - weight.mean((1, 2, 3), keepdim=True)) / (weight.std((1, 2, 3), keepdim=True) + 1)
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2)


Maker = Callable[[random.Random, int], nn.Module]


def _of(name: str, function: Callable[[Tensor], Tensor]) -> Maker:
    return lambda choose, channels: Function(name, lambda _, x: function(x))


def _normalization(choose: random.Random, channels: int) -> nn.Module:
    norm: nn.Module = choose.choice([nn.BatchNorm2d(channels), nn.BatchNorm2d(channels), nn.GroupNorm(1, channels)])
    return Function(type(norm).__name__, lambda m, x: m.norm(x), norm=norm)


def _scaled(choose: random.Random, channels: int) -> nn.Module:
    kind = choose.randrange(7)
    values = torch.randn(1, channels, 1, 1)
    if kind == 0:
        return Function("gamma", lambda m, x: m.gamma * x, gamma=nn.Parameter(values))
    if kind == 1:
        return Function("scalar", lambda _, x: x * -0.7)
    if kind == 2:
        return Function("bias", lambda m, x: x + m.bias, bias=nn.Parameter(values))
    if kind == 3:
        return Function("divide", lambda m, x: x / m.by, by=values.abs() + 0.5)
    if kind == 4:
        return Function("negative", lambda _, x: 1 - x)
    if kind == 5:
        return Function("two scales", lambda m, x: x * m.gamma * 0.5 + m.gamma, gamma=nn.Parameter(values))
    return Function("in place", lambda m, x: x.clone().mul_(m.gamma).sub_(0.1), gamma=nn.Parameter(values))


def _gate(choose: random.Random, channels: int) -> nn.Module:
    if choose.random() < 0.3:
        conv1d = nn.Conv1d(1, 1, 3, padding=1)
        return Function("eca", _channel_attention, conv=conv1d)
    fc = nn.Sequential(nn.Conv2d(channels, 3, 1), nn.ReLU(), nn.Conv2d(3, channels, 1), nn.Hardsigmoid())
    return Function("gate", choose.choice([_gate_first, _gate_last]), fc=fc)


def _gate_first(m: Any, x: Tensor) -> Tensor:
    gated: Tensor = m.fc(x.mean((2, 3), keepdim=True)) * x
    return gated


def _gate_last(m: Any, x: Tensor) -> Tensor:
    gated: Tensor = x * m.fc(F.adaptive_avg_pool2d(x, 1))
    return gated


def _channel_attention(m: Any, x: Tensor) -> Tensor:
    y: Tensor = m.conv(x.mean((2, 3)).view(x.shape[0], 1, -1))
    return x * y.sigmoid().view(x.shape[0], -1, 1, 1).expand_as(x)


def _blur(choose: random.Random, channels: int) -> nn.Module:
    row = torch.tensor([1.0, 2.0, 1.0])
    kernel = (row.outer(row) / 16)[None, None].repeat(channels, 1, 1, 1)
    return Function("blur", _blurred, kernel=kernel)


def _blurred(m: Any, x: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), m.kernel, stride=2, groups=x.shape[1])


def _shuffle(x: Tensor) -> Tensor:
    b, c, h, w = x.shape
    groups = 2 if c % 2 == 0 else 1
    return x.view(b, groups, c // groups, h, w).transpose(1, 2).reshape(b, c, h, w)


def _split_and_join(x: Tensor) -> Tensor:
    first, *rest = torch.tensor_split(x, 3, dim=1)
    return torch.cat([*rest, F.relu(first)], 1)


_REFUSED: list[Maker] = [
    _of("mean of channels", lambda x: x - x.mean(1, keepdim=True)),
    _of("softmax", lambda x: torch.softmax(x, 1)),
    _of("maximum", lambda x: torch.maximum(x, x.flip(1))),
    _of("own product", lambda x: x * x.flip(1)),
    _of("spatial gate", lambda x: x * torch.sigmoid(x.amax(1, keepdim=True))),
    _of("sum of halves", lambda x: x.view(x.shape[0], 2, -1, *x.shape[2:]).sum(1) if x.shape[1] % 2 == 0 else x * 1),
]
"""Operations that mix channels: a network with one of them between its layers must be refused."""


def _rarely_refused(choose: random.Random, channels: int) -> nn.Module:
    maker = choose.choice(_REFUSED) if choose.random() < 0.2 else _of("tanh", torch.tanh)
    return maker(choose, channels)


_MAKERS: list[Maker] = [
    _rarely_refused,
    *[_convolution] * 10,
    *[_normalization] * 2,
    *[_scaled] * 4,
    *[_gate] * 2,
    _blur,
    _of("relu", F.relu),
    _of("relu_", F.relu_),
    _of("relu", F.relu),
    _of("hardswish", F.hardswish),
    _of("silu_", lambda x: F.silu(x, inplace=True)),
    _of("x * sigmoid(x)", lambda x: x * torch.sigmoid(x)),
    _of("elu", F.elu),
    _of("clamp", lambda x: x.clamp(-0.5, 0.8)),
    _of("square", torch.square),
    _of("max-pool", lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True)),
    _of("max-pool", lambda x: F.max_pool2d(x, 3, 1, 1)),
    _of("avg-pool", lambda x: F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 2)),
    _of("adaptive pool", lambda x: F.adaptive_avg_pool2d(x, (3, 2))),
    _of("interpolate", lambda x: F.interpolate(x[:, :, :6, :6], scale_factor=2, mode="bilinear")),
    _of("nearest", lambda x: F.interpolate(x[:, :, :6, :6], size=(7, 9))),
    _of("pad channels", lambda x: F.pad(x, (0, 0, 0, 0, 1, 2))),
    _of("pad", lambda x: F.pad(x, (1, 0, 0, 1), value=0.5)),
    _of("reflect", lambda x: F.pad(x, (0, 0, 1, 1), mode="replicate")),
    _of("slice", lambda x: x[:, : max(2, x.shape[1] // 2)]),
    _of("every other", lambda x: x[:, ::2] if x.shape[1] > 3 else x[:, 1:]),
    _of("chunk", lambda x: x.chunk(2, 1)[1]),
    _of("narrow", lambda x: x.narrow(1, 0, 2)),
    _of("flip", lambda x: x.flip(1)),
    _of("roll", lambda x: torch.roll(x, 1, 1)),
    _of("index", lambda x: x[:, [1, 0, 1]]),
    _of("unbind and stack", lambda x: torch.stack(x.unbind(1)[::-1], 1)),
    _of("split", lambda x: torch.cat(list(reversed(x.split(2, 1))), 1)),
    _of("shuffle", _shuffle),
    _of("channel_shuffle", lambda x: F.channel_shuffle(x, 2) if x.shape[1] % 2 == 0 else x.clone()),
    _of("tensor_split", _split_and_join),
    _of("pixel_unshuffle", lambda x: F.pixel_unshuffle(x[:, :3, :6, :6], 2) if x.shape[2] > 5 < x.shape[3] else x + 0),
    _of("pixel_shuffle", lambda x: F.pixel_shuffle(x[:, :8], 2) if x.shape[1] >= 8 else x.neg()),
    _of("repeat", lambda x: x[:, :4].repeat(1, 2, 1, 1)),
    _of("dropout", lambda x: F.dropout2d(x, 0.3, training=False)),
    _of("transpose", lambda x: x.transpose(2, 3)),
    _of("channels last", lambda x: x.contiguous(memory_format=torch.channels_last)),
    _of("mean and add", lambda x: x + x.mean((2, 3), keepdim=True)),
    _of("detach", lambda x: x.detach().to(x.dtype) + 0),
]
