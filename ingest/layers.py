"""Which layers are chosen: those that the user names, or a model family's blocks.

By default the blocks of known families; of another model the instances of its most repeated module class that holds a
convolution, if there are three; else the nonlinearity after each convolution.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from ingest.trace.isolation import undisturbed
from summit_graph.errors import NotFound, SummitError

FAMILIES: Mapping[str, frozenset[str]] = {
    "ConvNeXt": frozenset({"CNBlock", "ConvNeXtBlock"}),
    "DenseNet": frozenset({"_DenseBlock", "DenseBlock"}),
    "EfficientNet": frozenset({"MBConv", "FusedMBConv", "InvertedResidual", "DepthwiseSeparableConv", "EdgeResidual"}),
    "GoogLeNet": frozenset({"Inception"}),
    "Inception3": frozenset({"InceptionA", "InceptionB", "InceptionC", "InceptionD", "InceptionE"}),
    "InceptionV3": frozenset({"InceptionA", "InceptionB", "InceptionC", "InceptionD", "InceptionE"}),
    "MNASNet": frozenset({"_InvertedResidual"}),
    "MobileNetV2": frozenset({"InvertedResidual"}),
    "MobileNetV3": frozenset({"InvertedResidual", "DepthwiseSeparableConv"}),
    "RegNet": frozenset({"ResBottleneckBlock", "Bottleneck"}),
    "ResNet": frozenset({"BasicBlock", "Bottleneck"}),
    "ShuffleNetV2": frozenset({"InvertedResidual"}),
    "SqueezeNet": frozenset({"Fire"}),
}
"""Class name of a model and of the blocks whose outputs are its layers (torchvision's and timm's)."""

PLAIN_FAMILIES = frozenset({"AlexNet", "VGG"})
"""Families without blocks: the nonlinearity after each convolution."""

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_LEAST_INSTANCES = 3


def choose_layers(model: nn.Module, example: Tensor, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The modules whose outputs are the layers: those that names and globs in `wanted` say, or the family's default.

    A glob's `*` stays within one part of a module's path: `layer?.*` are a ResNet's blocks. `example` is (2, C, H, W).

    Raises NotFound where nothing has a wanted name, SummitError for a model without convolutions.
    """
    if wanted:
        names = [name for name, _ in model.named_modules() if name]
        return tuple(dict.fromkeys(name for pattern in wanted for name in _matching(pattern, names)))
    if not any(isinstance(module, nn.Conv2d) for module in model.modules()):
        raise SummitError("the model has no convolution: name its layers with --layers")
    kind = type(model).__name__
    if kind in PLAIN_FAMILIES:
        return _nonlinearities(model, _observe(model, example))
    blocks = FAMILIES.get(kind, frozenset())
    of_family = tuple(name for name, module in model.named_modules() if type(module).__name__ in blocks)
    if of_family:
        return of_family
    calls = _observe(model, example)
    return _most_repeated(model, calls) or _nonlinearities(model, calls)


def _matching(pattern: str, names: Sequence[str]) -> list[str]:
    parts = pattern.split(".")
    found = [
        name
        for name in names
        if len(path := name.split(".")) == len(parts) and all(map(fnmatchcase, path, parts))
    ]  # fmt: skip
    if not found:
        nearest = tuple(difflib.get_close_matches(pattern, names, n=3, cutoff=0.0))
        raise NotFound(f"no layer {pattern!r} in the model; the nearest are {', '.join(nearest)}", nearest)
    return found


@dataclass
class _Calls:
    """The calls of one forward pass. The tensors are kept, so that no two of them share an identity."""

    order: list[tuple[str, int, int]] = field(default_factory=list)
    """(module, identity of its input, identity of its output) of the model's leaves, in forward order."""
    single: set[str] = field(default_factory=set)
    """Convolutions that read a map of one position, as a gate's do."""
    ran: set[nn.Module] = field(default_factory=set)
    """Every module that ran, with children or without."""
    kept: list[Tensor] = field(default_factory=list)


