"""Strips of examples: their squares are the pixels that a neuron's strongest cell sees, and nothing beside them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.images.preprocessing import Normalisation, choose_preprocess
from ingest.pictures import example_strips
from ingest.pictures.input_space import find_input_space
from ingest.pipeline import ingest
from ingest.progress import Progress
from summit_graph.pictures import PICTURES, examples_path, index_folder
from summit_graph.pictures.strips import Patch, strip
from summit_graph.run import Parameters, Run
from tests.ingest.pictures import write_folders
from tests.ingest.tiny_model import MODEL

REACH = {"first": 1, "second": 2, "third": 2}
"""Pixels that a cell of the tiny model's layers sees to each side of its own: 3×3 convolutions, then one of 1×1."""
SIDE_PX = {"first": 3, "second": 5, "third": 5}
IMAGES = {"ant": 5, "bee": 14, "cat": 4}


def parameters_for(folder: Path, **changes: Any) -> Parameters:
    (folder / "tiny_model.py").write_text(MODEL)
    given = {
        "model": f"{folder / 'tiny_model.py'}:tiny",
        "layers": tuple(REACH),
        "mean": (0.5, 0.4, 0.3),
        "std": (0.25, 0.2, 0.3),
        "activation_mass": 0.5,
        "accept_labels": True,
        "batch_size": 4,
    }
    return Parameters(**{**given, **changes})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of 6 × 5 pixels and the run of the tiny model over them."""
    folder = tmp_path_factory.mktemp("strips")
    write_folders(folder / "images", IMAGES)
    ingest(parameters_for(folder), folder / "images", folder / "run")
    return folder


@pytest.fixture
def run(place: Path) -> Run:
    return Run.open(place / "run")


def neuron_names(run: Run) -> list[tuple[str, int]]:
    return [(layer.name, channel) for layer in run.manifest.layers for channel in range(layer.channels)]


def expected_square(image: Path, layer: str, y: int, x: int) -> NDArray[np.uint8]:
    """Pixel by pixel from the cell: red, green, blue, and whether the pixel lies in the image.  (side, side, 4)"""
    pixels = np.asarray(Image.open(image).convert("RGB"))
    height, width, _ = pixels.shape
    square = np.zeros((SIDE_PX[layer], SIDE_PX[layer], 4), np.uint8)
    for down in range(SIDE_PX[layer]):
        for right in range(SIDE_PX[layer]):
            at_y, at_x = y - REACH[layer] + down, x - REACH[layer] + right
            if 0 <= at_y < height and 0 <= at_x < width:
                square[down, right] = (*pixels[at_y, at_x], 255)
    return square


def squares_of(picture: Path) -> NDArray[np.uint8]:
    """(squares, side, side, 4)"""
    with Image.open(picture) as opened:
        pixels = np.asarray(opened.convert("RGBA"))
    side = len(pixels)
    return pixels.reshape(side, -1, side, 4).swapaxes(0, 1)


def compare(run: Run, images: Path, rows: list[dict[str, Any]], number: int | None) -> set[str]:
    """Compares the strips of the neurons of a table's rows with what they have to show; returns their paths."""
    names, by_neuron = neuron_names(run), dict[int, list[dict[str, Any]]]()
    for row in rows:
        by_neuron.setdefault(row["neuron"], []).append(row)
    paths = set()
    for neuron, of_neuron in by_neuron.items():
        layer, channel = names[neuron]
        path = examples_path(layer, channel, number)
        expected = [expected_square(images / row["image"], layer, row["y"], row["x"]) for row in of_neuron]
        np.testing.assert_array_equal(squares_of(run.directory / PICTURES / path), expected, err_msg=path)
        paths.add(path)
    return paths


def test_each_neuron_has_the_pixels_that_its_strongest_cells_see(run: Run, place: Path) -> None:
    rows = run.table("examples").to_pylist()
    assert max(row["rank"] for row in rows) == 9
    drawn = compare(run, place / "images", rows, None)
    for number in run.class_numbers:
        activations = run.table("activations", number).to_pylist()
        selected = {row["neuron"] for row in activations if row["selected"]}
        of_class = [row for row in run.table("examples", number).to_pylist() if row["neuron"] in selected]
        assert selected
        drawn |= compare(run, place / "images", of_class, number)
    assert drawn == {picture.path for picture in index_folder(run.directory / PICTURES)}


def test_the_images_of_a_large_run_are_decoded_again_in_groups(
    place: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example_strips, "SPOOL_BYTES", 12 * 6 * 5 * 3)
    groups = []
    in_groups = example_strips._in_groups

    def noticed(neurons: list[Any], most: int) -> Iterator[list[Any]]:
        for group in in_groups(neurons, most):
            groups.append(len({name for _, rows in group for name in rows["image"].to_pylist()}))
            yield group

    monkeypatch.setattr(example_strips, "_in_groups", noticed)
    ingest(parameters_for(place), place / "images", tmp_path / "run", workers=2)
    assert len(groups) > 2
    assert max(groups) <= 12
    assert index_folder(tmp_path / "run" / PICTURES) == index_folder(run.directory / PICTURES)


