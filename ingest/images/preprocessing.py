"""From an image to the model's input tensor: resize, crop, scale and normalise, or a function of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ingest.images.geometry import Geometry, Pixels, Transform, UserFunction
from ingest.reference import load_object
from summit_graph.errors import SummitError
from summit_graph.run import Parameters

TORCHVISION = "torchvision"
"""Value of `--preprocess` that asks for the transforms of the model's own torchvision weights."""


class Preprocess(Protocol):
    """Turns upright RGB images into the model's input: each by itself into pixels, then a batch of them together.

    The first half is done by the decoder processes, which therefore need not load torch where it is Pillow's alone.
    """

    @property
    def pixels(self) -> Pixels:
        """From an image to its array."""
        ...

    def batch(self, pixels: Sequence[NDArray[Any]]) -> Tensor:
        """From the arrays of a batch to the model's input, float32 (B, C, H, W)."""
        ...

    @property
    def description(self) -> str:
        """One line for the manifest and the summary."""
        ...


@dataclass(frozen=True)
class Normalisation:
    """Resize the shorter side, crop the centre, scale to 0..1, subtract the mean, divide by the standard deviation.

    Steps whose value is None or empty are left out. Resizing is Pillow's, so that pixels equal those of torchvision's
    presets. A mean of one number asks for a grey image of one channel.
    """

    resize: int | None = None
    crop: int | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resampling: Image.Resampling = Image.Resampling.BILINEAR

    def __post_init__(self) -> None:
        if len(self.mean) not in (0, 1, 3) or len(self.mean) != len(self.std):
            raise SummitError("--mean and --std need three numbers each (red,green,blue), or one each for grey images")
        if any(value <= 0 for value in self.std):
            raise SummitError("--std needs numbers above 0")

    @property
    def pixels(self) -> Geometry:
        return Geometry(self.resize, self.crop, len(self.mean) == 1, self.resampling)

    def batch(self, pixels: Sequence[NDArray[np.uint8]]) -> Tensor:
        stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)
        images = stacked.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
        if self.mean:
            mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (self.mean, self.std))
            images.sub_(mean).div_(std)
        return images

    @property
    def description(self) -> str:
        steps = []
        if self.resize is not None:
            steps.append(f"shorter side to {self.resize} ({self.resampling.name.lower()})")
        if self.crop is not None:
            steps.append(f"centre {self.crop}×{self.crop}")
        steps.append("scaled to 0..1")
        if self.mean:
            steps.append(f"mean {_listed(self.mean)}, std {_listed(self.std)}")
        return ", ".join(steps)


@dataclass(frozen=True)
class Custom:
    """A function of the user's own, or a library's transform."""

    pixels: Pixels
    description: str

    def batch(self, pixels: Sequence[NDArray[np.float32]]) -> Tensor:
        return torch.from_numpy(np.stack(pixels))


def own_transform(transform: Any, description: str) -> Preprocess:
    """A library's transform: as its steps where they are those of `Normalisation`, else called as it is."""
    return preset_of(transform) or composed_of(transform) or Custom(Transform(transform, description), description)


def input_of(preprocess: Preprocess, image: Image.Image) -> Tensor:
    """The model's input of one image alone.  (C, H, W)"""
    return preprocess.batch([preprocess.pixels(image)])[0]


def preset_of(transforms: Any) -> Normalisation | None:
    """The steps of a torchvision classification preset; None where it is none."""
    try:
        return Normalisation(
            resize=int(transforms.resize_size[0]),
            crop=int(transforms.crop_size[0]),
            mean=tuple(transforms.mean),
            std=tuple(transforms.std),
            resampling=_resampling(transforms.interpolation),
        )
    except (AttributeError, IndexError, TypeError, KeyError):
        return None


def composed_of(transforms: Any) -> Normalisation | None:
    """The steps of a chain of resize, centre crop, to tensor and normalise, as timm makes them; None for other ones."""
    steps: dict[str, Any] = {type(step).__name__: step for step in getattr(transforms, "transforms", ())}
    if len(steps) != len(getattr(transforms, "transforms", ())) or not set(steps) <= _STEPS or "Normalize" not in steps:
        return None
    resize, crop, normalize = steps.get("Resize"), steps.get("CenterCrop"), steps["Normalize"]
    sides = [step.size if isinstance(step.size, Sequence) else (step.size,) for step in (resize, crop) if step]
    # Two sides of a resize are another thing than its shorter side; two equal ones of a crop are a square.
    if list(steps) != sorted(steps, key=_ORDER.index) or (resize and len(sides[0]) != 1) or len(set(sides[-1])) != 1:
        return None
    try:
        return Normalisation(
            resize=int(sides[0][0]) if resize else None,
            crop=int(sides[-1][0]) if crop else None,
            mean=tuple(float(value) for value in normalize.mean),
            std=tuple(float(value) for value in normalize.std),
            resampling=_resampling(resize.interpolation) if resize else Image.Resampling.BILINEAR,
        )
    except (AttributeError, TypeError, KeyError, SummitError):
        return None


_ORDER = ("Resize", "CenterCrop", "ToTensor", "MaybeToTensor", "Normalize")
_STEPS = frozenset(_ORDER)


def _resampling(interpolation: Any) -> Image.Resampling:
    """Pillow's resampling of torchvision's interpolation mode."""
    return Image.Resampling[str(interpolation.value).upper()]


def choose_preprocess(parameters: Parameters, own: Preprocess | None, *, prepared: bool = False) -> Preprocess:
    """How images become the model's input.

    The options decide; `own` (what the model's weights were trained with) fills in what they leave open. Images that
    are `prepared` are the model's input already.
    Raises SummitError where neither says anything, or the options contradict each other.
    """
    given = {name: getattr(parameters, name) for name in ("resize", "crop", "mean", "std") if getattr(parameters, name)}
    if prepared:
        if given or parameters.preprocess:
            option = "preprocess" if parameters.preprocess else next(iter(given))
            raise SummitError(f"the images are the model's input already: leave out --{option}, or give whole numbers")
        return Custom(Geometry(), "none: the images are the model's input already")
    if parameters.preprocess and given:
        raise SummitError(f"--preprocess and --{next(iter(given))} exclude each other: give one of them")
    if parameters.preprocess == TORCHVISION:
        if own is None:
            raise SummitError("--preprocess torchvision needs a torchvision model: give FILE.py:function instead")
        return own
    if parameters.preprocess:
        load_object(parameters.preprocess, meaning="preprocessing function")
        return Custom(UserFunction(parameters.preprocess), parameters.preprocess)
    if given:
        return replace(own, **given) if isinstance(own, Normalisation) else Normalisation(**given)
    if own is None:
        raise SummitError(
            "how an image becomes this model's input is not known: give --mean and --std (and --resize, --crop where "
            "the images' sizes differ from the input's), or --preprocess FILE.py:function"
        )
    return own


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
