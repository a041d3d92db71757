"""Pictures over HTTP: which there are, single ones, and the atlas of a class's graph, each kept for good."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from summit_graph.pictures import Shelf, examples_path, visualization_path
from tests.api.clients import client_of
from tests.api.pictured import CLASS, PICTURES_OF_RUN, RUN, content, name_of, pictured
from tests.api.problem import problem_of

GRAPH = f"/api/v1/graph?class={CLASS}"


@pytest.fixture(scope="module")
def pictured_path(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictured(store_path, tmp_path_factory.mktemp("pictured"))


@pytest.fixture(scope="module")
def gallery(pictured_path: Path) -> Iterator[TestClient]:
    """The application over a store with pictures."""
    with client_of(create_app(str(pictured_path))) as client:
        yield client


@pytest.fixture(scope="module")
def graph(gallery: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = gallery.get(GRAPH).json()
    return answer


def image(client: TestClient, path: str) -> Image.Image:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(response.content)) as opened:
        return opened.convert("RGBA")


def is_near(colour: Any, other: tuple[int, int, int]) -> bool:
    """WebP with losses shifts colours a little."""
    return all(abs(one - two) <= 12 for one, two in zip(colour, other, strict=False))


def test_a_neuron_s_pictures_are_told_and_fetched(gallery: TestClient) -> None:
    told = gallery.get(f"/api/v1/pictures?neuron=head/3&class={CLASS}").json()
    assert told == {
        "run": RUN,
        "neuron": "head/3",
        "visualization": f"pictures/{RUN}/{name_of(visualization_path('head', 3))}",
        "diverse": [f"pictures/{RUN}/{name_of(visualization_path('head', 3, variant))}" for variant in (0, 1)],
        "examples": f"pictures/{RUN}/{name_of(examples_path('head', 3))}",
        "class_examples": f"pictures/{RUN}/{name_of(examples_path('head', 3, CLASS))}",
    }
    response = gallery.get(f"/api/v1/{told['examples']}")
    assert response.content == content(examples_path("head", 3))
    without = gallery.get("/api/v1/pictures?neuron=stem.0/0").json()
    assert [without[key] for key in ("visualization", "diverse", "examples", "class_examples")] == [
        None,
        [],
        None,
        None,
    ]
    problem_of(gallery.get("/api/v1/pictures?neuron=head/99"), 404)
    problem_of(gallery.get("/api/v1/pictures"), 422)


def test_each_node_has_its_cell_and_the_cell_shows_it(gallery: TestClient, graph: dict[str, Any]) -> None:
    atlas = graph["atlas"]
    sheet = image(gallery, atlas["path"])
    assert sheet.size == (atlas["width"], atlas["height"])
    shown = {node["neuron"]: node["pictures"] for node in graph["nodes"]}
    assert sum(pictures is not None for pictures in shown.values()) >= 4
    assert any(pictures is None for pictures in shown.values())
    for neuron, pictures in shown.items():
        if pictures is None:
            assert neuron.partition("/")[0] not in {"head", "mixed4"}
            continue
        layer, _, channel = neuron.rpartition("/")
        path = visualization_path(layer, int(channel))
        if path not in PICTURES_OF_RUN:
            path = examples_path(layer, int(channel), CLASS)
        if path not in PICTURES_OF_RUN:
            path = examples_path(layer, int(channel))
        assert pictures["kind"] == ("visualization" if path.startswith("visualizations") else "examples")
        middle = atlas["side"] // 2
        colour = sheet.getpixel((pictures["x"] + middle, pictures["y"] + middle))
        assert is_near(colour, PICTURES_OF_RUN[path][0]), neuron
    corners = [(one["x"], one["y"]) for one in shown.values() if one]
    assert len(set(corners)) == len(corners)


def test_what_never_changes_is_kept_for_good(gallery: TestClient, graph: dict[str, Any]) -> None:
    for path in (graph["atlas"]["path"], f"pictures/{RUN}/{name_of(visualization_path('head', 3))}"):
        first = gallery.get(f"/api/v1/{path}")
        assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        again = gallery.get(f"/api/v1/{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert gallery.head(f"/api/v1/{path}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "small/" + "0" * 64 + ".webp",
        "nothing/" + "0" * 64 + ".webp",
        "small/../small/index.parquet",
        "small/..%2F..%2Fpictured.lbug",
        "..%2F..%2Frun/" + "0" * 64 + ".webp",
        "small/index.parquet",
        "small/%2Fetc%2Fpasswd",
        "small%00/" + "0" * 64 + ".webp",
        "small/examples/all/head/3.webp",
        "small/atlas/4-" + "0" * 64 + ".webp",
        "small/atlas/999-" + "0" * 64 + ".webp",
        "small/atlas/4.webp",
        "small/atlas/../../../pictured.lbug",
    ],
)
def test_nothing_else_is_handed_out(gallery: TestClient, path: str) -> None:
    response = gallery.get(f"/api/v1/pictures/{path}")
    assert response.status_code in {404, 422}
    problem_of(response, response.status_code)


def test_a_file_that_was_changed_or_is_gone_is_not_handed_out(store_path: Path, tmp_path: Path) -> None:
    path = pictured(store_path, tmp_path)
    kept = Shelf(tmp_path / "pictured.lbug.pictures").folder / RUN
    one, other = visualization_path("head", 3), examples_path("head", 3)
    (kept / one).write_text("<script>", encoding="utf-8")
    (kept / other).unlink()
    (kept / other).symlink_to("/etc/passwd")
    with client_of(create_app(str(path))) as client:
        for picture in (one, other):
            problem_of(client.get(f"/api/v1/pictures/{RUN}/{name_of(picture)}"), 404)
        told = client.get(GRAPH).json()
        sheet = image(client, told["atlas"]["path"])
        [cell] = [node["pictures"] for node in told["nodes"] if node["neuron"] == "head/3"]
        pixel = sheet.getpixel((cell["x"] + 5, cell["y"] + 5))
        assert isinstance(pixel, tuple)
        assert pixel[3] == 0


def test_a_damaged_index_is_a_graph_without_pictures(store_path: Path, tmp_path: Path) -> None:
    path = pictured(store_path, tmp_path)
    (tmp_path / "pictured.lbug.pictures" / RUN / "index.parquet").write_bytes(b"PAR1")
    with client_of(create_app(str(path))) as client:
        told = client.get(GRAPH)
        assert told.status_code == 200
        assert told.json()["atlas"] is None


def test_a_store_without_pictures_has_none(client: TestClient) -> None:
    graph = client.get(GRAPH).json()
    assert graph["atlas"] is None
    assert {str(node["pictures"]) for node in graph["nodes"]} == {"None"}
    told = client.get("/api/v1/pictures?neuron=head/3").json()
    assert told["visualization"] is None
    problem_of(client.get(f"/api/v1/pictures/{RUN}/{'0' * 64}.webp"), 404)


def test_an_atlas_of_another_moment_is_not_there(store_path: Path, tmp_path: Path) -> None:
    path = pictured(store_path, tmp_path)
    with client_of(create_app(str(path))) as client:
        before = client.get(GRAPH).json()["atlas"]["path"]
        Shelf(tmp_path / "pictured.lbug.pictures").remove(RUN)
        problem_of(client.get(f"/api/v1/{before}"), 404)
        assert client.get(GRAPH).json()["atlas"] is None
