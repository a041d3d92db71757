"""Published class graphs become a run directory: every node and edge, nothing half-written."""

from __future__ import annotations

import copy
import csv
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from summit_graph.cli import app
from summit_graph.errors import SummitError
from summit_graph.exchange.summit_import import INCEPTION_V1_CHANNELS, import_summit
from summit_graph.run import Run, RunWriter
from summit_graph.run.writer import ClassResult

Graph = dict[str, Any]
"""A file's content: layer → nodes."""
Change = Callable[[dict[int, Graph]], object]


def node(channel: int, count: int, pagerank: float, *prev_channels: tuple[int, int]) -> dict[str, Any]:
    return {
        "channel": channel,
        "count": count,
        "layer": "unread",
        "pagerank": pagerank,
        "prev_channels": [{"prev_channel": source, "inf": influence} for source, influence in prev_channels],
        "attr_channels": [{"prev_channel": "77", "inf": 9}],
    }


GRAPHS: dict[int, Graph] = {
    3: {
        "top": [node(8, 40, 0.25, (5, 12), (2, 7))],
        "middle": [node(5, 31, 0.125, (0, 30)), node(2, 31, 0.5, (0, 4), (1, 4))],
        "bottom": [node(0, 9, 0.0625), node(1, 0, 0.03125)],
    },
    11: {"top": [node(8, 2, 0.5)], "middle": [node(5, 6, 0.5, (3, 1))], "bottom": [node(3, 50, 0.25)]},
}
"""Two classes of a model with three layers; class 11 has a node without edges."""


def write_folder(folder: Path, graphs: dict[int, Graph] = GRAPHS) -> Path:
    folder.mkdir()
    for number, graph in graphs.items():
        (folder / f"ag-{number}.json").write_text(json.dumps(graph))
    return folder


def write_zip(path: Path, graphs: dict[int, Graph] = GRAPHS) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, graph in graphs.items():
            archive.writestr(f"data/ag/ag-{number}.json", json.dumps(graph))
    return path


