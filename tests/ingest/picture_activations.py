"""How strongly optimized images excite a trained model's neurons, against real images and noise."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ingest.images.preprocessing import Normalisation
from ingest.models import load_model
from ingest.pictures.input_space import InputSpace, find_input_space
from ingest.pictures.maximization import LayerAt, Maximization, output_of
from ingest.pictures.visualize import BATCH, webp
from tests.resnet_run import FACTORY, MEAN, STD

LAST_BLOCKS = ("layer2.2", "layer3.0", "layer3.1", "layer3.2")


def resnet20_trained(files: Path) -> tuple[nn.Module, InputSpace]:
    """ResNet-20 with its trained weights, and how pixels become its input."""
    model = load_model(f"{FACTORY}:resnet20", weights=str(files / "resnet20.th")).module
    return model, find_input_space(Normalisation(mean=MEAN, std=STD), (3, 32, 32))


def beaten_by_pictures(model: nn.Module, space: InputSpace, files: Path) -> tuple[float, float, int, float]:
    """Share of neurons whose picture beats the best real image, the same of noise, neurons, neurons a minute."""
    real = _real_images(files)
    beaten, noisy, neurons, seconds = 0, 0, 0, 0.0
    for name in LAST_BLOCKS:
        layer = LayerAt(name, 1)
        best = torch.cat([_strongest(model, layer, space, part) for part in real.split(100)]).amax(dim=0)  # (C,)
        each = torch.arange(len(best))
        noise = torch.rand(len(best), *space.size, generator=torch.Generator().manual_seed(0))
        noisy += int((_strongest(model, layer, space, noise)[each, each] > best).sum())
        started = time.monotonic()
        drawn = [
            Maximization().run(model, layer, part.tolist(), part.tolist(), space, device=torch.device("cpu")).images
            for part in each.split(BATCH)
        ]
        seconds += time.monotonic() - started
        stored = torch.stack([_read_back(image) for image in torch.cat(drawn)])  # (C, 3, H, W)
        beaten += int((_strongest(model, layer, space, stored)[each, each] > best).sum())
        neurons += len(best)
    return beaten / neurons, noisy / neurons, neurons, 60 * neurons / seconds


def _strongest(model: nn.Module, layer: LayerAt, space: InputSpace, images: Tensor) -> Tensor:
    with torch.no_grad():
        return output_of(model, layer, space.to_input(images)).amax(dim=2)  # (N, C, P) -> (N, C)


def _read_back(image: Tensor) -> Tensor:
    return _pixels(Image.open(io.BytesIO(webp(image))))


def _pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) / 255  # (H, W, C) -> (C, H, W)


def _real_images(files: Path) -> Tensor:
    """Every tenth test image, 1,000 of them."""
    with zipfile.ZipFile(files / "test.zip") as archive:
        names = sorted(name for name in archive.namelist() if not name.endswith("/"))[::10]
        return torch.stack([_pixels(Image.open(io.BytesIO(archive.read(name)))) for name in names])
