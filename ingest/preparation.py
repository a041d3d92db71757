"""Everything an ingest needs before its first class: model, images, labels, trace. All bad input is found here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ingest.attribution.exclusion import excluded_channels
from ingest.counting import Counter
from ingest.images.arrays import ArrayReader
from ingest.images.batches import Loader, Skipped
from ingest.images.labels import Labels, match_labels
from ingest.images.opening import open_source
from ingest.images.preprocessing import Preprocess, choose_preprocess
from ingest.images.source import ImageSource, Reader, SourceClass
from ingest.label_check import check_labels, spread
from ingest.layers import choose_layers
from ingest.models import NONE, LoadedModel, load_model
from ingest.predictions import predict
from ingest.ranks import local_ranks
from ingest.receptive import receptive_fields
from ingest.software import software
from ingest.trace import Trace, trace
from summit_graph.errors import SummitError
from summit_graph.run import LayerEntry, Manifest, Parameters
from summit_graph.run.manifest import now

FEW_IMAGES = 256
"""Fewer are decoded in the ingest's own process."""


@dataclass(frozen=True)
class Preparation:
    """A traced model and labelled images, ready to be counted."""

    parameters: Parameters
    """As given, but for the weights' full name."""
    model: LoadedModel
    device: torch.device
    source: ImageSource
    labels: Labels
    preprocess: Preprocess
    trace: Trace
    input_shape: tuple[int, int, int]
    """Channels, height and width of the model's input."""
    workers: int | None

    @property
    def images(self) -> int:
        """How many images there are, readable or not."""
        return self.source.images

    @property
    def classes(self) -> list[tuple[int, SourceClass]]:
        """Class numbers and their images, by number."""
        return sorted(
            ((self.labels.number_of[entry.name], entry) for entry in self.source.classes), key=lambda pair: pair[0]
        )

    def loader(self, images: int | None = None) -> Loader:
        """Reads `images` of the images (by default all) as this ingest's parameters say."""
        workers = decoder_processes(self.images if images is None else images, self.source.reader, self.workers)
        return Loader(self.source.reader, self.preprocess, batch_size=self.parameters.batch_size, workers=workers)

    def counter(self) -> Counter:
        """Counts as this ingest's parameters say."""
        excluded = excluded_channels(self.parameters.exclude, self.trace.structure)
        return Counter(
            self.trace,
            activation_mass=self.parameters.activation_mass,
            activation_top=self.parameters.activation_top,
            influence_top=self.parameters.influence_top,
            exclude=[(name, int(channel)) for name, mask in excluded.items() for channel in mask.nonzero()[0]],
        )

    @cached_property
    def receptive_fields(self) -> dict[str, NDArray[np.int32]]:
        """By layer, what each cell sees of the image: (cells, 4) x0, y0, x1, y1."""
        return receptive_fields(self.trace)

    def manifest(self, run: str) -> Manifest:
        """The manifest of a run that begins."""
        structure = self.trace.structure
        return Manifest(
            run=run,
            model=self.model.name,
            dataset=self.source.dataset,
            layers=tuple(LayerEntry(layer.name, layer.index, layer.channels) for layer in structure.layers),
            direct={name: tuple(mask.nonzero()[0].tolist()) for name, mask in structure.direct.items()},
            parameters=self.parameters,
            images_digest=self.source.digest,
            weights_digest=self.model.weights_digest,
            created=now(),
            software=software(),
            notes={
                "device": self.device.type,
                "input": list(self.input_shape),
                "labels": self.labels.rule,
                "labels_digest": self.labels.digest,
                "preprocess": self.preprocess.description,
            },
        )

    def check_labels(self) -> None:
        """Predicts up to 1,000 images; raises SummitError where too many are unreadable or the labels look wrong."""
        chosen = spread(self.source.classes)
        number_of = {image.name: self.labels.number_of[name] for name, image in chosen}
        skipped, pairs = Skipped(self.images, self.parameters.max_bad), []
        with self.loader(len(chosen)) as loader, torch.inference_mode():
            for batch in loader.batches([image for _, image in chosen], skipped, []):
                if not self.parameters.accept_labels:
                    predicted, _ = predict(self.model.module(batch.pixels.to(self.device)).float())
                    pairs += [
                        (number_of[image.name], int(label))
                        for image, label in zip(batch.images, predicted, strict=True)
                    ]
        check_labels(pairs, self.labels, self.trace.logits_width)


