"""The proof of a trace: all terms of a channel together, and the value that the model itself computes for it.

The terms are summed by whole convolutions whose unknown input channels are zeroed, not by the counting's own kernels.
What is left of the model's value is what no image changes: biases.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ingest.trace import Trace
from ingest.trace.origins import Convolution
from ingest.trace.program import Task, Values
from ingest.trace.targets import Block


@dataclass
class TermSums:
    """Blocks compared, and the largest part of a value that depends on the image and is no term."""

    blocks: int = 0
    worst: float = 0.0
    silent: int = 0
    """Blocks whose values are the same for both images: nothing is proved of them."""


def compare_terms_with_values(trace: Trace, images: Tensor) -> TermSums:
    """Runs two float64 images and compares, for every block whose sum some node holds."""
    found = TermSums()

    def task(block: Block) -> Task:
        def compare(values: Values, _: object) -> None:
            value: Tensor = values[block.value] if block.value is not None else torch.empty(0)
            real = _by_channel(value, block.value_axis)[:, block.value_channels]
            left = real - _all_terms(block, values)
            difference = float((real[0] - real[1]).abs().max())
            if difference <= 1e-6 * float(real.abs().max()):
                found.silent += 1
                return
            found.blocks += 1
            found.worst = max(found.worst, float((left[0] - left[1]).abs().max()) / difference)

        reads = {each.operation.x: None for each in block.contributions}
        assert block.value is not None
        return Task((*reads, block.value), compare)

    blocks = [block for target in trace.targets for block in target.blocks if block.value is not None]
    trace.program.prepared([task(block) for block in blocks]).run(images)
    return found


def _all_terms(block: Block, values: Values) -> Tensor:
    """(B, R, P)"""
    total: Tensor | None = None
    for each, sources in zip(block.contributions, block.sources, strict=True):
        operation, x, known = each.operation, values[each.operation.x], sources >= 0
        if not isinstance(operation, Convolution):
            y = _by_channel(x.expand(len(x), *operation.shape[1:]), operation.reads.axis)
        elif operation.weight.dim() == 2:
            y = _by_channel(functional.linear(x * known, operation.weight), x.dim() - 1)
        else:
            padded = functional.pad(x * known[:, None, None], operation.padding)
            options = (operation.stride, 0, operation.dilation, operation.groups)
            y = functional.conv2d(padded, operation.weight, None, *options).flatten(2)
        y = y[:, each.outputs] * each.scale[:, None]
        if each.positions is not None:
            y = torch.where(each.positions < 0, 0.0, y[:, :, each.positions.clamp(min=0)])
        if total is None:
            total = y.new_zeros(len(x), len(block.rows), y.shape[2])
        total[:, each.rows] += y
    assert total is not None
    return total


def _by_channel(value: Tensor, axis: int) -> Tensor:
    return value.movedim(axis, 1).flatten(2) if value.dim() > 2 else value[:, :, None]


def lively(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model in float64 with weights that keep images apart, and batch-norms with scales of both signs."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                scale = (2 / module.weight[0].numel()) ** 0.5
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * scale)
            if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
                assert module.running_var is not None
                module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=generator) / 10)
                module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) + 0.5)
                sign = torch.randint(0, 4, module.weight.shape, generator=generator).clamp(max=1) * 2 - 1
                module.weight.copy_((torch.rand(module.weight.shape, generator=generator) + 0.5) * sign)
    return model.eval().double()
