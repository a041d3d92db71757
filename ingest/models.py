"""A user's model and its weights: a torchvision name, `timm/NAME`, `MODULE:FACTORY`, `FILE.py:FACTORY`."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torch.nn.parameter import is_lazy
from torchvision.models import WeightsEnum

from ingest.images.preprocessing import Preprocess, own_transform
from ingest.reference import load_object, one_line
from ingest.weights import load_weights, weights_digest
from summit_graph.errors import NotFound, SummitError

NONE = "none"
"""Value of `--weights`: random weights, or those that a user's factory puts in."""
DEFAULT = "default"
"""Value of `--weights`: the newest weights that torchvision or timm have under the model's name."""

_TIMM = "timm/"
_SEED = 0
"""Random weights must be the same again when an interrupted ingest goes on."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode, float32, on the CPU, and what is known of how it was trained."""

    module: nn.Module
    name: str
    weights: str
    """The weights by their full name; the file as given; or `none`."""
    weights_digest: str
    categories: tuple[str, ...] = ()
    """Names of the outputs, in order; empty where nothing says them."""
    preprocess: Preprocess | None = None
    """How the weights' own images were preprocessed; None where nothing says it."""
    message: str = ""
    """What was found in the weights file (a prefix taken off, say); empty where there is nothing to say."""


@dataclass(frozen=True)
class _Built:
    module: nn.Module
    weights: str
    categories: tuple[str, ...] = ()
    preprocess: Preprocess | None = None


def load_model(name: str, arguments: Sequence[tuple[str, str]] = (), weights: str = NONE) -> LoadedModel:
    """Builds the named model and puts its weights in.

    `arguments` go to the factory, each read as a whole number, a number, true or false, none, or else text.
    Raises SummitError where the model, its factory or its weights are missing or don't fit, or it has no convolution.
    """
    file = Path(weights) if weights not in (NONE, DEFAULT) and _is_file(weights) else None
    named_weights = NONE if file is not None else weights
    values = {key: argument_value(text) for key, text in arguments}
    with torch.random.fork_rng(), warnings.catch_warnings():
        # Model libraries announce changes of their defaults in warnings, which are of no use to whoever runs a command.
        warnings.simplefilter("ignore")
        torch.manual_seed(_SEED)
        built = _build(name, values, named_weights)
    if any(is_lazy(tensor) for tensor in (*built.module.parameters(), *built.module.buffers())):
        raise SummitError(f"{name} has lazy modules whose sizes are not known: run it on an example in its factory")
    checkpoint = load_weights(built.module, file) if file is not None else None
    module = built.module.to(torch.float32).eval().requires_grad_(False)
    if not any(parameter.ndim >= 3 for parameter in module.parameters()):
        raise SummitError(f"{name} has no convolution: summit-graph takes convolutional classifiers")
    return LoadedModel(
        module=module,
        name=short_name(name),
        weights=weights if file is not None else built.weights,
        weights_digest=weights_digest(module),
        categories=built.categories,
        preprocess=built.preprocess,
        message=checkpoint.found if checkpoint is not None else "",
    )


def short_name(name: str) -> str:
    """The model's name without the place of its factory: `resnet20` for `models/cifar.py:resnet20`."""
    return name.rpartition(":")[2].removeprefix(_TIMM)


