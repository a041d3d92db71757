"""Summit's own files out of a run: read back equal, and what Summit's page takes for granted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from summit_graph.cli import app
from summit_graph.errors import InvalidParameter
from summit_graph.exchange.class_graphs import open_class_graphs
from summit_graph.exchange.summit_export import SummitReport, export_summit
from summit_graph.exchange.summit_import import INCEPTION_V1_CHANNELS, import_summit
from summit_graph.run import Run
from tests.exchange.test_graph_exports import expected
from tests.runs import make_run
from tests.services.evidence import Section

NINE = tuple(INCEPTION_V1_CHANNELS)


def export(run: Run, out: Path, **options: Any) -> SummitReport:
    with open_class_graphs(run.directory, None) as graphs:
        return export_summit(graphs, out, **options)


def content(folder: Path) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    classes = json.loads((folder / "data" / "imagenet.json").read_text(encoding="utf-8"))
    graphs = {
        entry["target_class"]: json.loads((folder / "data" / "ag" / f"ag-{entry['target_class']}.json").read_text())
        for entry in classes
    }
    return classes, graphs


def page_breaks(classes: list[dict[str, Any]], graphs: dict[int, dict[str, Any]]) -> list[str]:
    """Where the files hold what Summit's page would stop at: what its code reads, and how."""
    wrong = []
    if len({entry["synset"] for entry in classes}) < len(classes):
        wrong.append("a synset is there twice")
    if not any(entry["name"] == "white_wolf" for entry in classes):
        wrong.append("no class is called white_wolf")
    for entry in classes:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", entry["synset"]):
            wrong.append(f"the synset {entry['synset']} is no selector")
        if not entry["name"] or re.search(r'[,"\s-]', entry["name"]):
            wrong.append(f"the name {entry['name']}")
        if not entry["accs"] or not all(0 <= float(text) <= 100 for text in entry["accs"]):
            wrong.append(f"the accs of {entry['name']}")
        if not 0 <= entry["topOneAcc"] <= 1 or not isinstance(entry["numOfInstances"], int):
            wrong.append(f"the accuracy of {entry['name']}")
        for layer, channels in INCEPTION_V1_CHANNELS.items():
            if not all(isinstance(entry["embed"][layer][axis], float) for axis in "xy"):
                wrong.append(f"the place of {entry['name']} in {layer}")
            if not all(0 <= top["c"] < channels for top in entry["topChannels"][layer]):
                wrong.append(f"the channels of {entry['name']} in {layer}")
    for number, graph in graphs.items():
        if list(graph) != list(reversed(NINE)):
            wrong.append(f"the layers of ag-{number}.json")
        below: set[int] = set()
        for layer, nodes in reversed(graph.items()):
            numbers = [node["channel"] for node in nodes]
            if len(set(numbers)) < len(numbers):
                wrong.append(f"a node of ag-{number}.json is there twice")
            for node in nodes:
                if not {edge["prev_channel"] for edge in node["prev_channels"]} <= below:
                    wrong.append(f"an edge of ag-{number}.json comes from no node")
                if not isinstance(node["pagerank"], float) or node["layer"] != layer:
                    wrong.append(f"the node {node['channel']} of {layer} in ag-{number}.json")
                if not all(isinstance(edge["prev_channel"], str) for edge in node["attr_channels"]):
                    wrong.append(f"the attr_channels in ag-{number}.json")
            below = set(numbers)
    return wrong


@pytest.mark.long
def test_summit_s_own_graphs_are_exported_and_imported_equal(
    published_run: Run, published_files: Path, tmp_path: Path, evidence: Section
) -> None:
    report = export(published_run, tmp_path / "out")
    assert report == SummitReport("summit", 1000, 57_923, 202_479, 0, 0)
    again = import_summit(tmp_path / "out" / "data" / "ag", tmp_path / "run", classes=published_files / "classes.csv")
    # Equal digests of every table: nodes, counts, importances, edges, classes and neurons.
    assert Run.open(tmp_path / "run").manifest.tables == published_run.manifest.tables
    assert again.digest == published_run.manifest.digest
    classes, graphs = content(tmp_path / "out")
    assert page_breaks(classes, graphs) == []
    assert (classes[0]["synset"], classes[294]["name"]) == ("n01440764", "brown_bear")
    evidence.record("Summit's files", "exported and imported again", "57,923 nodes, 202,479 edges, 0 differences")


