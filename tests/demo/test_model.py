"""The demo's classifier learns to read digits it has not seen, and the same weights come out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ingest.demo import LAYERS, digits_net, images, training


@pytest.fixture(scope="module")
def halves() -> tuple[images.Digits, images.Digits]:
    return images.load_halves()


def test_the_halves_share_no_image_and_each_holds_half_of_every_digit(
    halves: tuple[images.Digits, images.Digits],
) -> None:
    learned, held_out = halves
    assert sorted([*learned.origins, *held_out.origins]) == list(range(1797))
    difference = np.bincount(learned.labels) - np.bincount(held_out.labels)
    assert set(difference) <= {0, 1}


def test_training_reads_at_least_95_of_100_held_out_digits_and_gives_the_same_weights_with_any_number_of_threads(
    halves: tuple[images.Digits, images.Digits], monkeypatch: pytest.MonkeyPatch
) -> None:
    learned, held_out = halves
    monkeypatch.setattr(training, "EPOCHS", 2)
    random_state = torch.get_rng_state()
    threads = torch.get_num_threads()
    weights = []
    for number in (1, 2):
        torch.set_num_threads(number)
        model = training.train(learned)
        weights.append(model.state_dict())
        assert torch.get_num_threads() == number
    torch.set_num_threads(threads)
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert torch.equal(torch.get_rng_state(), random_state)
    assert training.accuracy(model, held_out) >= 0.95


def test_the_files_hold_the_pixels_that_the_model_is_trained_on(
    tmp_path: Path, halves: tuple[images.Digits, images.Digits]
) -> None:
    held_out = halves[1]
    assert images.write_images(tmp_path / "images", held_out)
    assert not images.write_images(tmp_path / "images", held_out)
    inputs, labels = held_out.tensors()
    assert len(list((tmp_path / "images").rglob("*.png"))) == len(labels)
    for position in (0, 100, 500):
        path = tmp_path / "images" / f"digit {labels[position]}" / f"{held_out.origins[position]:04d}.png"
        grey = torch.from_numpy(np.array(Image.open(path).convert("RGB").convert("L"))).to(torch.float32) / 255
        assert torch.equal((grey - images.MEAN) / images.STD, inputs[position, 0])


def test_a_killed_writing_of_the_images_starts_anew(
    tmp_path: Path, halves: tuple[images.Digits, images.Digits]
) -> None:
    unfinished = tmp_path / "images.unfinished" / "digit 3"
    unfinished.mkdir(parents=True)
    (unfinished / "left.png").write_bytes(b"half a file")
    images.write_images(tmp_path / "images", halves[1])
    assert [path.name for path in tmp_path.iterdir()] == ["images"]
    assert not list((tmp_path / "images").rglob("left.png"))


def test_every_layer_of_the_demo_is_a_module_with_an_output_map() -> None:
    model = digits_net().eval()
    shapes = {}
    x = torch.zeros(2, 1, images.SIDE, images.SIDE)
    handles = [
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: shapes.update({name: tuple(output.shape)})
        )
        for name in LAYERS
    ]
    with torch.inference_mode():
        assert model(x).shape == (2, 10)
    for handle in handles:
        handle.remove()
    assert list(shapes) == list(LAYERS)
    assert shapes["stem"] == (2, 16, 16, 16)
    assert {shapes[name] for name in LAYERS[2:]} == {(2, 32, 8, 8)}
