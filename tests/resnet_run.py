"""A real run: ResNet-20 with its trained weights over 100 test images of each of CIFAR-10's classes."""

from __future__ import annotations

import shutil
import zipfile
from functools import partial
from pathlib import Path

import pytest

from summit_graph.run import Parameters, Run
from tests.kept_run import kept

FACTORY = Path(__file__).resolve().parent / "models" / "resnet20.py"
IMAGES_PER_CLASS = 100
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture(scope="session")
def cifar_files(shared: Path) -> Path:
    """The folder with resnet20.th and test.zip."""
    folder = shared / "data" / "cifar10"
    for name in ("resnet20.th", "test.zip"):
        if not (folder / name).is_file():
            pytest.skip(f"no trained ResNet-20: {folder / name} is missing")
    return folder


@pytest.fixture(scope="session")
def resnet_run(cifar_files: Path) -> Run:
    """The run "resnet20": 10 classes of 100 images, 9 layers, predictions; read only."""
    return Run.open(kept("resnet", partial(_make, cifar_files)) / "run")


def _make(files: Path, directory: Path) -> None:
    pytest.importorskip("torch", reason="ResNet-20's run needs torch: pip install 'summit-graph[ingest]'")
    from ingest.pipeline import ingest
    from ingest.progress import Progress

    with zipfile.ZipFile(files / "test.zip") as archive:
        archive.extractall(directory / "images")
    parameters = Parameters(
        model=f"{FACTORY}:resnet20",
        weights=str(files / "resnet20.th"),
        mean=MEAN,
        std=STD,
        limit=IMAGES_PER_CLASS,
    )
    ingest(parameters, directory / "images" / "test", directory / "run", run="resnet20", progress=Progress(quiet=True))
    shutil.rmtree(directory / "images")
