"""From files to batches: which images there are, whose class, their pixels, the model's input."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import get_model_weights

from ingest.images.batches import Loader, Skipped
from ingest.images.decoding import UnreadableImage, decode
from ingest.images.folders import folder_source
from ingest.images.labels import match_labels
from ingest.images.preprocessing import Normalisation, choose_preprocess, input_of, preset_of
from ingest.label_check import check_labels, spread, tail
from summit_graph.errors import SummitError
from summit_graph.run import Parameters
from tests.ingest.pictures import picture, write_folders

# -- files ------------------------------------------------------------------------------------------------------------


def test_files_come_in_sorted_order_and_the_limit_takes_the_first(tmp_path: Path) -> None:
    write_folders(tmp_path, {"b": 3, "a": 2})
    (tmp_path / "b" / "000a").mkdir()
    picture(7).save(tmp_path / "b" / "000a" / "deep.png")
    (tmp_path / "b" / ".DS_Store").write_bytes(b"junk")
    (tmp_path / "labels.txt").write_text("beside the folders")
    classes = folder_source(tmp_path, limit=2).classes
    assert [entry.name for entry in classes] == ["a", "b"]
    assert [image.name for image in classes[1].images] == ["b/000.png", "b/000a/deep.png"]


def test_the_images_digest_follows_names_and_sizes_only(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": 2, "b": 1})
    before = folder_source(tmp_path).digest
    (tmp_path / "a" / "000.png").touch()
    assert folder_source(tmp_path).digest == before
    with (tmp_path / "a" / "000.png").open("ab") as file:
        file.write(b"\0")
    longer = folder_source(tmp_path).digest
    assert longer != before
    (tmp_path / "a" / "000.png").rename(tmp_path / "a" / "0000.png")
    assert folder_source(tmp_path).digest not in (before, longer)


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(SummitError, match="absent does not exist"):
        folder_source(tmp_path / "absent")
    with pytest.raises(SummitError, match="holds no folders"):
        folder_source(tmp_path)
    write_folders(tmp_path, {"cat": 1})
    (tmp_path / "dog").mkdir()
    with pytest.raises(SummitError, match="dog is empty"):
        folder_source(tmp_path)


# -- labels -----------------------------------------------------------------------------------------------------------


def test_as_many_folders_as_outputs_count_in_sorted_order() -> None:
    labels = match_labels(["cat", "ant", "bee"], 3)
    assert labels.number_of == {"ant": 0, "bee": 1, "cat": 2}
    assert labels.name(2) == "cat"


def test_another_number_of_folders_than_outputs_needs_a_file() -> None:
    with pytest.raises(SummitError, match=r"2 class folders and the model has 10 outputs.*--classes"):
        match_labels(["cat", "dog"], 10)


def test_folders_named_as_categories_get_their_numbers_whatever_their_order() -> None:
    categories = ["tench", "great white shark", "crane", "crane"]
    labels = match_labels(["Great_White_Shark", "tench"], 4, categories=categories)
    assert labels.number_of == {"Great_White_Shark": 1, "tench": 0}
    assert labels.name(1) == "great white shark"
    with pytest.raises(SummitError, match="--classes"):
        match_labels(["crane", "tench"], 4, categories=categories)


def test_categories_of_a_model_with_other_outputs_are_no_help() -> None:
    assert match_labels(["b", "a"], 2, categories=["a", "b", "c"]).number_of == {"a": 0, "b": 1}


def test_all_of_imagenets_ids_count_in_sorted_order() -> None:
    ids = [f"n{number:08d}" for number in range(1000)]
    categories = [f"category {number}" for number in range(1000)]
    labels = match_labels(ids[::-1], 1000, categories=categories)
    assert labels.number_of["n00000007"] == 7
    assert labels.name(7) == "category 7"


def test_some_of_imagenets_ids_are_found_in_the_list_of_timm() -> None:
    pytest.importorskip("timm")
    labels = match_labels(["n02132136", "n01440764"], 1000)
    assert labels.number_of == {"n02132136": 294, "n01440764": 0}
    with pytest.raises(SummitError, match="n99999999"):
        match_labels(["n99999999"], 1000)


def test_a_file_of_classes_decides(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text("\ufefffolder, number,name\ndog,5,Hund\ncat,3,\nbird,0,Vogel\n", encoding="utf-8")
    labels = match_labels(["cat", "dog"], 10, classes=path)
    assert labels.number_of == {"cat": 3, "dog": 5}
    assert [labels.name(number) for number in (3, 5, 0, 7)] == ["cat", "Hund", "Vogel", "7"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("directory,number\ncat,3\n", "no column 'folder'"),
        ("folder,number\ncat,ten\n", "line 2: number 'ten' is no output of the model: 0 to 9"),
        ("folder,number\ncat,10\n", "line 2: number '10'"),
        ("folder,number\ncat,-1\n", "line 2: number '-1'"),
        ("folder,number\ncat,1\ncat,2\n", "line 3: the folder 'cat' is there twice"),
        ("folder,number\ncat,1\ndog,1\n", "line 3: the number 1 is there twice"),
        ("folder,number\ncats,1\n", "does not name the folder 'cat' (nearest: cats)"),
        ("", "no column 'folder'"),
    ],
)
def test_a_file_of_classes_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "classes.csv"
    path.write_text(text)
    with pytest.raises(SummitError) as raised:
        match_labels(["cat"], 10, classes=path)
    assert said in str(raised.value)


def test_labels_have_a_digest_of_their_numbers_and_names() -> None:
    assert match_labels(["a", "b"], 2).digest == match_labels(["b", "a"], 2).digest
    assert match_labels(["a", "b"], 2).digest != match_labels(["a", "c"], 2).digest


# -- pixels -----------------------------------------------------------------------------------------------------------


def test_an_image_is_turned_upright(tmp_path: Path) -> None:
    upright = picture(1, (4, 3))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90° clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(np.asarray(decode(tmp_path / "turned.png")), np.asarray(upright))


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "YCbCr", "LAB"])
def test_every_colour_mode_becomes_what_pillow_makes_of_it(tmp_path: Path, mode: str) -> None:
    image = picture(2).convert("RGB")
    image = image.quantize(8) if mode == "P" else image.convert("RGB" if mode == "LAB" else mode)
    suffix = "tif" if mode in ("CMYK", "YCbCr", "LAB") else "png"
    image.save(tmp_path / f"image.{suffix}")
    decoded = decode(tmp_path / f"image.{suffix}")
    assert decoded.mode == "RGB"
    assert np.array_equal(np.asarray(decoded), np.asarray(image.convert("RGB")))


def test_transparency_is_dropped(tmp_path: Path) -> None:
    image = picture(3)
    image.putalpha(0)
    image.save(tmp_path / "transparent.png")
    assert np.array_equal(np.asarray(decode(tmp_path / "transparent.png")), np.asarray(picture(3)))
    palette = picture(3).quantize(4)
    palette.save(tmp_path / "palette.png", transparency=bytes([0, 128, 255, 255]))
    assert np.array_equal(np.asarray(decode(tmp_path / "palette.png")), np.asarray(palette.convert("RGB")))


def test_sixteen_bits_keep_their_high_byte(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 0x1234, 0xFFFF]], np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    assert np.asarray(decode(tmp_path / "deep.png"))[0, :, 0].tolist() == [0, 0, 1, 0x12, 0xFF]


@pytest.mark.parametrize("damage", ["text", "truncated", "empty", "directory", "32 bits", "absent"])
def test_what_is_no_image_gives_a_reason_of_one_line(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "image.jpg"
    if damage == "text":
        path.write_text("no image at all")
    elif damage == "truncated":
        picture(4, (64, 64)).save(path)
        path.write_bytes(path.read_bytes()[:900])
    elif damage == "empty":
        path.touch()
    elif damage == "directory":
        path.mkdir()
    elif damage == "32 bits":
        path = path.with_suffix(".tif")
        Image.fromarray(np.zeros((3, 3), np.int32)).save(path)
    with pytest.raises(UnreadableImage) as raised:
        decode(path)
    assert str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


# -- preprocessing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "efficientnet_b3", "regnet_y_400mf"])
@pytest.mark.parametrize("size", [(500, 333), (200, 260), (256, 256)])
def test_a_preset_s_steps_give_its_own_pixels(name: str, size: tuple[int, int]) -> None:
    preset = get_model_weights(name).DEFAULT.transforms()
    steps = preset_of(preset)
    assert steps is not None
    assert torch.equal(input_of(steps, picture(5, size)), preset(picture(5, size)))


def test_normalising_follows_its_formula() -> None:
    image = picture(6)
    steps = Normalisation(mean=(0.5, 0.25, 0.1), std=(0.5, 2.0, 0.25))
    expected = (np.asarray(image) / 255.0 - (0.5, 0.25, 0.1)) / (0.5, 2.0, 0.25)
    assert np.allclose(input_of(steps, image).numpy(), expected.transpose(2, 0, 1), atol=1e-6)


def test_a_mean_of_one_number_asks_for_grey() -> None:
    assert input_of(Normalisation(mean=(0.5,), std=(0.5,)), picture(6)).shape == (1, 5, 6)


def test_options_change_single_steps_of_the_preset() -> None:
    preset = Normalisation(resize=256, crop=224, mean=(0.4, 0.4, 0.4), std=(0.2, 0.2, 0.2))
    chosen = choose_preprocess(Parameters(resize=64, crop=56), preset)
    assert chosen == Normalisation(resize=64, crop=56, mean=(0.4, 0.4, 0.4), std=(0.2, 0.2, 0.2))
    assert choose_preprocess(Parameters(), preset) is preset
    assert choose_preprocess(Parameters(preprocess="torchvision"), preset) is preset


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (Parameters(), "not known: give --mean and --std"),
        (Parameters(preprocess="torchvision"), "needs a torchvision model"),
        (Parameters(preprocess="torchvision", crop=8), "exclude each other"),
        (Parameters(preprocess="absent.py:prepare"), "absent.py does not exist"),
        (Parameters(mean=(0.5, 0.5), std=(1.0, 1.0)), "three numbers each"),
        (Parameters(mean=(0.5,), std=(0.0,)), "above 0"),
    ],
)
def test_preprocessing_that_cannot_be_chosen_says_which_options_to_give(parameters: Parameters, said: str) -> None:
    with pytest.raises(SummitError) as raised:
        choose_preprocess(parameters, None)
    assert said in str(raised.value)


def test_a_function_of_the_user_s_own_must_return_a_tensor(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(
        "import torch\n"
        "def size(image):\n    return torch.tensor([[[image.width, image.height]]])\n"
        "def text(image):\n    return 'no tensor'\n"
        "def fails(image):\n    raise ValueError('too dark')\n"
    )
    size = input_of(choose_preprocess(Parameters(preprocess=f"{tmp_path}/steps.py:size"), None), picture(0))
    assert size.tolist() == [[[6.0, 5.0]]]
    for name, said in (("text", "not one str"), ("fails", "ValueError: too dark")):
        with pytest.raises(SummitError, match=said):
            input_of(choose_preprocess(Parameters(preprocess=f"{tmp_path}/steps.py:{name}"), None), picture(0))


# -- batches ----------------------------------------------------------------------------------------------------------


def read_batches(
    root: Path, workers: int, max_bad: float = 1.0
) -> tuple[list[tuple[list[str], Any]], list[dict[str, str]]]:
    """Names and pixels of each batch of four, and the entries of what could not be read."""
    source = folder_source(root)
    images = [image for entry in source.classes for image in entry.images]
    entries: list[dict[str, str]] = []
    preprocess = Normalisation(mean=(0.5,) * 3, std=(0.5,) * 3)
    with Loader(source.reader, preprocess, batch_size=4, workers=workers) as loader:
        batches = [
            ([image.name for image in batch.images], batch.pixels.tolist())
            for batch in loader.batches(images, Skipped(len(images), max_bad), entries)
        ]
    return batches, entries


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    write_folders(tmp_path, {"cat": 11, "dog": 6})
    (tmp_path / "cat" / "005.png").write_text("broken")
    one = read_batches(tmp_path, workers=0)
    assert read_batches(tmp_path, workers=1) == one
    assert read_batches(tmp_path, workers=3) == one
    assert [len(names) for names, _ in one[0]] == [4, 4, 4, 4]
    assert one[1] == [{"image": "cat/005.png", "reason": "no image, or of a format that Pillow does not read"}]


def test_more_unreadable_images_than_allowed_stop(tmp_path: Path) -> None:
    write_folders(tmp_path, {"cat": 10})
    for name in ("003.png", "007.png"):
        (tmp_path / "cat" / name).write_text("broken")
    assert len(read_batches(tmp_path, 0, max_bad=0.2)[1]) == 2
    with pytest.raises(SummitError, match=r"2 of 10 images cannot be read.*--max-bad 0.19.*cat/007.png"):
        read_batches(tmp_path, 0, max_bad=0.19)


def test_images_of_another_size_need_resize_and_crop(tmp_path: Path) -> None:
    write_folders(tmp_path, {"cat": 2})
    picture(9, (9, 9)).save(tmp_path / "cat" / "900.png")
    with pytest.raises(SummitError, match=r"cat/900.png becomes an input of 3×9×9 .* 3×5×6: give --resize and --crop"):
        read_batches(tmp_path, 0)


def test_a_file_name_that_is_no_text_is_skipped_and_listed(tmp_path: Path) -> None:
    write_folders(tmp_path, {"cat": 2})
    try:
        picture(0).save(str(tmp_path / "cat" / "b\udcff.png"))
    except (OSError, UnicodeError):
        pytest.skip("this file system takes Unicode names only")
    _, entries = read_batches(tmp_path, 0)
    assert entries == [{"image": "cat/b\\xff.png", "reason": "its name is not UTF-8: rename it"}]


def test_none_readable_names_the_last(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.jpg").write_text("broken")
    source = folder_source(tmp_path)
    with Loader(source.reader, Normalisation(), batch_size=1, workers=0) as loader:
        with pytest.raises(SummitError, match=r"none of the images can be read.*cat/a\.jpg"):
            loader.first_readable(iter(source.classes[0].images))


# -- labels against predictions ---------------------------------------------------------------------------------------


def checked(pairs: Sequence[tuple[int, int]], outputs: int = 4) -> None:
    labels = match_labels(["ant", "bee", "cat", "dog"], 4)
    check_labels(pairs, labels, outputs)


def test_images_to_check_are_spread_evenly_over_the_classes(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": 9, "b": 2, "c": 5})
    chosen = [image.name for _, image in spread(folder_source(tmp_path).classes, 9)]
    assert chosen == [
        "a/000.png",
        "a/003.png",
        "a/006.png",
        "b/000.png",
        "b/001.png",
        "c/000.png",
        "c/001.png",
        "c/003.png",
    ]
    assert len({name for name, _ in spread(folder_source(tmp_path).classes, 2)}) == 2


def test_labels_that_agree_pass_and_exchanged_ones_stop_with_the_mix_ups() -> None:
    right = [(number, number if index else 0) for number in range(4) for index in range(10)]
    checked(right)
    exchanged = [(number, (number + 1) % 4) for number in range(4) for _ in range(10)]
    with pytest.raises(SummitError) as raised:
        checked(exchanged)
    assert "0 of 40 images" in str(raised.value)
    assert "ant (0) taken for bee (1): 10 of 10 images" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_model_that_always_answers_alike_is_at_chance() -> None:
    with pytest.raises(SummitError, match="no better than chance"):
        checked([(number, 2) for number in range(4) for _ in range(25)])


def test_one_class_alone_is_judged_by_the_number_of_outputs() -> None:
    checked([(1, 1)] * 8 + [(1, 0)] * 4)
    with pytest.raises(SummitError):
        checked([(1, 0)] * 12)


@pytest.mark.parametrize(("trials", "correct", "chance"), [(12, 5, 0.3), (7, 0, 0.5), (30, 30, 0.9), (9, 4, 0.25)])
def test_the_tail_of_guessing_is_the_binomial_sum(trials: int, correct: int, chance: float) -> None:
    expected = sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(correct, trials + 1))
    assert tail(trials, correct, chance) == pytest.approx(expected, rel=1e-9)
