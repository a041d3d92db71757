"""Gradients through dead rectifiers: a neuron that is 0 everywhere would never learn what excites it.

Where a rectifier is shut, its gradient is 0, and an image that leaves a whole path shut gets none. While a neuron is
still 0 on its image, rectifiers pass on the gradient of a shut position if it asks for a larger value ("redirected"
gradients, as the authors of Olah et al. 2017 do in their library for the first steps); values are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

_RECTIFIERS = {torch.relu, torch.relu_, F.relu, F.relu6, Tensor.relu, Tensor.relu_}
_IN_PLACE = {torch.relu_, Tensor.relu_}


class OpenRectifiers(TorchFunctionMode):
    """Inside, the rectifiers of a model let gradients through to the images that are marked as dead."""

    def __init__(self, dead: Tensor) -> None:
        """`dead`: (N,) bool, by image of the batch."""
        super().__init__()
        self._dead = dead

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        arguments: tuple[Any, ...] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        values = dict(named or {})
        if function not in _RECTIFIERS:
            return function(*arguments, **values)
        x: Tensor = arguments[0] if arguments else values.pop("input")
        if len(x) != len(self._dead) or not torch.is_grad_enabled():
            return function(*(arguments or (x,)), **values)
        in_place = function in _IN_PLACE or values.get("inplace", len(arguments) > 1 and arguments[1])
        opened: Tensor = _Open.apply(x, self._dead, 6.0 if function is F.relu6 else torch.inf)
        return x.copy_(opened) if in_place else opened


class _Open(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, dead: Tensor, highest: float) -> Tensor:
        shape = (-1,) + (1,) * (x.dim() - 1)
        context.save_for_backward((x > 0) & (x < highest), (x <= 0) & dead.view(shape))
        return x.clamp(0, highest)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = gradients
        through, shut = context.saved_tensors
        # A loss falls where its gradient is negative: only a shut position that should grow is opened.
        return gradient * (through | (shut & (gradient < 0))), None, None
