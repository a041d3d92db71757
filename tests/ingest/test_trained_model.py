"""A trained ResNet-20 on real images, through the same way as anybody's model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from summit_graph.run import Run
from tests.kept_run import PROJECT
from tests.models.resnet20 import resnet20
from tests.resnet_run import FACTORY, MEAN, STD
from tests.services.evidence import Section


def test_the_run_of_a_trained_model_is_whole(resnet_run: Run) -> None:
    resnet_run.check_digests()
    assert resnet_run.class_numbers == list(range(10))
    assert [layer.name for layer in resnet_run.manifest.layers] == [
        f"layer{i}.{j}" for i in (1, 2, 3) for j in (0, 1, 2)
    ]
    classes = resnet_run.table("classes").to_pylist()
    assert [row["name"] for row in classes][:3] == ["airplane", "automobile", "bird"]
    assert [row["images"] for row in classes] == [100] * 10
    assert sum(row["correct"] for row in classes) == 804
    for number in resnet_run.class_numbers:
        activations = resnet_run.table("activations", number)
        selected = activations.column("selected").to_pylist()
        assert 9 <= sum(selected) < len(selected)
        assert sum(activations.column("importance").to_pylist()) == pytest.approx(1, abs=1e-9)
        hops = resnet_run.table("hops", number).to_pylist()
        assert {"layer1.1", "layer1.1.conv1"} <= {row["target_tensor"] for row in hops}
        assert all(0 < row["count"] <= 100 for row in hops)
        assert any(resnet_run.table("influences", number).column("selected").to_pylist())


def test_predictions_are_those_of_the_bare_model(resnet_run: Run, cifar_files: Path) -> None:
    model = resnet20().eval()
    stored = torch.load(cifar_files / "resnet20.th", weights_only=True, map_location="cpu")["state_dict"]
    model.load_state_dict({key.removeprefix("module."): value for key, value in stored.items()}, strict=False)
    rows = [row for number in (2, 5) for row in resnet_run.table("predictions", number).to_pylist()[:20]]
    images = []
    with zipfile.ZipFile(cifar_files / "test.zip") as archive:
        for row in rows:
            with archive.open(f"test/{row['image']}") as file:
                images.append((np.asarray(Image.open(file)) / 255 - MEAN) / STD)
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()  # (B, 3, 32, 32)
    with torch.inference_mode():
        probabilities = model(batch).softmax(dim=1)
    assert [row["predicted"] for row in rows] == probabilities.argmax(dim=1).tolist()
    assert [row["probability"] for row in rows] == pytest.approx(probabilities.amax(dim=1).tolist(), abs=1e-4)


def test_the_page_names_the_command_that_is_tried() -> None:
    page = (PROJECT / "docs" / "models.md").read_text(encoding="utf-8")
    command = "summit-graph ingest tests/models/resnet20.py:resnet20 test --out runs/cifar10 --weights resnet20.th "
    command += f"--mean {','.join(map(str, MEAN))} --std {','.join(map(str, STD))}"
    assert command in " ".join(page.replace("\\\n", " ").split())


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_of_all_test_images_81_percent_are_right(cifar_files: Path, tmp_path: Path, evidence: Section) -> None:
    with zipfile.ZipFile(cifar_files / "test.zip") as archive:
        archive.extractall(tmp_path)
    program = shutil.which("summit-graph", path=str(Path(sys.executable).parent))
    assert program is not None
    typed = ["ingest", f"{FACTORY}:resnet20", str(tmp_path / "test"), "--out", str(tmp_path / "run")]
    typed += ["--weights", str(cifar_files / "resnet20.th")]
    typed += ["--mean", ",".join(map(str, MEAN)), "--std", ",".join(map(str, STD)), "--quiet"]
    started = time.monotonic()
    done = subprocess.run([program, *typed], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - started
    report = json.loads(done.stdout)
    assert report["images"] == 10_000
    assert round(100 * report["correct"] / report["images"], 1) == 81.0
    topic = "ResNet-20 on CIFAR-10's test images, in one command"
    evidence.record(topic, "right of 10,000 images", f"{report['correct']:,}")
    evidence.record(topic, "seconds from start to run directory", round(seconds))
    parts = dict(report["seconds"])
    total = parts.pop("total")
    assert sum(parts.values()) == pytest.approx(total, abs=0.01)
    assert min(parts.values()) >= 0
    assert total < seconds
    for part, spent in parts.items():
        evidence.record(topic, f"of them at: {part}", f"{spent:.1f}")
    evidence.record(topic, "images skipped", report["skipped"])
