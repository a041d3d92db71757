"""From a model and images to a run: golden vectors through files and back, resuming, and what stops an ingest."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ingest.pipeline import Summary, ingest
from summit_graph.errors import NotFound, SummitError
from summit_graph.run import ClassResult, Parameters, Run, RunWriter, atomic
from tests.ingest.golden import read_vector
from tests.ingest.pictures import write_folders
from tests.ingest.tiny_model import MODEL

UNPACK = """
import numpy as np
import torch

def unpack(image):
    high, low = np.split(np.asarray(image).astype(np.float32), 2, axis=1)
    return torch.from_numpy((high * 256 + low - 256) / 32).permute(2, 0, 1)
"""
LAYERS = ("first", "second", "third")
WHOLE_WAY = ("convnext", "gated.top", "inception.exclude", "norms.networkx", "residual.m4", "shuffle.k1")
"""Vectors between whose parameters everything is that the command line passes on."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny_model.py"
    path.write_text(MODEL)
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_folders(tmp_path / "images", {"ant": 5, "bee": 9, "cat": 4})


def parameters_for(file: Path, **changes: Any) -> Parameters:
    return Parameters(
        **{
            "model": f"{file}:tiny",
            "layers": LAYERS,
            "mean": (0.5,) * 3,
            "std": (0.25,) * 3,
            "activation_mass": 0.5,
            "accept_labels": True,
            "batch_size": 4,
            **changes,
        }
    )


# -- golden vectors ---------------------------------------------------------------------------------------------------


def golden_parameters(shared: Path, vector: Mapping[str, Any], folder: Path) -> Parameters:
    """A golden vector's own parameters; its images go through PNG files that hold their exact values."""
    (folder / "unpack.py").write_text(UNPACK)
    return Parameters(
        **vector["parameters"]
        | {
            "exclude": tuple(vector["parameters"]["exclude"]),
            "model": f"{shared}/definitions/{vector['model']}",
            "layers": tuple(layer["name"] for layer in reversed(vector["layers"])),
            "preprocess": f"{folder}/unpack.py:unpack",
            "accept_labels": True,
        }
    )


