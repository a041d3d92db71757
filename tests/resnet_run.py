"""A real run: ResNet-20 with its trained weights over 100 test images of each of CIFAR-10's classes.

It is made once, by the command's own pipeline, and kept until the code that computes it changes.
"""

from __future__ import annotations

import shutil
import time
import zipfile
from pathlib import Path
from tempfile import mkdtemp

import pytest

from summit_graph.run import Parameters, Run
from tests.demo_run import PROJECT, code_digest

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
    return Run.open(kept_resnet(cifar_files) / "run")


def kept_resnet(files: Path) -> Path:
    """The folder of a run made by the code as it is; made now if it is not there."""
    builds = PROJECT / "build"
    place = builds / f"resnet-{code_digest()[:16]}"
    if not place.is_dir():
        pytest.importorskip("torch", reason="ResNet-20's run needs torch: pip install 'summit-graph[ingest]'")
        builds.mkdir(exist_ok=True)
        # Those of today may be in use by another session.
        for older in builds.glob("*resnet-*"):
            if time.time() - older.stat().st_mtime > 24 * 3600:
                shutil.rmtree(older, ignore_errors=True)
        unfinished = Path(mkdtemp(prefix="unfinished-resnet-", dir=builds))
        try:
            _make(files, unfinished)
            unfinished.rename(place)
        except OSError:
            # Another test session was faster; its run is the same.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _make(files: Path, directory: Path) -> None:
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