@pytest.mark.parametrize("run_name", ["small_run", "countless_run"])
def test_a_run_of_another_model_is_read_back_but_for_edges_that_skip_a_layer(
    request: pytest.FixtureRequest, tmp_path: Path, run_name: str
) -> None:
    run: Run = request.getfixturevalue(run_name)
    report = export(run, tmp_path / "out")
    import_summit(tmp_path / "out" / "data" / "ag", tmp_path / "run")
    again = Run.open(tmp_path / "run")
    order = {layer.name: layer.index for layer in run.manifest.layers}
    left_out = 0
    for number in run.class_numbers:
        nodes, edges = expected(run, number, "selected")
        nodes_again, edges_again = expected(again, number, "selected")
        told = {"neuron", "count", "importance"}
        assert {key: {name: row[name] for name in told} for key, row in nodes_again.items()} == {
            key: {name: row[name] for name in told} for key, row in nodes.items()
        }
        steps = {ends: [order[end.rpartition("/")[0]] for end in ends] for ends in edges}
        kept = {ends: row["count"] for ends, row in edges.items() if steps[ends][1] == steps[ends][0] + 1}
        assert {ends: row["count"] for ends, row in edges_again.items()} == kept
        left_out += len(edges) - len(kept)
    assert report.edges_left_out == left_out > 0
    assert report.nodes == sum(len(expected(run, number, "selected")[0]) for number in run.class_numbers)


def test_a_mapped_run_has_what_summit_s_page_takes_for_granted(small_run: Run, tmp_path: Path) -> None:
    lines: list[str] = []
    export(small_run, tmp_path / "out", mapping=["in-order"], opens_with="tench", progress=lines.append)
    classes, graphs = content(tmp_path / "out")
    assert page_breaks(classes, graphs) == []
    assert [entry["name"] for entry in classes][:2] == ["white_wolf", "crane"]
    assert not any("white_wolf" in line for line in lines)
    nodes, _ = expected(small_run, 0, "selected")
    by_theirs = dict(
        zip(["mixed4d", "mixed4e", "mixed5a", "mixed5b"], ["stem.0", "mixed3", "mixed4", "head"], strict=True)
    )
    assert {
        (by_theirs[layer], node["channel"]): node["count"] for layer, rows in graphs[0].items() for node in rows
    } == {(row["layer"], row["channel"]): row["count"] for row in nodes.values()}
    assert classes[0]["numOfInstances"] == 16
    assert len(classes[0]["accs"]) == 16
    [place] = [row for row in small_run.table("embedding").to_pylist() if row["class"] == 0 and row["layer_index"] == 3]
    assert classes[0]["embed"]["mixed5b"] == {"x": place["x"], "y": place["y"]}


def test_without_the_page_s_first_class_it_is_said(small_run: Run, tmp_path: Path) -> None:
    lines: list[str] = []
    export(small_run, tmp_path / "out", mapping=["stem.0=mixed3a", "head=mixed3b"], progress=lines.append)
    assert any("name one with --opens-with" in line for line in lines)
    classes, graphs = content(tmp_path / "out")
    assert page_breaks(classes, graphs) == ["no class is called white_wolf"]
    assert any(rows for rows in graphs[0]["mixed3b"])


def test_attributed_channels_are_the_strongest_of_the_layer_below(small_run: Run, tmp_path: Path) -> None:
    export(small_run, tmp_path / "out")
    _, graphs = content(tmp_path / "out")
    nodes, edges = expected(small_run, 4, "all")
    checked = 0
    for layer, below in (("mixed3", "stem.0"), ("mixed4", "mixed3"), ("head", "mixed4")):
        for node in graphs[4][layer]:
            into = [
                (-row["count"], nodes[source]["channel"])
                for (source, target), row in edges.items()
                if target == f"{layer}/{node['channel']}" and nodes[source]["layer"] == below
            ]
            assert [(-edge["inf"], int(edge["prev_channel"])) for edge in node["attr_channels"]] == sorted(into)[:3]
            checked += len(into)
    assert checked > 5


