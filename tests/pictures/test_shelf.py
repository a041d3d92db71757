"""Pictures beside a store: copied with their hashes, in one piece, and none that is no picture of the run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from summit_graph.errors import SummitError
from summit_graph.pictures import PICTURES, Shelf, examples_path, shelf_of, visualization_path


def draw(directory: Path, path: str, colour: tuple[int, int, int] = (200, 30, 60), width: int = 30) -> Path:
    """A picture in a run directory."""
    file = directory / PICTURES / path
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, 10), colour).save(file)
    return file


@pytest.fixture
def run(tmp_path: Path) -> Path:
    directory = tmp_path / "run"
    for path in (
        examples_path("head", 3),
        examples_path("head", 3, 1),
        visualization_path("head", 3),
        visualization_path("head", 3, 0),
        visualization_path("head", 3, 1),
        visualization_path("stem.0", 0),
    ):
        draw(directory, path, (len(path), 0, 90))
    return directory


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "store.lbug.pictures")


def test_a_neuron_s_pictures_are_found_with_their_hashes(run: Path, shelf: Shelf) -> None:
    assert shelf.put("small", run) == 6
    found = shelf.pictures("small").of_neuron("head", 3, 1)
    assert found.examples is not None
    assert found.class_examples is not None
    assert found.visualization is not None
    assert [one.path for one in found.diverse] == [visualization_path("head", 3, variant) for variant in (0, 1)]
    file = run / PICTURES / examples_path("head", 3, 1)
    assert found.class_examples.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (found.class_examples.width, found.class_examples.height) == (30, 10)
    assert found.class_examples.size == file.stat().st_size
    assert shelf.pictures("small").read(found.class_examples) == file.read_bytes()


def test_what_is_not_there_is_none(run: Path, shelf: Shelf) -> None:
    shelf.put("small", run)
    found = shelf.pictures("small").of_neuron("stem.0", 0, 1)
    assert (found.examples, found.class_examples, found.diverse) == (None, None, ())
    assert found.visualization is not None
    assert shelf.pictures("another").pictures == []
    assert Shelf(run / "nowhere").pictures("small").pictures == []


def test_the_same_pictures_are_not_copied_again(run: Path, shelf: Shelf) -> None:
    shelf.put("small", run)
    before = (shelf.folder / "small").stat().st_ino
    assert shelf.put("small", run) is None
    assert (shelf.folder / "small").stat().st_ino == before


def test_changed_pictures_take_the_place_of_the_old_ones_and_readers_see_it(run: Path, shelf: Shelf) -> None:
    shelf.put("small", run)
    old = shelf.pictures("small").of_neuron("stem.0", 0).visualization
    draw(run, visualization_path("stem.0", 0), (1, 2, 3), width=20)
    (run / PICTURES / examples_path("head", 3)).unlink()
    assert shelf.put("small", run) == 5
    new = shelf.pictures("small")
    assert new.of_neuron("stem.0", 0).visualization not in (None, old)
    assert new.of_neuron("head", 3).examples is None
    assert not (shelf.folder / "small" / examples_path("head", 3)).exists()
    assert [entry.name for entry in shelf.folder.iterdir()] == ["small"]


def test_a_run_whose_pictures_are_gone_has_none_beside_the_store(run: Path, shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("small", run)
    assert shelf.put("small", tmp_path / "without") == 0
    assert not (shelf.folder / "small").exists()


def test_what_a_killed_copy_left_is_removed(run: Path, shelf: Shelf) -> None:
    (shelf.folder / ".small.99999.new" / "examples").mkdir(parents=True)
    (shelf.folder / ".small.99999.old").mkdir()
    shelf.put("small", run)
    assert [entry.name for entry in shelf.folder.iterdir()] == ["small"]


def test_files_at_other_places_are_left_out(run: Path, shelf: Shelf) -> None:
    draw(run, "examples/thumbnail.webp")
    (run / PICTURES / "notes.txt").write_text("mine")
    assert shelf.put("small", run) == 6


@pytest.mark.parametrize("content", [b"", b"RIFF\x10\0\0\0WEBPVP8 ", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_webp_image_is_refused_and_nothing_changes(run: Path, shelf: Shelf, content: bytes) -> None:
    shelf.put("small", run)
    (run / PICTURES / visualization_path("stem.0", 0)).write_bytes(content)
    draw(run, examples_path("stem.0", 0))
    with pytest.raises(SummitError, match=r"stem\.0/0\.webp is no WebP image"):
        shelf.put("small", run)
    assert len(shelf.pictures("small").pictures) == 6


def test_a_path_that_leads_out_of_the_folder_is_refused(run: Path, shelf: Shelf, tmp_path: Path) -> None:
    outside = draw(tmp_path / "elsewhere", examples_path("head", 4))
    (run / PICTURES / examples_path("head", 4)).symlink_to(outside)
    with pytest.raises(SummitError, match="leads out of"):
        shelf.put("small", run)
    assert not shelf.folder.exists()


def test_a_picture_that_changed_since_is_not_handed_out(run: Path, shelf: Shelf) -> None:
    shelf.put("small", run)
    pictures = shelf.pictures("small")
    picture = pictures.pictures[0]
    copy = shelf.folder / "small" / picture.path
    copy.write_bytes(copy.read_bytes() + b"\0")
    assert pictures.read(picture) is None
    copy.unlink()
    assert pictures.read(picture) is None


def test_a_damaged_index_is_said(run: Path, shelf: Shelf) -> None:
    shelf.put("small", run)
    (shelf.folder / "small" / "index.parquet").write_bytes(b"PAR1")
    with pytest.raises(SummitError, match="load the run again"):
        shelf.pictures("small")


def test_the_shelf_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUMMIT_PICTURES", raising=False)
    beside = shelf_of(str(tmp_path / "mine.lbug"))
    assert beside is not None
    assert beside.folder == tmp_path / "mine.lbug.pictures"
    assert shelf_of("bolt://127.0.0.1:7687") is None
    monkeypatch.setenv("SUMMIT_PICTURES", str(tmp_path / "shared"))
    named = shelf_of("bolt://127.0.0.1:7687")
    assert named is not None
    assert named.folder == tmp_path / "shared"
