"""The commands `ingest` and `attribute`, as typed: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from summit_graph.cli import main
from summit_graph.run import Parameters, Run
from tests.ingest.pictures import write_folders
from tests.ingest.tiny_model import MODEL

LAYERS = "first,second,third"
NORMALISED = ["--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25"]


class Call:
    """Runs the command in this process, as its entry point would be."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *words: object) -> tuple[int, str, str]:
        """The exit code, stdout and stderr of `summit-graph WORDS`."""
        self._monkeypatch.setattr(sys, "argv", ["summit-graph", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    return Call(capsys, monkeypatch)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model file, images of three classes, and things that are wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny_model.py").write_text(
        MODEL + "\ndef dense():\n    return nn.Sequential(nn.Flatten(), nn.Linear(90, 3))\n"
    )
    write_folders(tmp_path / "images", {"ant": 4, "bee": 4, "cat": 4})
    write_folders(tmp_path / "two", {"ant": 2, "bee": 2})
    write_folders(tmp_path / "with-empty", {"ant": 2, "bee": 2})
    (tmp_path / "with-empty" / "cat").mkdir()
    write_folders(tmp_path / "with-text", {"ant": 2, "bee": 2, "cat": 2})
    (tmp_path / "with-text" / "bee" / "notes.txt").write_text("no image")
    torch.save({"state_dict": {"module.other": torch.zeros(2)}}, tmp_path / "other.pth")
    torch.save({"state_dict": print}, tmp_path / "code.pth", pickle_module=pickle)
    return tmp_path


def words(model: str = "tiny_model.py:tiny", images: str = "images", *more: object) -> list[object]:
    return ["ingest", model, images, "--out", "run", "--layers", LAYERS, "--accept-labels", *NORMALISED, *more]


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert lines[0].startswith("summit-graph: "), text
    return lines[0]


BAD_INPUT: Sequence[tuple[list[object], str]] = [
    (words("resnet19"), "torchvision has no classification model 'resnet19' (nearest: resnet"),
    (words("timm/resnet19x"), "timm has no model 'resnet19x'; nearest: timm/resnet"),
    (words("tiny_model.py"), "tiny_model.py names no model in it: give tiny_model.py:FACTORY"),
    (words("other.pth"), "other.pth is a file, no model: give FILE.py:FACTORY"),
    (words("absent.py:tiny"), "absent.py does not exist"),
    (words("tiny_model.py:tinny"), "nearest: tiny"),
    (words("tiny_model.py:dense"), "has no convolution"),
    (words("tiny_model.py:tiny", "absent"), "the image folder absent does not exist"),
    (words("tiny_model.py:tiny", "tiny_model.py"), "tiny_model.py is a file, no folder of images"),
    (words("tiny_model.py:tiny", "with-empty"), "with-empty/cat is empty"),
    (words("tiny_model.py:tiny", "with-text", "--quiet"), "bee/notes.txt: no image"),
    (words("tiny_model.py:tiny", "two"), "2 class folders and the model has 3 outputs"),
    (words("tiny_model.py:tiny", "images", "--classes", "absent.csv"), "absent.csv does not exist"),
    (words("tiny_model.py:tiny", "images", "--weights", "absent.pth"), "absent.pth does not exist"),
    (words("tiny_model.py:tiny", "images", "--weights", "."), "the weights file . is a folder: give the file in it"),
    (words("tiny_model.py:tiny", "images", "--weights", "other.pth"), "missing keys: first.0.weight"),
    (words("tiny_model.py:tiny", "images", "--weights", "code.pth"), "could run code"),
    (words("tiny_model.py:tiny", "images", "--weights", "tiny_model.py"), "no weights file"),
    (words("tiny_model.py:tiny", "images", "--model-arg", "colour=red"), "colour"),
    (words("tiny_model.py:tiny", "images", "--layers", "secnd"), "second"),
    (words("tiny_model.py:tiny", "images", "--exclude", "first/9"), "0 to 5"),
    (words("tiny_model.py:tiny", "images", "--device", "tpu"), "give auto, cpu or cuda"),
    (words("tiny_model.py:tiny", "images", "--name", "a/b"), "cannot be a run's name"),
    (words("tiny_model.py:tiny", "images", "--preprocess", "torchvision"), "exclude each other"),
]


@pytest.mark.parametrize(("typed", "said"), BAD_INPUT, ids=[said for _, said in BAD_INPUT])
def test_bad_input_is_one_line_before_any_other_and_writes_nothing(
    place: Path, call: Call, typed: list[object], said: str
) -> None:
    before = sorted(place.rglob("*"))
    code, out, err = call(*typed)
    assert code == 1
    assert out == ""
    assert said in one_line(err)
    assert [path for path in sorted(place.rglob("*")) if "__pycache__" not in path.parts] == before


def test_another_run_in_the_folder_is_said_before_anything_else(place: Path, call: Call) -> None:
    assert call(*words(), "--quiet")[0] == 0
    code, out, err = call(*words(), "--influence-top", "3")
    assert (code, out) == (1, "")
    assert "run holds a run with other influence_top: give another --out" in one_line(err)
    (place / "classes.csv").write_text("folder,number,name\nant,2,Ant\nbee,1,Bee\ncat,0,Cat\n")
    code, out, err = call(*words(), "--classes", "classes.csv")
    assert (code, out) == (1, "")
    assert "run holds a run whose folders had other class numbers" in one_line(err)


@pytest.mark.parametrize(
    "typed",
    [
        ["ingest", "tiny_model.py:tiny"],
        ["ingest", "tiny_model.py:tiny", "images"],
        words("tiny_model.py:tiny", "images", "--sideways"),
        words("tiny_model.py:tiny", "images", "--limit", "some"),
        words("tiny_model.py:tiny", "images", "--model-arg", "classes"),
        words("tiny_model.py:tiny", "images", "--mean", "red,green,blue"),
        words("tiny_model.py:tiny", "images", "--workers", "-1"),
        words("tiny_model.py:tiny", "images", "--activation-mass", "3"),
        words("tiny_model.py:tiny", "images", "--attribution-mass", "0.0751"),
        words("tiny_model.py:tiny", "images", "--as-published", "--activation-mass", "0.2"),
        ["attribute", "run"],
    ],
)
def test_wrong_usage_ends_with_two(place: Path, call: Call, typed: list[object]) -> None:
    code, out, err = call(*typed)
    assert (code, out) == (2, "")
    assert err
    assert not (place / "run").exists()


def test_a_run_is_reported_on_stdout_as_json_and_for_people_on_stderr(place: Path, call: Call) -> None:
    code, out, err = call(*words())
    assert code == 0
    report = json.loads(out)
    run = Run.open(place / "run")
    assert (report["run"], report["digest"], report["images"]) == ("run", run.manifest.digest, 12)
    assert "12 images of 3 classes" in err
    *parts, total = report["seconds"].values()
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(total, abs=0.01)
    assert "next: summit-graph load run --db summit.lbug" in err
    code, out, err = call(*words(), "--quiet")
    assert (code, json.loads(out)["digest"], err) == (0, report["digest"], "")


LOUD = """\
from tiny_model import *

class Loud(Tiny):
    def forward(self, images):
        print("forward", tuple(images.shape))
        return super().forward(images)

def loud():
    print("building")
    return Loud()
"""
"""A model that prints."""


def test_what_a_model_prints_does_not_get_between_the_report(place: Path, call: Call) -> None:
    (place / "loud.py").write_text(LOUD)
    for more in ([], ["--dry-run"]):
        code, out, err = call(*words("loud.py:loud"), *more)
        assert code == 0
        assert json.loads(out)["images"] == 12
        assert "building" in err
    code, out, err = call("visualize", "run", "--neurons", "first/0", "--steps", "2")
    assert code == 0
    assert json.loads(out)["made"] == 1
    assert "building" in err


def test_options_reach_the_manifest(place: Path, call: Call) -> None:
    more = "--exclude first/1 --exclude second/0,second/2 --no-hops --model-arg classes=3 --name mine"
    more += " --damping 0.8 --networkx-stop --limit 2"
    call(*words(), *more.split())
    manifest = Run.open(place / "run").manifest
    assert manifest.run == "mine"
    assert manifest.parameters == Parameters(
        model="tiny_model.py:tiny",
        model_arguments=(("classes", "3"),),
        layers=("first", "second", "third"),
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        exclude=("first/1", "second/0", "second/2"),
        hops=False,
        damping=0.8,
        networkx_stop=True,
        limit=2,
        accept_labels=True,
    )
    assert manifest.dataset == "images"


def test_as_published_sets_summits_parameters(place: Path, call: Call) -> None:
    assert call(*words(), "--as-published", "--quiet")[0] == 0
    parameters = Run.open(place / "run").manifest.parameters
    assert parameters is not None
    assert (parameters.activation_mass, parameters.influence_top, parameters.attribution_mass) == (0.01, 5, 0.075)


def test_a_dry_run_lists_layers_and_writes_nothing(place: Path, call: Call) -> None:
    code, out, err = call(
        "ingest", "tiny_model.py:tiny", "images", "--dry-run", "--layers", LAYERS, "--accept-labels", *NORMALISED
    )
    assert code == 0
    estimate = json.loads(out)
    assert (estimate["layers"], estimate["neurons"], estimate["hops"], estimate["images"]) == (3, 21, 2, 12)
    assert "third" in err
    assert "fed by second" in err
    assert not (place / "run").exists()


def test_attribute_writes_another_run_of_the_same_counts(place: Path, call: Call) -> None:
    call(*words(), "--quiet")
    code, out, err = call("attribute", "run", "--out", "other", "--attribution-mass", "0.5", "--exclude", "second/1")
    assert code == 0
    assert json.loads(out)["run"] == "other"
    assert "next: summit-graph load other" in err
    parameters = Run.open(place / "other").manifest.parameters
    assert parameters is not None
    assert (parameters.attribution_mass, parameters.exclude) == (0.5, ("second/1",))


def test_every_parameter_of_a_run_is_an_option_or_the_model(call: Call) -> None:
    _, out, _ = call("ingest", "--help")
    spelled = {"model": "{model}", "model_arguments": "--model-arg ", "hops": "--no-hops"}
    for entry in fields(Parameters):
        assert spelled.get(entry.name, "--" + entry.name.replace("_", "-") + " ") in out.replace("\n", " "), entry.name


def test_the_installed_command_says_one_line_and_ends_with_one(place: Path) -> None:
    program = shutil.which("summit-graph", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run([program, *map(str, words("tiny_model.py:tiny", "absent"))], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the image folder absent does not exist" in one_line(done.stderr)


def test_asking_for_help_does_not_wait_for_torch() -> None:
    source = "import sys; import summit_graph.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", source], check=True)
