"""Pictures that Summit published come to lie where a run's own do; nothing else gets in with them."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from summit_graph.cli import app
from summit_graph.errors import SummitError
from summit_graph.exchange.published_pictures import import_pictures
from summit_graph.exchange.summit_import import import_summit
from summit_graph.pictures import PICTURES, examples_path, index_folder, visualization_path
from summit_graph.run import Run
from tests.runs import make_run


def jpeg(colour: tuple[int, int, int], side: int = 40) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(held, "JPEG", quality=95)
    return held.getvalue()


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Its layers are stem.0 (6 channels), mixed3 (8), mixed4 (8) and head (5)."""
    return make_run(tmp_path / "run")


def test_optimized_images_and_patches_get_the_run_s_own_places(run: Run, tmp_path: Path) -> None:
    colours = [(200, 10, 10), (10, 200, 10), (10, 10, 200)]
    files = {f"feature-vis/dataset-p/mixed3-7-dataset-p-{rank}.jpg": jpeg(colours[rank]) for rank in (2, 0, 1)}
    files["feature-vis/channel/mixed3-7-channel.jpg"] = jpeg((90, 90, 10))
    files["feature-vis/diversity-1/mixed3-7-diversity-1.jpg"] = jpeg((10, 90, 90))
    assert import_pictures([archive(tmp_path / "p.zip", files)], run) == 3
    folder = run.directory / PICTURES
    assert [one.path for one in index_folder(folder)] == [
        examples_path("mixed3", 7),
        visualization_path("mixed3", 7, 1),
        visualization_path("mixed3", 7),
    ]
    with Image.open(folder / examples_path("mixed3", 7)) as strip:
        assert strip.size == (120, 40)
        shown = np.asarray(strip.convert("RGB"))[20, 20::40]  # (patches, 3)
    # WebP's half-resolution colours shift a plain one by a few steps.
    np.testing.assert_allclose(shown, colours, atol=6)


def test_pictures_of_other_neurons_and_other_files_are_left_out(run: Run, tmp_path: Path) -> None:
    files = {
        "feature-vis/channel/mixed3-7-channel.jpg": jpeg((1, 2, 3)),
        "feature-vis/channel/mixed3-8-channel.jpg": jpeg((1, 2, 3)),
        "feature-vis/channel/mixed9-0-channel.jpg": jpeg((1, 2, 3)),
        "readme.txt": b"hello",
    }
    assert import_pictures([archive(tmp_path / "p.zip", files)], run) == 1
    assert len(index_folder(run.directory / PICTURES)) == 1


def test_what_is_there_already_stays(run: Run, tmp_path: Path) -> None:
    name = "feature-vis/channel/head-0-channel.jpg"
    import_pictures([archive(tmp_path / "a.zip", {name: jpeg((1, 2, 3))})], run)
    before = index_folder(run.directory / PICTURES)
    import_pictures([archive(tmp_path / "b.zip", {name: jpeg((200, 2, 3))})], run)
    assert index_folder(run.directory / PICTURES) == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("../../mixed3-7-channel.jpg", jpeg((1, 2, 3)), "leads out of it"),
        ("/tmp/mixed3-7-channel.jpg", jpeg((1, 2, 3)), "leads out of it"),
        ("a\\..\\mixed3-7-channel.jpg", jpeg((1, 2, 3)), "leads out of it"),
        ("mixed3-7-channel.jpg", b"<html>", "no JPEG image"),
        ("mixed3-7-channel.jpg", jpeg((1, 2, 3))[:300], "no JPEG image"),
        ("mixed3-7-channel.jpg", jpeg((1, 2, 3), side=3000), "too many for a neuron"),
        ("mixed9-0-channel.jpg", jpeg((1, 2, 3)), "no pictures of the run's neurons"),
    ],
)
def test_what_is_no_picture_of_a_neuron_is_refused(
    run: Run, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(SummitError, match=said):
        import_pictures([archive(tmp_path / "p.zip", {name: content})], run)
    assert not list(run.directory.rglob("*.webp"))


def test_a_file_that_is_no_archive_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"PK no")
    with pytest.raises(SummitError, match="no zip archive"):
        import_pictures([tmp_path / "p.zip"], run)
    with pytest.raises(SummitError, match="no zip archive"):
        import_pictures([tmp_path / "nowhere.zip"], run)


def test_the_command_brings_them_into_an_import_that_is_there_already(tmp_path: Path) -> None:
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    nodes = [{"channel": 3, "count": 5, "pagerank": 0.5, "prev_channels": []}]
    (graphs / "ag-0.json").write_text(json.dumps({"upper": nodes, "lower": nodes}))
    import_summit(graphs, tmp_path / "run")
    pictures = archive(tmp_path / "p.zip", {"feature-vis/channel/upper-3-channel.jpg": jpeg((1, 2, 3))})
    command = ["import", "summit", str(graphs), "--out", str(tmp_path / "run"), "--pictures", str(pictures)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "1 pictures are in" in result.stderr
    assert (tmp_path / "run" / PICTURES / visualization_path("upper", 3)).is_file()
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 0, again.output


@pytest.mark.long
def test_all_published_pictures_come_in(published_files: Path, published_run: Run, tmp_path: Path) -> None:
    archives = [published_files / "feature-visualizations.zip", published_files / "dataset-examples.zip"]
    missing = [path for path in archives if not path.is_file()]
    if missing:
        pytest.skip(f"no published pictures: {missing[0]} is missing")
    # Other tests use the run as it is, without pictures.
    run = Run.open(shutil.copytree(published_run.directory, tmp_path / "run"))
    assert import_pictures(archives, run) == 2 * 3_102
    pictures = index_folder(run.directory / PICTURES)
    assert {(one.width, one.height) for one in pictures} == {(147, 147), (5 * 73, 73)}