def _observe(model: nn.Module, example: Tensor) -> _Calls:
    calls = _Calls()
    names = _leaves(model)

    def before(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if arguments and isinstance(arguments[0], Tensor):
            calls.kept.append(arguments[0])
            calls.order.append((names[module], id(arguments[0]), 0))
            if isinstance(module, nn.Conv2d) and arguments[0].shape[2:].numel() == 1:
                calls.single.add(names[module])

    def after(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        if arguments and isinstance(arguments[0], Tensor) and isinstance(output, Tensor):
            calls.kept.append(output)
            calls.order[-1] = (names[module], id(arguments[0]), id(output))

    def note(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        calls.ran.add(module)

    with undisturbed(model, example.device):
        handles = [module.register_forward_pre_hook(note) for module in model.modules()]
        handles += [module.register_forward_pre_hook(before) for module in names]
        handles += [module.register_forward_hook(after) for module in names]
        try:
            model(example)
        except Exception as error:
            size = " x ".join(str(length) for length in example.shape[1:])
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise SummitError(f"the model does not run on images of {size}: {reason}") from error
        finally:
            for handle in handles:
                handle.remove()
    return calls


def _leaves(model: nn.Module) -> dict[nn.Module, str]:
    """Modules without children, and convolutions, which have some where a parametrization makes their weights."""
    found: dict[nn.Module, str] = {}
    inside: set[nn.Module] = set()
    for name, module in model.named_modules():
        if module not in inside and (isinstance(module, nn.Conv2d) or not any(True for _ in module.children())):
            found[module] = name
            inside.update(module.modules())
    return found


def _most_repeated(model: nn.Module, calls: _Calls) -> tuple[str, ...]:
    """Instances of the most repeated class that holds a convolution; empty if there are fewer than three."""
    modules = dict(model.named_modules())
    instances: dict[type[nn.Module], list[str]] = {}
    for name, module in modules.items():
        if module not in calls.ran:  # An auxiliary head, say, that only training uses.
            continue
        convolutions = {
            f"{name}.{inner}" for inner, each in module.named_modules() if isinstance(each, nn.Conv2d) and inner
        }
        is_gate = convolutions <= calls.single
        if name and convolutions and not is_gate and type(module) not in _CONTAINERS:
            instances.setdefault(type(module), []).append(name)
    repeated = {kind for kind, names in instances.items() if len(names) > 1}

    def stands_alone(kind: type[nn.Module]) -> bool:
        """Whether an instance lies outside every other repeated class."""
        others = repeated - {kind}
        return any(not any(type(modules[outer]) in others for outer in _enclosing(name)) for name in instances[kind])

    candidates = [names for kind, names in instances.items() if stands_alone(kind)]
    best = max(candidates, key=len, default=[])
    # An instance within another (a tree of blocks) would hold channels of the outer one.
    outermost = [name for name in best if not set(_enclosing(name)) & set(best)]
    return tuple(outermost) if len(outermost) >= _LEAST_INSTANCES else ()


def _enclosing(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _nonlinearities(model: nn.Module, calls: _Calls) -> tuple[str, ...]:
    """The nonlinearity module that reads each convolution, batch-norm between allowed, else the convolution itself."""
    modules = dict(model.named_modules())
    runs = [name for name, _, _ in calls.order]
    chosen: list[str] = []
    for index, (name, _, output) in enumerate(calls.order):
        if not isinstance(modules[name], nn.Conv2d) or name in calls.single:
            continue
        chosen.append(name)
        chain = [(name, 0, output), *calls.order[index + 1 :]]
        for (_, _, given), (follower, taken, _) in pairwise(chain):
            if given != taken or not (_is_norm(modules[follower]) or _is_nonlinearity(modules[follower])):
                break
            if _is_nonlinearity(modules[follower]):
                if runs.count(follower) == 1:
                    chosen[-1] = follower
                break
    return tuple(chosen)


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm)


def _is_nonlinearity(module: nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.activation"