def write_classes(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(run: Run, table: str, number: int | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run.table(table, number).to_pylist()
    return found


def edges_by_name(run: Run, number: int) -> dict[tuple[str, str], int]:
    """A class's edges by the names of their ends, read from the run's tables."""
    layers = {layer.index: layer.name for layer in run.manifest.layers}
    name = {row["neuron"]: f"{layers[row['layer_index']]}/{row['channel']}" for row in rows(run, "neurons")}
    return {(name[row["source"]], name[row["target"]]): row["count"] for row in rows(run, "influences", number)}


def test_every_node_and_edge_of_a_small_model_is_in_the_run(tmp_path: Path) -> None:
    report = import_summit(write_folder(tmp_path / "graphs"), tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert [(layer.name, layer.channels) for layer in run.manifest.layers] == [("bottom", 4), ("middle", 6), ("top", 9)]
    assert [tuple(row.values()) for row in rows(run, "neurons")] == [
        (0, 0, 0),
        (1, 0, 1),
        (2, 0, 3),
        (3, 1, 2),
        (4, 1, 5),
        (5, 2, 8),
    ]
    assert [tuple(row.values()) for row in rows(run, "activations", 3)] == [
        (3, 0, 9, 0.0625, True),
        (3, 1, 0, 0.03125, True),
        (3, 3, 31, 0.5, True),
        (3, 4, 31, 0.125, True),
        (3, 5, 40, 0.25, True),
    ]
    assert edges_by_name(run, 3) == {
        ("bottom/0", "middle/2"): 4,
        ("bottom/0", "middle/5"): 30,
        ("bottom/1", "middle/2"): 4,
        ("middle/2", "top/8"): 7,
        ("middle/5", "top/8"): 12,
    }
    assert edges_by_name(run, 11) == {("bottom/3", "middle/5"): 1}
    assert (report.classes, report.neurons, report.activations, report.influences) == (2, 6, 8, 6)


def test_what_the_files_do_not_tell_stays_unknown(tmp_path: Path) -> None:
    import_summit(write_folder(tmp_path / "graphs"), tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert rows(run, "classes") == [
        {"class": 3, "name": "class 3", "images": None, "correct": None},
        {"class": 11, "name": "class 11", "images": None, "correct": None},
    ]
    assert run.manifest.parameters is None
    assert run.manifest.images is None
    assert run.manifest.totals == {"3": {}, "11": {}}
    assert run.manifest.notes["published_parameters"]["activation_mass"] == 0.01
    for table in ("hops", "predictions", "examples"):
        assert not run.has(table, 3)
    run.check_digests()


def test_names_come_from_the_list_and_images_from_the_option(tmp_path: Path) -> None:
    classes = write_classes(
        tmp_path / "classes.csv",
        "\ufeffindex,wnid,name",
        "11,n02,crane",
        '3,n01,"crane, the bird"',
        "4,n03,none of ours",
    )
    graphs = write_zip(tmp_path / "graphs.zip")
    import_summit(graphs, tmp_path / "run", classes=classes, images_per_class=50, run="birds")
    run = Run.open(tmp_path / "run")
    assert [(row["class"], row["name"], row["images"]) for row in rows(run, "classes")] == [
        (3, "crane, the bird", 50),
        (11, "crane", 50),
    ]
    assert (run.manifest.run, run.manifest.images) == ("birds", 100)
    assert run.manifest.notes["wnids"] == {"3": "n01", "11": "n02"}


def test_a_zip_and_a_folder_of_the_same_files_give_the_same_run(tmp_path: Path) -> None:
    packed = import_summit(write_zip(tmp_path / "graphs.zip"), tmp_path / "packed")
    unpacked = import_summit(write_folder(tmp_path / "graphs"), tmp_path / "unpacked")
    assert packed == unpacked


def test_the_same_import_again_writes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "graphs")
    first = import_summit(folder, tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    again = import_summit(folder, tmp_path / "run")
    assert (first.already_imported, again.already_imported) == (False, True)
    assert first.digest == again.digest
    with pytest.raises(SummitError, match="something else"):
        import_summit(folder, tmp_path / "run", images_per_class=100)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before


def test_a_killed_import_goes_on_with_the_next_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "graphs")
    undisturbed = import_summit(folder, tmp_path / "undisturbed")
    write_class = RunWriter.write_class
    written: list[int] = []

    def stop_at_the_second(writer: RunWriter, result: ClassResult) -> None:
        if written:
            raise KeyboardInterrupt
        write_class(writer, result)
        written.append(result.number)

    monkeypatch.setattr(RunWriter, "write_class", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        import_summit(folder, tmp_path / "run")
    written.clear()
    assert import_summit(folder, tmp_path / "run").digest == undisturbed.digest
    assert written == [11]


def changed(change: Change) -> dict[int, Graph]:
    graphs = copy.deepcopy(GRAPHS)
    change(graphs)
    return graphs


def set_value(layer: str, key: str, value: Any) -> Change:
    return lambda graphs: graphs[3][layer][0].update({key: value})


WRONG_GRAPHS: dict[str, tuple[Change, str]] = {
    "an edge from nowhere": (
        lambda graphs: graphs[3]["top"][0]["prev_channels"].append({"prev_channel": 4, "inf": 1}),
        r"ag-3\.json in .*: top/8: prev_channel 4 is no node of the layer below",
    ),
    "an edge into the lowest layer": (
        lambda graphs: graphs[3]["bottom"][0]["prev_channels"].append({"prev_channel": 1, "inf": 1}),
        r"ag-3\.json in .*: bottom/0: prev_channel 1 is no node",
    ),
    "a node twice": (lambda graphs: graphs[3]["top"].append(graphs[3]["top"][0]), r"top has the node 8 twice"),
    "an edge twice": (
        lambda graphs: graphs[3]["top"][0]["prev_channels"].append({"prev_channel": 5, "inf": 1}),
        r"top/8 has prev_channel 5 twice",
    ),
    "a negative count": (set_value("top", "count", -1), r"top/8: count is -1, it must be a whole number from 0"),
    "a count that is no number": (set_value("top", "count", "many"), r"count is 'many'"),
    "a count of true": (set_value("top", "count", True), r"count is True"),
    "a count past 32 bits": (set_value("top", "count", 2**31), r"count is 2147483648"),
    "a missing count": (lambda graphs: graphs[3]["top"][0].pop("count"), r"count is None"),
    "an edge of count 0": (
        lambda graphs: graphs[3]["top"][0]["prev_channels"][0].update(inf=0),
        r"top/8, prev_channel 5: inf is 0, it must be a whole number from 1",
    ),
    "a negative channel": (set_value("bottom", "channel", -2), r"channel is -2"),
    "an importance that is no number": (set_value("top", "pagerank", float("nan")), r"pagerank is nan"),
    "edges that are no list": (set_value("top", "prev_channels", None), r"prev_channels is None, it must be a list"),
    "a node that is no object": (lambda graphs: graphs[3].update(top=[7]), r"top: channel is None"),
    "a layer that is no list": (lambda graphs: graphs[3].update(top=7), r"no attribution graph"),
    "a missing layer": (lambda graphs: graphs[11].pop("bottom"), r"prev_channel 3 is no node"),
    "layers in another order": (
        lambda graphs: graphs.update({11: {"middle": [], "top": [], "bottom": []}}),
        r"ag-11\.json in .* has other layers than ag-3\.json",
    ),
    "a channel that InceptionV1 lacks": (
        lambda graphs: graphs.update(
            {
                n: {layer: [] for layer in reversed(list(INCEPTION_V1_CHANNELS))} | {"mixed3a": [node(256, 1, 0.5)]}
                for n in graphs
            }
        ),
        r"ag-3\.json: mixed3a has 256 channels, so 256 is none",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG_GRAPHS.values(), ids=WRONG_GRAPHS)
def test_a_graph_that_cannot_be_is_refused_and_nothing_is_written(tmp_path: Path, change: Change, message: str) -> None:
    folder = write_folder(tmp_path / "graphs", changed(change))
    with pytest.raises(SummitError, match=message) as caught:
        import_summit(folder, tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def no_zip(folder: Path) -> Path:
    path = folder / "graphs.zip"
    path.write_text("not a zip")
    return path


def damaged_zip(folder: Path) -> Path:
    """The second file's content is overwritten, its place in the archive is not."""
    path = folder / "graphs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in (3, 11):
            archive.writestr(f"ag-{number}.json", json.dumps(GRAPHS[number]))
        start = archive.infolist()[1].header_offset + 60
    content = bytearray(path.read_bytes())
    content[start : start + 8] = b"\xff" * 8
    path.write_bytes(content)
    return path


def damaged_json(folder: Path) -> Path:
    graphs = write_folder(folder / "graphs")
    (graphs / "ag-11.json").write_text('{"top": [')
    return graphs


def empty_folder(folder: Path) -> Path:
    (folder / "graphs").mkdir()
    return folder / "graphs"


def one_class_twice(folder: Path) -> Path:
    path = folder / "graphs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("ag-3.json", "copy/ag-3.json"):
            archive.writestr(name, json.dumps(GRAPHS[3]))
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere", "does not exist"),
        (no_zip, "neither a folder nor a zip file"),
        (damaged_zip, r"ag-11\.json in .* cannot be unpacked"),
        (damaged_json, r"ag-11\.json in .* is damaged"),
        (empty_folder, r"holds no file ag-<class>\.json"),
        (one_class_twice, r"holds ag-3\.json twice"),
    ],
    ids=["nowhere", "no zip", "damaged zip", "damaged JSON", "empty folder", "one class twice"],
)
def test_files_that_cannot_be_read_are_named_and_nothing_is_written(
    tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(SummitError, match=message) as caught:
        import_summit(make(tmp_path), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("index,name", "3,tench"), "has no column wnid: its first line must be index,wnid,name"),
        (("index,wnid,name", "3,,tench"), "lacks 1 of the 2 classes, the first is class 11"),
        (("index,wnid,name", "3,,tench", "3,,eel"), "line 3: class 3 is listed twice"),
        (("index,wnid,name", "three,,tench"), "line 2: index is 'three'"),
        (("index,wnid,name", "3,n01,"), "line 2: class 3 has no name"),
        (("index,wnid,name", "3"), "line 2: class 3 has no name"),
    ],
)
def test_a_class_list_that_does_not_fit_is_refused(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    classes = write_classes(tmp_path / "classes.csv", *lines)
    with pytest.raises(SummitError, match=message):
        import_summit(write_folder(tmp_path / "graphs"), tmp_path / "run", classes=classes)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("images", "message"), [(0, "whole number from 1"), (49, "class 11 counts 50 images")])
def test_fewer_images_than_a_count_are_refused(tmp_path: Path, images: int, message: str) -> None:
    with pytest.raises(SummitError, match=message):
        import_summit(write_folder(tmp_path / "graphs"), tmp_path / "run", images_per_class=images)
    assert not (tmp_path / "run").exists()


def test_the_command_prints_what_it_wrote_and_what_to_type_next(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "graphs")
    result = CliRunner().invoke(app, ["import", "summit", str(folder), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["influences"] == 6
    assert f"summit-graph load {tmp_path / 'run'} --db" in result.stderr


def test_the_published_graphs_have_the_totals_that_their_authors_give(published_run: Run) -> None:
    classes = published_run.class_numbers
    activations = [published_run.table("activations", number).num_rows for number in classes]
    edges = Counter(edge for number in classes for edge in edges_of(published_run, number))
    assert len(classes) == 1000
    assert sum(activations) == 57_923
    assert (edges.total(), len(edges)) == (202_479, 75_556)
    assert published_run.table("neurons").num_rows == 3_102
    assert {layer.name: layer.channels for layer in published_run.manifest.layers} == dict(INCEPTION_V1_CHANNELS)
    assert rows(published_run, "classes")[294]["name"] == "brown bear"


def edges_of(run: Run, number: int) -> list[tuple[int, int]]:
    table = run.table("influences", number)
    return list(zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True))


def test_the_published_tench_is_the_file_row_by_row(published_files: Path, published_run: Run) -> None:
    with zipfile.ZipFile(published_files / "attribution-graphs.zip") as archive:
        stored = json.loads(archive.read("ag-0.json"))
    below = dict(zip(list(stored), list(stored)[1:], strict=False))
    expected = {
        (f"{below[layer]}/{entry['prev_channel']}", f"{layer}/{row['channel']}"): entry["inf"]
        for layer, of_layer in stored.items()
        for row in of_layer
        for entry in row["prev_channels"]
    }
    found = edges_by_name(published_run, 0)
    assert found == expected
    inputs = {source: count for (source, target), count in found.items() if target == "mixed4e/346"}
    strongest = sorted(inputs.items(), key=lambda item: -item[1])[:3]
    assert strongest == [("mixed4d/177", 1214), ("mixed4d/483", 586), ("mixed4d/229", 283)]
    importance = {(row["count"], row["importance"]) for row in rows(published_run, "activations", 0)}
    assert importance == {(row["count"], row["pagerank"]) for of_layer in stored.values() for row in of_layer}


def test_the_published_class_list_is_taken_whole(published_files: Path, published_run: Run) -> None:
    with (published_files / "classes.csv").open(newline="") as file:
        expected = [(int(row["index"]), row["name"]) for row in csv.DictReader(file)]
    assert [(row["class"], row["name"]) for row in rows(published_run, "classes")] == expected
