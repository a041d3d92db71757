"""Images that lie in no files of their own: arrays, and what a torch Dataset gives."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.images.batches import Loader, Skipped
from ingest.images.decoding import UnreadableImage
from ingest.images.labels import match_labels
from ingest.images.opening import open_source
from ingest.images.preprocessing import Normalisation
from ingest.pipeline import ingest
from summit_graph.errors import SummitError
from summit_graph.run import Run
from tests.ingest.pictures import held_pixels, write_folders
from tests.ingest.test_pipeline import parameters_for
from tests.ingest.tiny_model import MODEL

COUNTS = {"ant": 3, "bee": 2, "cat": 4}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One folder per class, three classes."""
    return write_folders(tmp_path / "images", COUNTS)


# -- arrays -----------------------------------------------------------------------------------------------------------


def pixels_of(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    files = sorted(folder.rglob("*.png"))
    images = np.stack([np.asarray(Image.open(file)) for file in files])
    return images, np.array([sorted(COUNTS).index(file.parent.name) for file in files])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW", "large"])
def test_arrays_are_images_with_the_numbers_of_the_outputs(
    folder: Path, tmp_path: Path, save: Callable[..., None], layout: str
) -> None:
    images, labels = pixels_of(folder)
    if layout == "large":  # beyond what is read at once: mapped where it lies
        images = np.concatenate([images, np.zeros((20_000, *images.shape[1:]), np.uint8)])
        labels = np.concatenate([labels, np.full(20_000, 7)])
    save(tmp_path / "a.npz", x=images.transpose(0, 3, 1, 2) if layout == "NCHW" else images, y=labels)
    source = open_source(tmp_path / "a.npz", limit=4)
    assert [entry.number for entry in source.classes] == [0, 1, 2, *([7] if layout == "large" else [])]
    read = list(held_pixels(source).values())
    for expected, got in zip(held_pixels(open_source(folder)).values(), read[:3], strict=True):
        assert all(np.array_equal(*pair) for pair in zip(expected, got, strict=True))


def test_arrays_of_floats_are_the_models_input_itself(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny_model.py").write_text(MODEL)
    images, labels = pixels_of(folder)
    inputs = (images.transpose(0, 3, 1, 2).astype(np.float32) / 255 - np.float32(0.5)) / np.float32(0.25)
    np.savez(tmp_path / "inputs.npz", images=inputs, labels=labels)
    parameters = parameters_for(tmp_path / "tiny_model.py")
    by_files = ingest(parameters, folder, tmp_path / "files")
    with pytest.raises(SummitError, match="are the model's input already: leave out --mean"):
        ingest(parameters, tmp_path / "inputs.npz", tmp_path / "run")
    bare = parameters_for(tmp_path / "tiny_model.py", mean=(), std=())
    ingest(bare, tmp_path / "inputs.npz", tmp_path / "run")
    for number in range(3):
        counts = [Run.open(tmp_path / name).table("hops", number) for name in ("run", "files")]
        assert counts[0].equals(counts[1])
    assert by_files.images == 9


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros((4, 5, 5, 3), np.uint8)}, "save two arrays, images and labels"),
        ({"x": np.zeros((4, 5, 5, 3), np.uint8), "y": np.zeros(3, int)}, "save two arrays"),
        ({"x": np.zeros((4, 5, 5, 7), np.uint8), "y": np.zeros(4, int)}, "give uint8"),
        ({"x": np.zeros((4, 5, 5, 3), np.int64), "y": np.zeros(4, int)}, "give uint8"),
        ({"x": np.zeros((4, 5, 5), np.float32), "y": np.zeros(4, int)}, "must be the model's input"),
        ({"x": np.zeros((4, 5, 5, 3), np.uint8), "y": np.full(4, -1)}, "a label is -1"),
        ({"x": np.zeros((4, 5, 5, 3), np.uint8), "y": np.array([None] * 4)}, "cannot be read as NumPy arrays"),
    ],
)
def test_arrays_that_cannot_be_taken_say_why(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(SummitError) as raised:
        open_source(tmp_path / "a.npz")
    assert said in str(raised.value)


def test_an_array_that_does_not_begin_where_the_archive_says_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, labels=np.zeros(40, np.int64), images=np.zeros((40, 100, 100, 3), np.uint8))
    begins = zipfile.ZipFile(path).getinfo("images.npy").header_offset
    content = bytearray(path.read_bytes())
    content[begins : begins + 4] = b"torn"
    path.write_bytes(content)
    with pytest.raises(SummitError, match=r"arrays\.npz is damaged"):
        open_source(path)