def test_pictures_are_written_under_the_page_s_names(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    nodes, _ = expected(run, 0, "selected")
    neuron = next(row for row in nodes.values() if row["layer"] == "head")
    pictures = run.directory / "pictures"
    for kind in ("visualizations/head", "examples/all/head"):
        (pictures / kind).mkdir(parents=True)
    for name in (str(neuron["channel"]), f"{neuron['channel']}-2"):
        Image.new("RGB", (20, 20), (10, 200, 30)).save(pictures / "visualizations" / "head" / f"{name}.webp")
    strip = Image.new("RGB", (30, 10))
    for place, colour in enumerate([(250, 0, 0), (0, 250, 0), (0, 0, 250)]):
        strip.paste(colour, (10 * place, 0, 10 * place + 10, 10))
    strip.save(pictures / "examples" / "all" / "head" / f"{neuron['channel']}.webp", lossless=True)
    report = export(run, tmp_path / "out", mapping=["in-order"])
    folder = tmp_path / "out" / "data" / "feature-vis"
    name = f"mixed5b-{neuron['channel']}"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.jpg")} == {
        f"channel/{name}-channel.jpg",
        f"diversity-2/{name}-diversity-2.jpg",
        *(f"dataset-p/{name}-dataset-p-{place}.jpg" for place in range(3)),
    }
    assert report.pictures == 5
    with Image.open(folder / "dataset-p" / f"{name}-dataset-p-1.jpg") as patch:
        assert patch.size == (10, 10)
        middle = patch.getpixel((5, 5))
        assert isinstance(middle, tuple)
        red, green, blue = middle
        assert green > 200 > 60 > max(red, blue)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--map", "head"), 2, "write LAYER=NAME with one of mixed3a"),
        (("--map", "head=top"), 2, "write LAYER=NAME with one of mixed3a"),
        (("--map", "hed=mixed5b"), 1, "no layer 'hed'"),
        (("--map", "head=mixed5b", "--map", "mixed4=mixed5b"), 2, "--map names mixed5b twice"),
        (("--map", "head=mixed3a", "--map", "mixed4=mixed5b"), 2, "turns the order of layers round"),
        (("--opens-with", "tnch"), 1, "tench"),
        (("--out", "{full}"), 1, "exists and is not empty"),
    ],
)
def test_what_is_wrong_is_said(
    small_run: Run, tmp_path: Path, words: tuple[str, ...], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = [word.format(full=small_run.directory) for word in words]
    place = [] if "--out" in words else ["--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["export", "summit", str(small_run.directory), *spoken, *place])
    assert done.exit_code != 0
    assert said in (str(done.exception) if done.exception else "") + done.stderr
    assert not (tmp_path / "out").exists()


def test_a_layer_that_has_too_many_channels_for_the_page_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", layers={"wide": 300, "last": 8}, edge_share=0.01, examples=False)
    with pytest.raises(InvalidParameter, match="wide has 300 channels and Summit's page knows 256 of mixed3a"):
        export(run, tmp_path / "out", mapping=["wide=mixed3a"])
    assert not (tmp_path / "out").exists()


def test_an_import_places_the_classes_where_it_can(tmp_path: Path) -> None:
    # With so few classes the places are principal components, and nobody waits for UMAP.
    run = make_run(tmp_path / "run", classes=["tench", "eel", "crane"], images_per_class=None)
    export(run, tmp_path / "out")
    words = ["import", "summit", str(tmp_path / "out" / "data" / "ag"), "--out"]
    pytest.importorskip("umap", reason="umap-learn is not installed: pip install 'summit-graph[ingest]'")
    done = CliRunner().invoke(app, [*words, str(tmp_path / "placed")])
    assert done.exit_code == 0, done.output
    rows = Run.open(tmp_path / "placed").table("embedding").to_pylist()
    assert [(row["class"], row["layer_index"]) for row in rows] == [
        (number, index) for number in run.class_numbers for index in range(4)
    ]
    assert len({(row["x"], row["y"]) for row in rows}) == len(rows)
    done = CliRunner().invoke(app, [*words, str(tmp_path / "unplaced"), "--no-embedding"])
    assert done.exit_code == 0, done.output
    assert not Run.open(tmp_path / "unplaced").has("embedding")
