"""Where images come from: folders, a flat folder with labels, archives, ImageNet's layout, arrays, a torch Dataset."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import transforms

from ingest.images.batches import Loader, Skipped
from ingest.images.labels import match_labels
from ingest.images.opening import open_source
from ingest.images.preprocessing import Normalisation, composed_of, input_of
from ingest.images.source import ImageSource
from ingest.pipeline import ingest
from summit_graph.errors import SummitError
from summit_graph.run import Run
from tests.ingest.pictures import held_pixels, picture, write_folders
from tests.ingest.test_pipeline import parameters_for
from tests.ingest.tiny_model import MODEL

COUNTS = {"ant": 3, "bee": 2, "cat": 4}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One folder per class, three classes."""
    return write_folders(tmp_path / "images", COUNTS)


def zipped(folder: Path, path: Path, prefix: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A folder's files in an archive, the last first; their names begin with `prefix`."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            if file.is_file():
                archive.write(file, prefix + file.relative_to(folder).as_posix())
    return path


def flat(folder: Path, out: Path, labels: Path | None) -> Path:
    """The images of class folders in one folder, their classes in a CSV file."""
    out.mkdir()
    rows = ["image,class"]
    for file in sorted(folder.rglob("*.png")):
        name = f"{file.parent.name}-{file.name}"
        shutil.copy(file, out / name)
        rows.append(f"{name},{file.parent.name}")
    if labels is not None:
        labels.write_text("\n".join(rows) + "\n")
    return out


def assert_same(one: ImageSource, other: ImageSource) -> None:
    first, second = held_pixels(one), held_pixels(other)
    assert list(first) == list(second)
    for name in first:
        assert all(np.array_equal(*pair) for pair in zip(first[name], second[name], strict=True)), name


# -- archives ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("prefix", ["", "data/train/"])
def test_an_archive_is_read_in_place_as_the_folder_it_was_made_of(
    folder: Path, tmp_path: Path, method: int, prefix: str
) -> None:
    archive = zipped(folder, tmp_path / "images.zip", prefix, method)
    source = open_source(archive, limit=3)
    assert source.dataset == "images"
    assert_same(source, open_source(folder, limit=3))
    assert source.digest == open_source(folder, limit=3).digest
    assert not (tmp_path / "data").exists()


def test_what_a_system_puts_into_archives_is_left_out(folder: Path, tmp_path: Path) -> None:
    archive = zipped(folder, tmp_path / "images.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("__MACOSX/ant/._000.png", "junk")
        opened.writestr("ant/.DS_Store", "junk")
        opened.writestr("readme.txt", "beside the folders")
    assert open_source(archive).digest == open_source(folder).digest


@pytest.mark.parametrize(
    ("fault", "reason"), [("damaged", "the archive is damaged here"), ("encrypted", "it is encrypted")]
)
def test_a_member_that_cannot_be_unpacked_is_an_unreadable_image(
    folder: Path, tmp_path: Path, fault: str, reason: str
) -> None:
    archive = zipped(folder, tmp_path / "images.zip", method=zipfile.ZIP_STORED)
    with zipfile.ZipFile(archive) as opened:
        member, directory = opened.getinfo("bee/001.png"), opened.start_dir
    content = bytearray(archive.read_bytes())
    if fault == "damaged":
        content[member.header_offset + 60] ^= 0xFF
    else:
        # The flag stands before the member and, 38 bytes before its name, in the archive's directory.
        content[member.header_offset + 6] |= 1
        content[content.index(b"bee/001.png", directory) - 38] |= 1
    archive.write_bytes(bytes(content))
    source = open_source(archive)
    entries: list[dict[str, str]] = []
    with Loader(source.reader, Normalisation(), batch_size=4, workers=1) as loader:
        images = [image for entry in source.classes for image in entry.images]
        read = [image.name for batch in loader.batches(images, Skipped(9, 0.2), entries) for image in batch.images]
    assert entries == [{"image": "bee/001.png", "reason": reason}]
    assert len(read) == 8


def test_an_archive_that_is_none_says_so(tmp_path: Path) -> None:
    (tmp_path / "images.zip").write_text("no archive")
    with pytest.raises(SummitError, match="cannot be read as a zip archive"):
        open_source(tmp_path / "images.zip")
    with pytest.raises(SummitError, match=r"archive .*absent\.zip does not exist"):
        open_source(tmp_path / "absent.zip")
    with zipfile.ZipFile(tmp_path / "images.zip", "w"):
        pass
    with pytest.raises(SummitError, match="holds no folders"):
        open_source(tmp_path / "images.zip")


# -- a flat folder with labels ----------------------------------------------------------------------------------------


def test_a_csv_file_says_the_classes_of_images_in_one_folder(folder: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    source = open_source(flat(folder, tmp_path / "flat", labels), labels=labels)
    assert_same(source, open_source(folder))
    shutil.copy(labels, tmp_path / "flat" / "labels.csv")
    assert open_source(tmp_path / "flat").digest == source.digest


def test_a_flat_archive_with_its_labels_is_read_in_place(folder: Path, tmp_path: Path) -> None:
    flat(folder, tmp_path / "flat", tmp_path / "labels.csv")
    archive = zipped(tmp_path / "flat", tmp_path / "flat.zip")
    by_option = open_source(archive, labels=tmp_path / "labels.csv")
    assert_same(by_option, open_source(folder))
    with zipfile.ZipFile(archive, "a") as opened:
        opened.write(tmp_path / "labels.csv", "labels.csv")
    assert open_source(archive).digest == by_option.digest


def test_the_digest_follows_the_labels(folder: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    images = flat(folder, tmp_path / "flat", labels)
    before = open_source(images, labels=labels).digest
    # The last of the ants becomes the first of the bees: the order of the paths stays.
    labels.write_text(labels.read_text().replace("ant-002.png,ant", "ant-002.png,bee"))
    assert open_source(images, labels=labels).digest != before


def test_labels_that_are_numbers_are_the_outputs(folder: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    images = flat(folder, tmp_path / "flat", labels)
    text = labels.read_text().replace("image,class", "id,label")
    for name, number in (("ant", 10), ("bee", 2), ("cat", 0)):
        text = text.replace(f",{name}", f",{number}")
    labels.write_text(text.replace(".png", ""))  # a suffix may be left out
    source = open_source(images, labels=labels)
    assert [(entry.number, len(entry.images)) for entry in source.classes] == [(0, 4), (2, 2), (10, 3)]
    matched = match_labels([e.name for e in source.classes], 11, numbers={"0": 0, "2": 2, "10": 10})
    assert matched.number_of == {"0": 0, "2": 2, "10": 10}
    with pytest.raises(SummitError, match=r"have the label 10 and the model's outputs are 0 to 9"):
        match_labels(["0", "10"], 10, numbers={"0": 0, "10": 10})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("picture,class\na,b\n", "no column 'image'"),
        ("image,kind\na,b\n", "no column 'class'"),
        ("", "no column 'image'"),
        ("image,class\nant-000.png\n", "line 2: an image and its class are wanted"),
        ("image,class\nabsent.png,ant\n", "names absent.png, which is not among the images"),
        ("image,class\nant-000.png,ant\nant-000.png,bee\n", "names ant-000.png twice"),
    ],
)
def test_a_file_of_labels_that_is_wrong_says_where(folder: Path, tmp_path: Path, text: str, said: str) -> None:
    images = flat(folder, tmp_path / "flat", None)
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(SummitError) as raised:
        open_source(images, labels=tmp_path / "labels.csv")
    assert said in str(raised.value)


def test_without_labels_a_flat_folder_asks_for_them(folder: Path, tmp_path: Path) -> None:
    images = flat(folder, tmp_path / "flat", None)
    with pytest.raises(SummitError, match=r"holds no folders.*--labels FILE\.csv"):
        open_source(images)
    (images / "one.csv").write_text("image,class\n")
    (images / "two.csv").write_text("image,class\n")
    with pytest.raises(SummitError, match="holds 2 CSV files: say with --labels"):
        open_source(images)


# -- ImageNet's layout ------------------------------------------------------------------------------------------------

WORDS = {f"n{number:08d}": f"thing {number}, another word" for number in range(1000)}


@pytest.mark.parametrize("kind", ["LOC_synset_mapping.txt", "synset_words.txt", "imagenet_class_index.json"])
def test_imagenets_layout_takes_names_and_numbers_from_its_names_file(tmp_path: Path, kind: str) -> None:
    images = write_folders(tmp_path / "Data" / "train", {"n00000007": 1, "n00000300": 2})
    if kind.endswith(".json"):
        index = {str(number): [key, f"thing_{number}"] for number, key in enumerate(WORDS)}
        (tmp_path / kind).write_text(json.dumps(index))
    else:
        (tmp_path / kind).write_text("\n".join(f"{key} {words}" for key, words in WORDS.items()))
    source = open_source(images)
    labels = match_labels([entry.name for entry in source.classes], 1000, names=source.names)
    assert labels.number_of == {"n00000007": 7, "n00000300": 300}
    assert (labels.name(7), labels.name(999)) == ("thing 7", "thing 999")


def test_the_names_file_in_an_archive_is_found(tmp_path: Path) -> None:
    write_folders(tmp_path / "all" / "val", {"n01440764": 1, "n02132136": 1})
    (tmp_path / "all" / "LOC_synset_mapping.txt").write_text("n01440764 tench, Tinca tinca\nn02132136 brown bear\n")
    source = open_source(zipped(tmp_path / "all", tmp_path / "all.zip"))
    assert source.names == {"n01440764": "tench", "n02132136": "brown bear"}
    assert [entry.name for entry in source.classes] == ["n01440764", "n02132136"]


def test_imagenets_validation_images_are_labelled_by_its_own_file(tmp_path: Path) -> None:
    images = tmp_path / "val"
    images.mkdir()
    for number in (1, 2):
        picture(number).save(images / f"ILSVRC2012_val_{number:08d}.JPEG")
    (tmp_path / "LOC_val_solution.csv").write_text(
        "ImageId,PredictionString\nILSVRC2012_val_00000002,n01440764 1 2 3 4 n01440764 5 6 7 8\n"
        "ILSVRC2012_val_00000001,n02132136 85 1 499 272\n"
    )
    source = open_source(images, labels=tmp_path / "LOC_val_solution.csv")
    assert [(entry.name, entry.images[0].name) for entry in source.classes] == [
        ("n01440764", "ILSVRC2012_val_00000002.JPEG"),
        ("n02132136", "ILSVRC2012_val_00000001.JPEG"),
    ]


# -- runs -------------------------------------------------------------------------------------------------------------


def test_folder_and_archive_give_the_same_run_with_processes_and_without(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny_model.py").write_text(MODEL)
    parameters = parameters_for(tmp_path / "tiny_model.py")
    archive = zipped(folder, tmp_path / "images.zip", "train/")
    digests = {
        ingest(parameters, images, tmp_path / name, run="one", workers=workers).manifest.digest
        for name, images, workers in (("a", folder, 0), ("b", folder, 3), ("c", archive, 2), ("d", archive, 0))
    }
    assert len(digests) == 1


def test_class_names_that_are_no_file_names_are_kept_and_told_apart(tmp_path: Path) -> None:
    (tmp_path / "tiny_model.py").write_text(MODEL)
    names = ["a/b: \"c\" 'd' \\ <e>", "crane", "été \N{ARABIC LETTER ALEF} \U0001f426"]
    images = write_folders(tmp_path / "in", {"x": 6}) / "x"
    rows = [f'00{index}.png,"{names[index % 3].replace(chr(34), chr(34) * 2)}"' for index in range(6)]
    (tmp_path / "labels.csv").write_text("image,class\n" + "\n".join(rows), encoding="utf-8")
    (tmp_path / "classes.csv").write_text(
        "folder,number,name\n"
        + "\n".join(f'"{name.replace(chr(34), chr(34) * 2)}",{n},crane' for n, name in enumerate(names)),
        encoding="utf-8",
    )
    parameters = parameters_for(tmp_path / "tiny_model.py")
    labels = tmp_path / "labels.csv"
    ingest(parameters, images, tmp_path / "run", image_labels=labels)
    assert Run.open(tmp_path / "run").table("classes").column("name").to_pylist() == names
    ingest(parameters, images, tmp_path / "alike", image_labels=labels, classes=tmp_path / "classes.csv")
    table = Run.open(tmp_path / "alike").table("classes")
    assert table.column("name").to_pylist() == ["crane"] * 3
    assert table.column("class").to_pylist() == [0, 1, 2]


# -- preprocessing of libraries ---------------------------------------------------------------------------------------


def chains() -> Iterable[transforms.Compose]:
    for size in ((20, 16), (16, 16)):
        yield transforms.Compose(
            [
                transforms.Resize(size[0], interpolation=transforms.InterpolationMode.BICUBIC),
                transforms.CenterCrop((size[1], size[1])),
                transforms.ToTensor(),
                transforms.Normalize(torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.25])),
            ]
        )


@pytest.mark.parametrize("size", [(31, 40), (40, 17), (16, 16), (9, 12)])
def test_a_chain_of_known_steps_needs_no_torch_to_decode_and_gives_the_same_input(size: tuple[int, int]) -> None:
    for chain in chains():
        steps = composed_of(chain)
        assert steps is not None
        assert torch.equal(input_of(steps, picture(1, size)), chain(picture(1, size)))


def test_a_chain_with_another_step_is_called_as_it_is() -> None:
    assert composed_of(transforms.Compose([transforms.Grayscale(), transforms.ToTensor()])) is None
    assert composed_of(transforms.Compose([transforms.Resize((8, 9)), transforms.Normalize((0.5,), (0.5,))])) is None
    assert composed_of(print) is None