def write_golden_images(path: Path, folder: Path) -> None:
    """Multiples of 1/32 as two bytes, side by side: the high one in the left half of the picture."""
    stored = np.load(path)
    for index, (image, label) in enumerate(zip(stored["images"], stored["labels"], strict=True)):
        values = np.round(image.transpose(1, 2, 0) * 32).astype(np.int64) + 256  # (H, W, 3)
        assert values.min() >= 0
        pixels = np.concatenate([values // 256, values % 256], axis=1).astype(np.uint8)
        (folder / f"class {label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"class {label}" / f"{index:02d}.png")


@pytest.mark.parametrize("name", WHOLE_WAY)
def test_a_golden_vector_comes_out_of_the_whole_way(shared: Path, tmp_path: Path, name: str) -> None:
    vector = read_vector(shared / "definitions", name)
    write_golden_images(shared / "definitions" / vector["images"], tmp_path / "images")
    ingest(golden_parameters(shared, vector, tmp_path), tmp_path / "images", tmp_path / "run")
    run = Run.open(tmp_path / "run")
    run.check_digests()
    neurons = [f"{layer['name']}/{channel}" for layer in vector["layers"] for channel in range(layer["channels"])]
    assert run.table("neurons").num_rows == len(neurons)
    for expected in vector["classes"]:
        compare_class(run, expected, neurons)
    correct = [sum(p["predicted"] == c["class"] for p in c["predictions"]) for c in vector["classes"]]
    stored = run.table("classes").to_pylist()
    assert [(row["name"], row["images"], row["correct"]) for row in stored] == [
        (f"class {number}", 4, right) for number, right in enumerate(correct)
    ]


def compare_class(run: Run, expected: Mapping[str, Any], neurons: list[str]) -> None:
    number = expected["class"]
    counts = [count for layer in expected["activations"].values() for count in layer]
    activations = run.table("activations", number).to_pylist()
    assert {neurons[row["neuron"]]: row["count"] for row in activations if row["count"]} == {
        neuron: count for neuron, count in zip(neurons, counts, strict=True) if count
    }
    assert [neurons[row["neuron"]] for row in activations if row["selected"]] == expected["selected"]
    importance = {neurons[row["neuron"]]: row["importance"] for row in activations}
    for neuron, value in expected["importance"].items():
        assert importance.get(neuron, 0.0) == pytest.approx(value, rel=1e-11, abs=1e-12)
    influences = run.table("influences", number).to_pylist()
    named = [[neurons[row["source"]], neurons[row["target"]], row["count"]] for row in influences]
    assert named == expected["edges"]
    assert [edge for edge, row in zip(named, influences, strict=True) if row["selected"]] == expected["selected_edges"]
    hops = {
        (row["target_tensor"], row["target_channel"], row["source_tensor"], row["source_channel"]): row["count"]
        for row in run.table("hops", number).to_pylist()
    }
    assert hops == {
        (hop["target_tensor"], target, hop["source_tensor"], source): count
        for hop in expected["hops"]
        for target, source, count in hop["rows"]
    }
    for row, prediction in zip(run.table("predictions", number).to_pylist(), expected["predictions"], strict=True):
        assert row["image"] == f"class {number}/{prediction['image']:02d}.png"
        assert row["predicted"] == prediction["predicted"]
        assert row["probability"] == pytest.approx(prediction["probability"], abs=1e-6)


# -- the run ----------------------------------------------------------------------------------------------------------


def test_workers_change_nothing_and_the_same_command_again_does_nothing(
    model: Path, images: Path, tmp_path: Path
) -> None:
    parameters = parameters_for(model)
    one = ingest(parameters, images, tmp_path / "run", workers=1)
    many = ingest(parameters, images, tmp_path / "other", workers=7, run="run")
    assert many.manifest.digest == one.manifest.digest
    assert (one.images, one.classes, one.skipped) == (18, 3, 0)
    assert one.seconds["total"] == pytest.approx(sum(one.seconds.values()) - one.seconds["total"])
    manifest = (tmp_path / "run" / "manifest.json").read_bytes()
    assert ingest(parameters, images, tmp_path / "run").manifest.digest == one.manifest.digest
    assert (tmp_path / "run" / "manifest.json").read_bytes() == manifest


def test_the_limit_takes_the_first_paths(model: Path, images: Path, tmp_path: Path) -> None:
    summary = ingest(parameters_for(model, limit=3), images, tmp_path / "run")
    assert summary.images == 9
    names = Run.open(tmp_path / "run").table("predictions", 1).column("image").to_pylist()
    assert names == ["bee/000.png", "bee/001.png", "bee/002.png"]


def test_unreadable_images_are_skipped_and_listed_with_their_reason(model: Path, images: Path, tmp_path: Path) -> None:
    (images / "bee" / "001.png").write_text("no image")
    (images / "cat" / "002.png").write_bytes((images / "cat" / "002.png").read_bytes()[:70])
    summary = ingest(parameters_for(model, max_bad=0.2), images, tmp_path / "run")
    assert (summary.images, summary.skipped) == (16, 2)
    assert [entry["image"] for entry in summary.manifest.skipped] == ["bee/001.png", "cat/002.png"]
    assert all(entry["reason"] for entry in summary.manifest.skipped)
    assert Run.open(tmp_path / "run").table("classes").column("images").to_pylist() == [5, 8, 3]


def test_a_class_that_is_only_predicted_is_a_class_without_images(model: Path, images: Path, tmp_path: Path) -> None:
    classes = tmp_path / "classes.csv"
    classes.write_text("folder,number,name\nant,40,\nbee,41,\ncat,42,\nwasp,7,Wespe\n")
    parameters = parameters_for(model, model_arguments=(("classes", "50"),))
    ingest(parameters, images, tmp_path / "run", classes=classes)
    run = Run.open(tmp_path / "run")
    predicted = {value for n in (40, 41, 42) for value in run.table("predictions", n).column("predicted").to_pylist()}
    rows = {row["class"]: row for row in run.table("classes").to_pylist()}
    assert set(rows) == predicted | {40, 41, 42}
    assert predicted - {40, 41, 42}
    assert all(rows[number]["images"] == 0 for number in predicted - {40, 41, 42})
    assert run.class_numbers == [40, 41, 42]
    assert set(run.table("embedding").column("class").to_pylist()) == {40, 41, 42}


def test_hops_are_left_out_where_they_are_not_wanted(model: Path, images: Path, tmp_path: Path) -> None:
    ingest(parameters_for(model, hops=False), images, tmp_path / "run")
    assert not Run.open(tmp_path / "run").has("hops", 0)


def test_a_value_that_is_not_finite_stops_with_class_image_and_layer(model: Path, images: Path, tmp_path: Path) -> None:
    with pytest.raises(SummitError, match=r"class ant, image ant/000\.png: layer second is NaN or infinite"):
        ingest(parameters_for(model, model=f"{model}:infinite"), images, tmp_path / "run")


def test_of_many_images_the_one_that_is_not_finite_is_named(model: Path, tmp_path: Path) -> None:
    images = write_folders(tmp_path / "dark", {"ant": 5, "bee": 9, "cat": 4})
    for path in images.rglob("*.png"):
        if path.parts[-2:] != ("bee", "006.png"):
            Image.new("RGB", (6, 5)).save(path)
    parameters = parameters_for(model, model=f"{model}:overflowing", mean=(0.0,) * 3)
    with pytest.raises(SummitError, match=r"class bee, image bee/006\.png: layer second is NaN or infinite"):
        ingest(parameters, images, tmp_path / "run")
    assert Run.open(tmp_path / "run", partial=True).class_numbers == [0]


# -- interruption -----------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    """What a test raises in the middle of an ingest."""


def interrupted_ingest(parameters: Parameters, images: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Summary:
    """An ingest that stops before it writes its second class, then goes on."""
    write_class, written = RunWriter.write_class, list[int]()

    def stop_at_the_second(writer: RunWriter, result: ClassResult) -> None:
        if written:
            raise Interrupted
        written.append(result.number)
        write_class(writer, result)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "write_class", stop_at_the_second)
        with pytest.raises(Interrupted):
            ingest(parameters, images, out)
    with pytest.raises(SummitError, match="is not complete"):
        Run.open(out)
    return ingest(parameters, images, out)


def test_an_interrupted_ingest_goes_on_to_the_same_digest(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (images / "ant" / "001.png").write_text("no image")
    parameters = parameters_for(model, max_bad=0.1)
    undisturbed = ingest(parameters, images, tmp_path / "whole", run="one")
    out = tmp_path / "stopped" / "one"
    resumed = interrupted_ingest(parameters, images, out, monkeypatch)
    assert resumed.manifest.digest == undisturbed.manifest.digest
    assert resumed.manifest.skipped == undisturbed.manifest.skipped
    assert not list(out.rglob("*.partial"))


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, table: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write_parquet", full)
        with pytest.raises(SummitError, match=r"cannot write .*run: No space left on device"):
            ingest(parameters_for(model), images, tmp_path / "run")
    ingest(parameters_for(model), images, tmp_path / "run")
    Run.open(tmp_path / "run").check_digests()


def test_another_labelling_does_not_go_on_in_the_same_run(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = tmp_path / "classes.csv"
    classes.write_text("folder,number\nant,2\nbee,1\ncat,0\n")
    interrupted_ingest(parameters_for(model), images, tmp_path / "run", monkeypatch)
    with pytest.raises(SummitError, match="other class numbers"):
        ingest(parameters_for(model), images, tmp_path / "run", classes=classes)


# -- what stops before anything is written ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": ("secnd",)}, "second"),
        ({"exclude": ("secnd/1",)}, "second"),
        ({"exclude": ("second/8",)}, "0 to 7"),
        ({"max_bad": 0.0}, "cannot be read"),
        ({"mean": (), "std": ()}, "--mean and --std"),
        ({"mean": (0.5,), "std": (0.5,)}, "cannot take an input of 1×5×6"),
        ({"accept_labels": False}, "the labels look wrong"),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_written(
    model: Path, images: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    if "max_bad" in changes:
        (images / "cat" / "003.png").write_text("no image")
    with pytest.raises(SummitError) as raised:
        ingest(parameters_for(model, **changes), images, tmp_path / "run")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_run_with_other_parameters_is_left_alone(model: Path, images: Path, tmp_path: Path) -> None:
    before = ingest(parameters_for(model), images, tmp_path / "run").manifest
    with pytest.raises(SummitError, match=r"other activation_mass, damping: give another --out"):
        ingest(parameters_for(model, activation_mass=0.4, damping=0.5), images, tmp_path / "run")
    write_folders(images, {"zebra": 2})
    with pytest.raises(SummitError, match="4 class folders and the model has 3 outputs"):
        ingest(parameters_for(model), images, tmp_path / "run")
    assert Run.open(tmp_path / "run").manifest == before


def test_a_folder_that_is_no_run_is_left_alone(model: Path, images: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(SummitError, match="exists and is no run directory"):
        ingest(parameters_for(model), images, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


def test_an_unknown_layer_names_the_nearest(model: Path, images: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as raised:
        ingest(parameters_for(model, layers=("frist",)), images, tmp_path / "run")
    assert "first" in raised.value.nearest
