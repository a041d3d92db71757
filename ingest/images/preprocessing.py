"""From an image to the model's input tensor: resize, crop, scale and normalise, or a function of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional
from torchvision.transforms.functional import InterpolationMode

from ingest.reference import load_object
from summit_graph.errors import SummitError
from summit_graph.run import Parameters

TORCHVISION = "torchvision"
"""Value of `--preprocess` that asks for the transforms of the model's own torchvision weights."""


class Preprocess(Protocol):
    """Turns an upright RGB image into the model's input, float32 (C, H, W)."""

    def __call__(self, image: Image.Image) -> Tensor: ...

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
    interpolation: InterpolationMode = InterpolationMode.BILINEAR

    def __post_init__(self) -> None:
        if len(self.mean) not in (0, 1, 3) or len(self.mean) != len(self.std):
            raise SummitError("--mean and --std need three numbers each (red,green,blue), or one each for grey images")
        if any(value <= 0 for value in self.std):
            raise SummitError("--std needs numbers above 0")

    def __call__(self, image: Image.Image) -> Tensor:
        if len(self.mean) == 1:
            image = image.convert("L")
        if self.resize is not None:
            image = functional.resize(image, [self.resize], interpolation=self.interpolation)
        if self.crop is not None:
            image = functional.center_crop(image, [self.crop])
        tensor: Tensor = functional.convert_image_dtype(
            functional.pil_to_tensor(image), torch.float32
        )  # (C, H, W) in 0..1
        if self.mean:
            tensor = functional.normalize(tensor, list(self.mean), list(self.std))
        return tensor

    @property
    def description(self) -> str:
        steps = []
        if self.resize is not None:
            steps.append(f"shorter side to {self.resize} ({self.interpolation.value})")
        if self.crop is not None:
            steps.append(f"centre {self.crop}×{self.crop}")
        steps.append("scaled to 0..1")
        if self.mean:
            steps.append(f"mean {_listed(self.mean)}, std {_listed(self.std)}")
        return ", ".join(steps)


@dataclass(frozen=True)
class Custom:
    """A function of the user's own, or a library's transform: a PIL image in, a tensor (C, H, W) out."""

    function: Callable[[Image.Image], Any]
    description: str

    def __call__(self, image: Image.Image) -> Tensor:
        try:
            tensor = self.function(image)
        except Exception as error:
            raise SummitError(f"{self.description} failed: {type(error).__name__}: {error}") from error
        if not isinstance(tensor, Tensor) or tensor.ndim != 3:
            got = f"of shape {tuple(tensor.shape)}" if isinstance(tensor, Tensor) else type(tensor).__name__
            raise SummitError(f"{self.description} must return a tensor (channels, height, width), not one {got}")
        return tensor.to(torch.float32)


def preset_of(transforms: Any) -> Normalisation | None:
    """The steps of a torchvision classification preset; None where it is none."""
    try:
        return Normalisation(
            resize=int(transforms.resize_size[0]),
            crop=int(transforms.crop_size[0]),
            mean=tuple(transforms.mean),
            std=tuple(transforms.std),
            interpolation=transforms.interpolation,
        )
    except (AttributeError, IndexError, TypeError):
        return None


def choose_preprocess(parameters: Parameters, own: Preprocess | None) -> Preprocess:
    """How images become the model's input.

    The options decide; `own` (what the model's weights were trained with) fills in what they leave open.
    Raises SummitError where neither says anything, or the options contradict each other.
    """
    given = {name: getattr(parameters, name) for name in ("resize", "crop", "mean", "std") if getattr(parameters, name)}
    if parameters.preprocess and given:
        raise SummitError(f"--preprocess and --{next(iter(given))} exclude each other: give one of them")
    if parameters.preprocess == TORCHVISION:
        if own is None:
            raise SummitError("--preprocess torchvision needs a torchvision model: give FILE.py:function instead")
        return own
    if parameters.preprocess:
        return Custom(load_object(parameters.preprocess, meaning="preprocessing function"), parameters.preprocess)
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