def test_without_pictures_the_run_is_the_same(place: Path, run: Run, tmp_path: Path) -> None:
    ingest(parameters_for(place), place / "images", tmp_path / "run", run="run", pictures=False)
    assert not (tmp_path / "run" / PICTURES).exists()
    assert Run.open(tmp_path / "run").manifest.digest == run.manifest.digest


def test_an_input_that_is_no_image_any_more_is_said_and_has_no_strips(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text(
        "import numpy as np\nimport torch\n\n"
        "def squared(image):\n"
        "    return torch.from_numpy(np.asarray(image).astype('float32') / 255).permute(2, 0, 1) ** 2\n"
    )
    parameters = parameters_for(tmp_path, mean=(), std=(), preprocess=f"{tmp_path / 'own.py'}:squared")
    ingest(parameters, place / "images", tmp_path / "run", progress=Progress())
    assert "no pictures of examples" in capsys.readouterr().err
    assert not (tmp_path / "run" / PICTURES).exists()
    assert Run.open(tmp_path / "run").table("examples").num_rows


def test_grey_images_have_grey_strips(place: Path, tmp_path: Path) -> None:
    (tmp_path / "grey.py").write_text(MODEL.replace("nn.Conv2d(3, 6", "nn.Conv2d(1, 6"))
    parameters = parameters_for(tmp_path, model=f"{tmp_path / 'grey.py'}:tiny", mean=(0.5,), std=(0.5,))
    ingest(parameters, place / "images", tmp_path / "run")
    run = Run.open(tmp_path / "run")
    row = run.table("examples").to_pylist()[0]
    layer, channel = neuron_names(run)[row["neuron"]]
    square = squares_of(run.directory / PICTURES / examples_path(layer, channel))[0]
    colour = expected_square(place / "images" / row["image"], layer, row["y"], row["x"])
    grey = np.asarray(Image.open(place / "images" / row["image"]).convert("L"))
    inside = colour[..., 3] == 255
    patch = grey[row["y0"] : row["y1"], row["x0"] : row["x1"]]
    np.testing.assert_array_equal(square[inside][:, 0], patch.ravel())
    assert (square[..., 0] == square[..., 1]).all()


def test_an_image_that_is_gone_at_the_end_leaves_its_square_empty(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "images", tmp_path / "images")
    of_all = {row["image"] for row in Run.open(place / "run").table("examples").to_pylist()}
    gone = sorted(of_all)[0]

    class Removing(Progress):
        def message(self, text: str) -> None:
            if text.startswith("embedding the classes"):
                (tmp_path / "images" / gone).unlink()

    ingest(parameters_for(tmp_path), tmp_path / "images", tmp_path / "run", progress=Removing(quiet=True))
    run = Run.open(tmp_path / "run")
    missing = [row for row in run.table("examples").to_pylist() if row["image"] == gone]
    assert missing
    for row in missing:
        layer, channel = neuron_names(run)[row["neuron"]]
        assert not squares_of(run.directory / PICTURES / examples_path(layer, channel))[row["rank"]].any()


def test_large_squares_are_scaled_down() -> None:
    side_px = 300
    stripes = np.zeros((side_px, side_px, 3), np.uint8)
    stripes[:, : side_px // 2] = (220, 40, 40)
    drawn = strip([Patch(Image.fromarray(stripes)), Patch(Image.fromarray(stripes[:200]), y=100)], side_px)
    picture = Image.open(io.BytesIO(drawn))
    assert picture.size == (224, 112)
    pixels = np.asarray(picture.convert("RGBA")).astype(int)
    np.testing.assert_allclose(pixels[56, [20, 90, 132, 202]], [[220, 40, 40, 255], [0, 0, 0, 255]] * 2, atol=8)
    assert (pixels[:36, 112:, 3] == 0).all()


def test_pixels_come_back_from_the_models_input_exactly() -> None:
    every = np.stack(np.meshgrid(np.arange(256), [0, 128, 255]), axis=-1).astype(np.uint8)  # (3, 256, 2)
    image = np.concatenate([every, every[..., :1]], axis=2)  # (3, 256, 3)
    for own in (Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)), Normalisation()):
        preprocess = choose_preprocess(Parameters(), own)
        space = find_input_space(preprocess, (3, 3, 256))
        np.testing.assert_array_equal(space.to_pixels(preprocess.batch([image, image])), [image, image])