def prepare(
    parameters: Parameters,
    images: Path | str,
    *,
    device: str = "auto",
    workers: int | None = None,
    classes: Path | None = None,
    image_labels: Path | None = None,
) -> Preparation:
    """Loads the model, lists and labels the images, and traces the model.

    `classes` says which class is which output, `image_labels` which image is of which class. `workers` is the number of
    decoder processes: None leaves it to `decoder_processes`.

    Raises SummitError (or a subclass) for everything that is wrong with them, before anything is written.
    """
    chosen_device = choose_device(device)
    source = open_source(images, limit=parameters.limit, labels=image_labels)
    model = load_model(parameters.model, parameters.model_arguments, parameters.weights)
    preprocess = choose_preprocess(parameters, model.preprocess, prepared=source.prepared)
    parameters = parameters.changed(
        weights=model.weights, accept_labels=parameters.accept_labels or model.weights == NONE
    )
    with Loader(source.reader, preprocess, batch_size=1, workers=0) as loader:
        first = loader.first_readable(chain.from_iterable(entry.images for entry in source.classes))
    module = model.module.to(chosen_device)
    example = torch.stack([first, first]).to(chosen_device)  # (2, C, H, W)
    outputs = _outputs(module, example, parameters.model)
    labels = match_labels(
        [entry.name for entry in source.classes],
        outputs,
        categories=model.categories,
        classes=classes,
        numbers={entry.name: entry.number for entry in source.classes if entry.number is not None},
        names=source.names,
    )
    layers = choose_layers(module, example, parameters.layers)
    traced = trace(module, example, layers, influence_top=parameters.influence_top)
    excluded_channels(parameters.exclude, traced.structure)
    return Preparation(
        parameters=parameters,
        model=model,
        device=chosen_device,
        source=source,
        input_shape=(int(first.shape[0]), int(first.shape[1]), int(first.shape[2])),
        labels=labels,
        preprocess=preprocess,
        trace=traced,
        workers=workers,
    )


def choose_device(name: str) -> torch.device:
    """The device of `--device`: `auto` is the GPU where there is one; raises SummitError where it cannot be had."""
    if name not in ("auto", "cpu", "cuda"):
        raise SummitError(f"--device {name}: give auto, cpu or cuda")
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise SummitError("--device cuda: torch finds no GPU here; give --device cpu, or install torch with CUDA")
    # By its number: which one is current is each thread's own, and ranks have one each.
    return torch.device("cuda", torch.cuda.current_device())


def decoder_processes(images: int, reader: Reader, workers: int | None) -> int:
    """How many processes decode: `workers`; where that is None one per core, at most 8, and none where it won't pay."""
    if workers is not None:
        return workers
    # An array in memory needs no decoding, and to start processes takes longer than to decode a few images.
    if images < FEW_IMAGES or isinstance(reader, ArrayReader):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, max(1, cores // local_ranks()))


def _outputs(module: nn.Module, example: Tensor, name: str) -> int:
    """The model's number of outputs; raises SummitError where it cannot take the images or returns no (B, K)."""
    shape = "×".join(map(str, example.shape[1:]))
    try:
        with torch.inference_mode():
            logits = module(example)
    except Exception as error:
        text = " ".join(str(error).split())
        raise SummitError(
            f"{name} cannot take an input of {shape} ({text[:200]}): give --resize and --crop, or another --preprocess"
        ) from error
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(example):
        got = f"a tensor of shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
        raise SummitError(f"{name} returns {got}, no (images, outputs): summit-graph takes classifiers")
    return int(logits.shape[1])
