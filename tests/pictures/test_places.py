"""Paths of pictures: what they show can be read off them, and no name leads out of the folder."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from summit_graph.pictures import Place, examples_path, folder_name, place_of, visualization_path

NAMES = ("layer3.2", "mixed4d", "a/b", "..", ".", "...", "é layer", "a%2Fb", "x\x00y", "100% of ü")


@pytest.mark.parametrize("layer", NAMES)
def test_a_path_says_what_it_shows(layer: str) -> None:
    assert place_of(examples_path(layer, 7)) == Place("examples", layer, 7)
    assert place_of(examples_path(layer, 7, 0)) == Place("examples", layer, 7, class_number=0)
    assert place_of(visualization_path(layer, 7)) == Place("visualizations", layer, 7)
    assert place_of(visualization_path(layer, 7, 3)) == Place("visualizations", layer, 7, variant=3)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_folder(name: str) -> None:
    assert PurePosixPath(folder_name(name)).parts == (folder_name(name),)
    assert folder_name(name) not in {".", ".."}
    assert "\x00" not in folder_name(name)


def test_usual_names_stay_as_they_are() -> None:
    assert examples_path("layer3.2", 17, 4) == "examples/class-4/layer3.2/17.webp"
    assert visualization_path("mixed4d", 0) == "visualizations/mixed4d/0.webp"


@pytest.mark.parametrize(
    "path",
    [
        "examples/all/mixed3a/7.png",
        "examples/mixed3a/7.webp",
        "examples/class-07/mixed3a/7.webp",
        "examples/all/mixed3a/-1.webp",
        "examples/all/mixed3a/7.webp/",
        "examples/all/../mixed3a/7.webp",
        "visualizations/mixed3a/7-.webp",
        "visualizations/mixed3a/٣.webp",
        "visualizations//7.webp",
        "index.parquet",
    ],
)
def test_other_paths_show_nothing(path: str) -> None:
    assert place_of(path) is None
