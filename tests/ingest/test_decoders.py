"""The decoder processes: what they are asked comes back, and their deaths and the ingest's are noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

from ingest.images.batches import Loader
from ingest.images.decoders import DecoderProcess, WorkerDied
from ingest.images.folders import FolderReader
from ingest.images.geometry import Geometry, UserFunction
from ingest.images.preprocessing import Normalisation
from ingest.images.source import SourceImage
from ingest.images.worker import Decoding
from summit_graph.errors import SummitError
from tests.ingest.pictures import picture, write_folders

STEPS = """
import os
import torch

def prints(image):
    print("hello from a transform")
    return torch.full((1, 1, 1), float(image.width))

def dies(image):
    os._exit(7)

def fails(image):
    raise ValueError("too dark")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    return write_folders(tmp_path / "images", {"cat": 12})


def test_a_killed_decoder_is_said_with_the_image_it_had(folder: Path) -> None:
    process = DecoderProcess(Decoding(FolderReader(folder), Geometry()))
    read = process.read(SourceImage("cat/000.png", 0))
    assert isinstance(read, np.ndarray)
    assert np.array_equal(read, np.asarray(picture(0)))
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match=r"was killed \(SIGKILL\) while it read cat/001\.png.*--workers.*goes on"):
        process.read(SourceImage("cat/001.png", 0))
    process.end()


def test_one_that_ends_by_itself_is_said_with_its_code(folder: Path, tmp_path: Path) -> None:
    process = DecoderProcess(Decoding(FolderReader(folder), UserFunction(f"{tmp_path}/steps.py:dies")))
    with pytest.raises(WorkerDied, match=r"ended with code 7 while it read cat/000\.png"):
        process.read(SourceImage("cat/000.png", 0))
    process.end()


def test_what_a_transform_prints_does_not_get_between_the_answers(folder: Path, tmp_path: Path) -> None:
    process = DecoderProcess(Decoding(FolderReader(folder), UserFunction(f"{tmp_path}/steps.py:prints")))
    read = process.read(SourceImage("cat/000.png", 0))
    assert isinstance(read, np.ndarray)
    assert read.tolist() == [[[6.0]]]
    process.end()


def test_a_transform_that_fails_refuses_with_its_error(folder: Path, tmp_path: Path) -> None:
    process = DecoderProcess(Decoding(FolderReader(folder), UserFunction(f"{tmp_path}/steps.py:fails")))
    with pytest.raises(SummitError, match=r"steps\.py:fails failed: ValueError: too dark"):
        process.read(SourceImage("cat/000.png", 0))
    process.end()


def test_decoding_by_pillow_alone_loads_no_torch() -> None:
    source = "import sys, ingest.images.worker; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], check=True)


def test_decoders_end_with_an_ingest_that_was_killed(folder: Path) -> None:
    source = (
        "import sys, time; from pathlib import Path; from ingest.images.decoders import *; "
        "from ingest.images.folders import FolderReader; from ingest.images.geometry import Geometry; "
        f"d = Decoders(Decoding(FolderReader(Path({str(folder)!r})), Geometry()), 2); "
        "print(flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()
    decoders = psutil.Process(parent.pid).children()
    assert len(decoders) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(decoders, timeout=30)
    assert not alive


def test_closing_does_not_wait_for_images_that_nobody_wants(folder: Path) -> None:
    images = [SourceImage(f"cat/{index:03d}.png", 0) for index in range(12)]
    begun = time.monotonic()
    with Loader(FolderReader(folder), Normalisation(), batch_size=4, workers=2) as loader:
        _, first = next(loader.pixels(images))
        assert isinstance(first, np.ndarray)
        assert np.array_equal(first, np.asarray(picture(0)))
    assert time.monotonic() - begun < 60
