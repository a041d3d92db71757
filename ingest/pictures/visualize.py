"""`summit-graph visualize`: for each wanted neuron of a run, an image that excites it, as WebP into the run.

1. The run's manifest says which model it was, with which weights and preprocessing; both are found again and compared.
2. Layer by layer, neurons that have no picture yet are optimized a batch at a time (`maximization`).
3. Each picture appears whole, so an interrupted command goes on where it was; a neuron's image depends on its seed,
   layer and channel, not on what else was asked for.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ingest.images.preprocessing import choose_preprocess
from ingest.models import load_model
from ingest.pictures.input_space import InputSpace, find_input_space
from ingest.pictures.maximization import LayerAt, Maximization
from ingest.pictures.wanted import SELECTED, wanted_neurons
from ingest.preparation import choose_device
from ingest.progress import Progress, duration
from ingest.trace import trace
from summit_graph.errors import SummitError
from summit_graph.pictures import PICTURES, visualization_path
from summit_graph.pictures.strips import encoded
from summit_graph.run import Parameters, Run, atomic

DIVERSE = 4
"""How many diverse images a neuron gets."""
BATCH = 32
"""Images that are optimized together at most."""
BATCH_PIXELS = 32 * 96 * 96
"""Of all of them on a processor: more are no faster there, and what is made is there only when a batch is."""
LOSSLESS_UP_TO = 64
"""Side in pixels up to which a picture is stored without loss: in small ones single pixels count."""
WEBP_QUALITY = 90


@dataclass
class Visualized:
    """What was made."""

    made: int = 0
    there: int = 0
    """Neurons that had their pictures already."""
    silent: list[str] = field(default_factory=list)
    """Neurons that never activated: they get no picture."""

    @property
    def drawn(self) -> int:
        """How many neurons were optimized."""
        return self.made + len(self.silent)


def _tell(progress: Progress, drawn: int, under_way: int, part: float) -> None:
    progress.reached_neurons(drawn + part * under_way)


def visualize(
    directory: Path,
    *,
    neurons: Sequence[str] = (SELECTED,),
    weights: str | None = None,
    diverse: bool = False,
    steps: int = Maximization.steps,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> Visualized:
    """Makes the pictures that are not there yet; `weights` where the run's own file has moved.

    Raises SummitError where the run was not ingested here, or the model or its weights are no longer the run's.
    """
    run = Run.open(directory)
    wanted = wanted_neurons(run, neurons)
    chosen_device = choose_device(device)
    model, space = _model_of(run, weights)
    layers = _layers(model.to(chosen_device), run, space, chosen_device)
    studios = [
        _Studio(run, model, space, Maximization(steps=steps), of_one_neuron, seed, chosen_device)
        for of_one_neuron in ((1, DIVERSE) if diverse else (1,))
    ]
    done, progress = Visualized(), progress or Progress(quiet=True)
    missing = {
        layer: [one for one in channels if not all(studio.has(layer, one) for studio in studios)]
        for layer, channels in wanted.items()
    }
    to_do = sum(map(len, missing.values()))
    done.there = sum(map(len, wanted.values())) - to_do
    if done.there:
        progress.message(f"{done.there:,} neurons have their pictures already")
    started = time.monotonic()
    progress.start_neurons(to_do)
    for layer, channels in missing.items():
        together = studios[0].together
        for first in range(0, len(channels), together):
            group = channels[first : first + together]
            silent = _draw(studios, layers[layer], group, partial(_tell, progress, done.drawn, len(group)))
            done.silent += silent
            done.made += len(group) - len(silent)
    progress.end()
    if to_do:
        progress.message(f"{to_do:,} of {to_do:,} neurons in {duration(time.monotonic() - started)}")
    return done


def _draw(
    studios: Sequence[_Studio], layer: LayerAt, channels: Sequence[int], on_part: Callable[[float], None]
) -> list[str]:
    """Makes what is missing of some neurons' pictures, kind by kind; returns the neurons that never activated."""
    one_image, *further_kinds = studios
    images = len(channels) * sum(studio.of_one_neuron for studio in studios)
    silent = one_image.draw_missing(layer, channels, partial(_tell_part, on_part, 0, len(channels) / images))
    drawn = len(channels)
    for studio in further_kinds:
        loud = [channel for channel in channels if f"{layer.name}/{channel}" not in silent]
        for first in range(0, len(loud), studio.together):
            group = loud[first : first + studio.together]
            its_images = len(group) * studio.of_one_neuron
            studio.draw_missing(layer, group, partial(_tell_part, on_part, drawn / images, its_images / images))
            drawn += its_images
    return silent


