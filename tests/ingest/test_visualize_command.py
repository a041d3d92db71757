"""`summit-graph visualize`, as typed, on a run that was just ingested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from summit_graph.run import Run
from tests.ingest.test_ingest_command import LAYERS, NORMALISED, Call, call, place

__all__ = ["call", "place"]

PICTURES = Path("run/pictures/visualizations")


@pytest.fixture
def run(place: Path, call: Call) -> Run:
    """A run of three layers, and its model's weights in a file of their own."""
    from ingest.models import load_model

    torch.save(load_model("tiny_model.py:tiny").module.state_dict(), "tiny.pt")
    options = ["--weights", "tiny.pt", "--accept-labels", "--layers", LAYERS, *NORMALISED, "--quiet"]
    code, _, error = call("ingest", "tiny_model.py:tiny", "images", "--out", "run", *options)
    assert code == 0, error
    return Run.open(place / "run")


def _made(out: str) -> tuple[int, int, list[str]]:
    report = json.loads(out)
    return report["made"], report["already_there"], report["never_activated"]


def test_named_neurons_get_pictures_of_the_inputs_size_and_a_second_time_finds_them(run: Run, call: Call) -> None:
    words = ["visualize", "run", "--neurons", "first/0", "--neurons", "third/1", "--steps", "12"]
    code, out, error = call(*words)
    assert code == 0, error
    made, there, silent = _made(out)
    assert made + len(silent) == 2
    assert there == 0
    assert "2 of 2 neurons" in error
    drawn = sorted(path.relative_to(PICTURES).as_posix() for path in PICTURES.rglob("*.webp"))
    assert drawn == sorted({"first/0.webp", "third/1.webp"} - {f"{neuron}.webp" for neuron in silent})
    _, height, width = run.manifest.notes["input"]
    stamps = {}
    for path in PICTURES.rglob("*.webp"):
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("WEBP", (width, height))
        stamps[path] = path.stat().st_mtime_ns
    code, out, _ = call(*words, "--quiet")
    assert code == 0
    assert _made(out)[:2] == (0, made)
    assert {path: path.stat().st_mtime_ns for path in PICTURES.rglob("*.webp")} == stamps


def test_a_neurons_picture_is_the_same_whatever_else_is_asked_for(run: Run, call: Call) -> None:
    assert call("visualize", "run", "--neurons", "second/2", "--steps", "5", "--quiet")[0] == 0
    alone = _pixels(PICTURES / "second/2.webp")
    (PICTURES / "second/2.webp").unlink()
    assert call("visualize", "run", "--neurons", "all", "--steps", "5", "--quiet")[0] == 0
    together = _pixels(PICTURES / "second/2.webp")
    assert (alone - together).abs().max() <= 1
    assert call("visualize", "run", "--neurons", "all", "--steps", "5", "--seed", "1", "--quiet")[0] == 0
    assert torch.equal(_pixels(PICTURES / "second/2.webp"), together)


def _pixels(path: Path) -> torch.Tensor:
    with Image.open(path) as picture:
        return torch.tensor(list(picture.convert("RGB").tobytes()), dtype=torch.int16)


def test_selected_neurons_are_those_of_the_graphs_and_diverse_pictures_are_four_more(run: Run, call: Call) -> None:
    first, selected = {}, set()
    before = 0
    for layer in run.manifest.layers:
        first[layer.name] = before
        before += layer.channels
    for number in run.class_numbers:
        rows = run.table("activations", number).to_pylist()
        selected |= {row["neuron"] for row in rows if row["selected"]}
    code, out, error = call("visualize", "run", "--diverse", "--steps", "3")
    assert code == 0, error
    made, _, silent = _made(out)
    assert made + len(silent) == len(selected)
    for layer in run.manifest.layers:
        for channel in range(layer.channels):
            names = {f"{channel}.webp", *(f"{channel}-{variant}.webp" for variant in range(4))}
            files = {name for name in names if (PICTURES / layer.name / name).is_file()}
            wanted = first[layer.name] + channel in selected and f"{layer.name}/{channel}" not in silent
            assert files == (names if wanted else set())


def test_diverse_pictures_are_added_to_those_that_are_there(run: Run, call: Call) -> None:
    words = ["visualize", "run", "--neurons", "first/0", "--steps", "40", "--quiet"]
    made, _, silent = _made(call(*words)[1])
    assert (made, silent) == (1, [])
    one = PICTURES / "first" / "0.webp"
    stamp = one.stat().st_mtime_ns
    assert _made(call(*words, "--diverse")[1]) == (1, 0, [])
    assert sorted(path.name for path in one.parent.iterdir()) == [
        *(f"0-{variant}.webp" for variant in range(4)),
        one.name,
    ]
    assert one.stat().st_mtime_ns == stamp
    assert _made(call(*words, "--diverse")[1]) == (0, 1, [])


def test_a_neuron_that_never_activates_is_said_and_gets_no_picture(place: Path, call: Call) -> None:
    from ingest.models import load_model

    weights = load_model("tiny_model.py:tiny").module.state_dict()
    weights["first.0.weight"][0], weights["first.0.bias"][0] = 0, -1
    torch.save(weights, "dead.pt")
    options = ["--weights", "dead.pt", "--accept-labels", "--layers", LAYERS, *NORMALISED, "--quiet"]
    assert call("ingest", "tiny_model.py:tiny", "images", "--out", "run", *options)[0] == 0
    both = ["--neurons", "first/0", "--neurons", "first/1", "--steps", "40"]
    code, out, error = call("visualize", "run", *both, "--diverse")
    assert code == 0, error
    assert _made(out) == (1, 0, ["first/0"])
    assert "never activated, and got no picture: first/0" in error
    assert {path.name.partition("-")[0].removesuffix(".webp") for path in PICTURES.rglob("*.webp")} == {"1"}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--neurons", "fist/0"], "the run has no layer 'fist'; the nearest are first"),
        (["--neurons", "first/99"], "first has the channels 0 to"),
        (["--neurons", "first"], "names no neuron: give selected, all, or LAYER/CHANNEL"),
        (["--weights", "gone.pt"], "gone.pt"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(run: Run, call: Call, words: list[str], line: str) -> None:
    code, out, error = call("visualize", "run", *words)
    assert (code, out) == (1, "")
    assert len(error.splitlines()) == 1
    assert line in error


def test_weights_that_moved_are_named_and_others_are_refused(run: Run, call: Call) -> None:
    Path("tiny.pt").rename("elsewhere.pt")
    code, _, error = call("visualize", "run", "--neurons", "first/0", "--steps", "2")
    assert code == 1
    assert "tiny.pt" in error
    again = ["visualize", "run", "--neurons", "first/0", "--steps", "2", "--quiet", "--weights", "elsewhere.pt"]
    assert call(*again)[0] == 0
    other = {name: value + 1 for name, value in torch.load("elsewhere.pt", weights_only=True).items()}
    torch.save(other, "other.pt")
    code, _, error = call("visualize", "run", "--neurons", "first/0", "--weights", "other.pt")
    assert code == 1
    assert "are not those of the run" in error