def argument_value(text: str) -> int | float | bool | str | None:
    """The value of a `--model-arg`: a whole number, a number, true or false, none, or else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.lower() == "none":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _is_file(weights: str) -> bool:
    """Whether `--weights` means a file: one that exists, or a text that looks like a path rather than a name."""
    return (
        Path(weights).exists()
        or "/" in weights
        or Path(weights).suffix in (".pth", ".pt", ".th", ".bin", ".tar", ".ckpt")
    )


def _build(name: str, arguments: Mapping[str, Any], weights: str) -> _Built:
    if ":" in name:
        return _from_factory(name, arguments, weights)
    if name.endswith(".py"):
        raise SummitError(f"{name} names no model in it: give {name}:FACTORY, a function that returns the model")
    if name.startswith(_TIMM):
        return _from_timm(name.removeprefix(_TIMM), arguments, weights)
    return _from_torchvision(name, arguments, weights)


def _from_factory(name: str, arguments: Mapping[str, Any], weights: str) -> _Built:
    if weights not in (NONE, DEFAULT):
        raise SummitError(f"the weights file {weights} does not exist")
    model = _call(load_object(name, meaning="model factory"), name, arguments)
    if not isinstance(model, nn.Module):
        raise SummitError(f"{name} returned {type(model).__name__}, not a torch.nn.Module")
    model = _uncompiled(model)
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = f"module {path} of {name}" if path else name
            raise SummitError(f"{what} is TorchScript, whose operations cannot be followed: give what it was made of")
    return _Built(model, weights=weights)


def _uncompiled(model: nn.Module) -> nn.Module:
    """The module without what torch.compile put around it or its parts: it computes the same, and can be followed."""
    whole: nn.Module = getattr(model, "_orig_mod", model)
    for module in list(whole.modules()):
        if module._compiled_call_impl is not None:
            module._compiled_call_impl = None
        for name, child in module.named_children():
            if hasattr(child, "_orig_mod"):
                setattr(module, name, child._orig_mod)
    return whole


def _from_torchvision(name: str, arguments: Mapping[str, Any], weights: str) -> _Built:
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        if Path(name).is_file():
            raise SummitError(f"{name} is a file, no model: give FILE.py:FACTORY, and a file of weights with --weights")
        nearest = tuple(difflib.get_close_matches(name, names, n=3))
        hint = f" (nearest: {', '.join(nearest)})" if nearest else ""
        raise NotFound(
            f"torchvision has no classification model {name!r}{hint}; "
            "others are timm/NAME, MODULE:FACTORY, FILE.py:FACTORY",
            nearest,
        )
    known = torchvision.models.get_model_weights(name)
    own = known.DEFAULT
    entry = None if weights == NONE else own if weights == DEFAULT else _entry(known, weights)
    if entry is not None:
        _download(entry)
    builder = torchvision.models.get_model_builder(name)
    module = _call(builder, name, {"weights": entry, **arguments})
    preset = (entry or own).transforms()
    return _Built(
        module,
        weights=NONE if entry is None else f"{type(entry).__name__}.{entry.name}",
        categories=tuple((entry or own).meta.get("categories", ())),
        preprocess=own_transform(preset, f"the transforms of {entry or own}"),
    )


def _entry(known: type[WeightsEnum], name: str) -> WeightsEnum:
    """The weights entry of a full name (`ResNet50_Weights.IMAGENET1K_V1`) or of its last part."""
    owner, _, last = name.rpartition(".")
    if last not in known.__members__ or owner not in ("", known.__name__):
        names = ", ".join(known.__members__) or "none"
        raise SummitError(
            f"there is no weights file {name!r} and no torchvision weights entry of that name; known: {names}"
        )
    return known[last]


def _download(entry: WeightsEnum) -> None:
    """Brings an entry's file into torch's cache and makes sure that it holds nothing but tensors."""
    try:
        torch.hub.load_state_dict_from_url(
            entry.url, map_location="cpu", check_hash=True, weights_only=True, progress=False
        )
    except Exception as error:
        raise SummitError(
            f"the weights {entry} cannot be downloaded ({type(error).__name__}): give --weights FILE, or --weights none"
        ) from error


def _from_timm(name: str, arguments: Mapping[str, Any], weights: str) -> _Built:
    try:
        import timm
        from timm.data.config import resolve_model_data_config
        from timm.data.transforms_factory import create_transform
    except ImportError:
        raise SummitError(f"{_TIMM}{name} needs timm: install it with pip install timm") from None
    if name.partition(".")[0] not in timm.list_models():
        nearest = tuple(f"{_TIMM}{known}" for known in difflib.get_close_matches(name, timm.list_models(), n=3))
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        raise NotFound(f"timm has no model {name!r}{hint}", nearest)
    if weights not in (NONE, DEFAULT):
        raise SummitError(f"the weights file {weights} does not exist; timm's own are --weights default")

    def create(**values: Any) -> nn.Module:
        model: nn.Module = timm.create_model(name, pretrained=weights == DEFAULT, **values)
        return model

    module = _call(create, f"{_TIMM}{name}", arguments)
    configure: Any = resolve_model_data_config
    transform = create_transform(**configure(module), is_training=False)
    return _Built(module, weights=weights, preprocess=own_transform(transform, f"timm's transforms of {name}"))


def _call(factory: Callable[..., Any], name: str, arguments: Mapping[str, Any]) -> Any:
    """Calls a factory; whatever it raises becomes one line that names it."""
    if not callable(factory):
        raise SummitError(f"{name} is {type(factory).__name__}, which cannot be called: name a function or a class")
    try:
        return factory(**arguments)
    except Exception as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items() if key != "weights")
        raise SummitError(f"{name}({given}) failed: {one_line(error)}") from error