def _tell_part(on_part: Callable[[float], None], before: float, share: float, part: float) -> None:
    on_part(before + share * part)


@dataclass(frozen=True)
class _Studio:
    """One kind of pictures: one image of a neuron, or several that differ."""

    run: Run
    model: nn.Module
    space: InputSpace
    maximization: Maximization
    of_one_neuron: int
    seed: int
    device: torch.device

    def has(self, layer: str, channel: int) -> bool:
        return all(path.is_file() for path in self._files(layer, channel))

    @property
    def together(self) -> int:
        """How many neurons are optimized in one batch."""
        return max(1, most_together(self.space.size, self.device) // self.of_one_neuron)

    def draw_missing(self, layer: LayerAt, channels: Sequence[int], on_part: Callable[[float], None]) -> list[str]:
        """Optimizes and stores the pictures that are missing of some neurons; returns which of these never activated.

        `on_part` is told which part of the work is done.
        """
        channels = [channel for channel in channels if not self.has(layer.name, channel)]
        if not channels:
            return []
        each = [channel for channel in channels for _ in range(self.of_one_neuron)]
        variants = range(self.of_one_neuron)
        seeds = [self._seed(layer.name, channel, variant) for channel in channels for variant in variants]
        excited = self.maximization.run(
            self.model,
            layer,
            each,
            seeds,
            self.space,
            of_one_neuron=self.of_one_neuron,
            device=self.device,
            on_step=lambda steps: on_part(steps / self.maximization.steps),
        )
        silent = []
        images = excited.images.unflatten(0, (-1, self.of_one_neuron))  # (N, D, C, H, W)
        activation = excited.activation.unflatten(0, (-1, self.of_one_neuron))  # (N, D)
        for channel, its_images, its_activation in zip(channels, images, activation, strict=True):
            if not bool((its_activation > 0).any()):
                silent.append(f"{layer.name}/{channel}")
                continue
            for path, image in zip(self._files(layer.name, channel), its_images, strict=True):
                with atomic.replacing(path) as temporary:
                    temporary.write_bytes(webp(image))
        return silent

    def _files(self, layer: str, channel: int) -> Iterator[Path]:
        variants: Sequence[int | None] = range(self.of_one_neuron) if self.of_one_neuron > 1 else (None,)
        for variant in variants:
            yield self.run.directory / PICTURES / visualization_path(layer, channel, variant)

    def _seed(self, layer: str, channel: int, variant: int) -> int:
        digest = hashlib.sha256(f"{self.seed}/{layer}/{channel}/{variant}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


def most_together(size: tuple[int, int, int], device: torch.device) -> int:
    """How many images of that size (channels, height, width) are optimized together."""
    return BATCH if device.type == "cuda" else max(1, min(BATCH, BATCH_PIXELS // (size[1] * size[2])))


def webp(image: Tensor) -> bytes:
    """An image as a WebP file.  (C, H, W) in 0..1"""
    pixels = (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()  # (C, H, W) -> (H, W, C)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    small = max(pixels.shape[:2]) <= LOSSLESS_UP_TO
    return encoded(Image.fromarray(pixels), lossless=small, quality=WEBP_QUALITY, effort=4)


def _model_of(run: Run, weights: str | None) -> tuple[nn.Module, InputSpace]:
    """The run's own model, and how pixels become its input."""
    parameters, size = run.manifest.parameters, run.manifest.notes.get("input")
    if parameters is None or size is None:
        raise SummitError(f"{run.directory} does not say which model and input it came from: ingest it again")
    loaded = load_model(parameters.model, parameters.model_arguments, weights or parameters.weights)
    if loaded.weights_digest != run.manifest.weights_digest:
        raise SummitError(
            f"the weights of {parameters.model} ({loaded.weights}) are not those of the run {run.manifest.run}: "
            "give --weights FILE"
        )
    preprocess = choose_preprocess(parameters, loaded.preprocess)
    return loaded.module, find_input_space(preprocess, (int(size[0]), int(size[1]), int(size[2])))


def _layers(model: nn.Module, run: Run, space: InputSpace, device: torch.device) -> dict[str, LayerAt]:
    """Where the run's layers are found in the model."""
    example = space.to_input(torch.full((2, *space.size), 0.5, device=device))  # (2, C, H, W)
    parameters = run.manifest.parameters or Parameters()
    names = [layer.name for layer in run.manifest.layers]
    traced = trace(model, example, names, influence_top=parameters.influence_top)
    return {layer.name: LayerAt(layer.name, layer.axis) for layer in traced.layers}