def test_names_of_the_outputs_may_stand_in_the_arrays(tmp_path: Path) -> None:
    images = np.zeros((2, 4, 4), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([1, 0]), names=np.array(["no", "yes"]))
    source = open_source(tmp_path / "a.npz")
    labels = match_labels(["0", "1"], 2, numbers={"0": 0, "1": 1}, names=source.names)
    assert labels.name(1) == "yes"


# -- torch data sets --------------------------------------------------------------------------------------------------

DATASETS = """
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset
from torchvision.datasets import ImageFolder

ROOT = Path(__file__).parent / "images"

def folder():
    return ImageFolder(ROOT)

def part():
    return Subset(ImageFolder(ROOT), [8, 0, 4])

class Items(Dataset):
    def __len__(self):
        return 5
    def __getitem__(self, index):
        if index == 3:
            raise ValueError("torn")
        return torch.full((3, 5, 6), float(index)), index % 2

class Deep(Dataset):
    targets = [0, 0]
    def __len__(self):
        return 2
    def __getitem__(self, index):
        deep = np.full((5, 6), 0x1234, np.uint16 if index == 0 else np.int32)
        return Image.fromarray(deep), 0

class Labelled(Items):
    targets = [0, 1, 0, 1, 0]

def nothing():
    return 7

def texts():
    return ["a", "b"]

def fails():
    raise RuntimeError("no disk")
"""


@pytest.fixture
def datasets(folder: Path, tmp_path: Path) -> str:
    (tmp_path / "sets.py").write_text(DATASETS)
    return f"{tmp_path}/sets.py"


def test_a_torch_dataset_of_a_factory_is_a_source(datasets: str, folder: Path) -> None:
    source = open_source(f"{datasets}:folder", limit=2)
    assert [(entry.number, len(entry.images)) for entry in source.classes] == [(0, 2), (1, 2), (2, 2)]
    assert source.names == {"0": "ant", "1": "bee", "2": "cat"}
    for expected, got in zip(
        held_pixels(open_source(folder, limit=2)).values(), held_pixels(source).values(), strict=True
    ):
        assert all(np.array_equal(*pair) for pair in zip(expected, got, strict=True))
    part = open_source(f"{datasets}:part")
    assert {entry.number: [image.name for image in entry.images] for entry in part.classes} == {
        0: ["1"],
        1: ["2"],
        2: ["0"],
    }


@pytest.mark.parametrize("workers", [0, 1])
def test_a_dataset_of_tensors_is_the_models_input_and_its_torn_items_are_skipped(datasets: str, workers: int) -> None:
    source = open_source(f"{datasets}:Labelled")
    assert source.prepared
    entries: list[dict[str, str]] = []
    with Loader(source.reader, Normalisation(), batch_size=9, workers=workers) as loader:
        read = [(image.name, np.unique(np.asarray(array))) for image, array in loader.pixels(source.classes[0].images)]
        assert [(name, float(value[0])) for name, value in read] == [("0", 0.0), ("2", 2.0), ("4", 4.0)]
        assert not list(loader.batches(source.classes[1].images[1:], Skipped(5, 1.0), entries))
    assert entries == [{"image": "3", "reason": "ValueError: torn"}]


def test_a_datasets_images_of_16_bits_keep_their_high_byte_and_those_of_32_are_skipped(datasets: str) -> None:
    source = open_source(f"{datasets}:Deep")
    with Loader(source.reader, Normalisation(), batch_size=2, workers=0) as loader:
        (_, pixels), (_, refused) = loader.pixels(source.classes[0].images)
    assert isinstance(pixels, np.ndarray)
    assert pixels.shape == (5, 6, 3)
    assert np.unique(pixels).tolist() == [0x12]
    assert isinstance(refused, UnreadableImage)
    assert "32 bits" in str(refused)


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("nothing", "gives int, which is no data set"),
        ("texts", "must give (image, label) for each item, not str"),
        ("fails", "fails() failed: RuntimeError: no disk"),
        ("foldre", "nearest: folder"),
        ("Items", "ValueError: torn"),
    ],
)
def test_a_factory_that_makes_something_else_says_so(datasets: str, factory: str, said: str) -> None:
    with pytest.raises(SummitError) as raised:
        open_source(f"{datasets}:{factory}")
    assert said in str(raised.value)


def test_labels_are_for_folders(datasets: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,class\n")
    with pytest.raises(SummitError, match="has labels of its own"):
        open_source(f"{datasets}:folder", labels=tmp_path / "labels.csv")
