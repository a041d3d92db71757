"""Loading a run brings its pictures next to the store; deleting it takes them away."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import summit_graph
from summit_graph.cli import app
from summit_graph.errors import SummitError
from summit_graph.packaged_demo import load_demo
from summit_graph.pictures import PICTURES, Shelf, visualization_path
from tests.pictures.test_shelf import draw
from tests.runs import make_run


def test_load_copies_them_again_when_there_are_more_and_delete_run_removes_them(tmp_path: Path) -> None:
    run, database = make_run(tmp_path / "run").directory, str(tmp_path / "g.lbug")
    beside = Shelf(tmp_path / "g.lbug.pictures")
    command = CliRunner()
    first = command.invoke(app, ["load", str(run), "--db", database])
    assert first.exit_code == 0, first.output
    assert not beside.folder.exists()

    draw(run, visualization_path("head", 3))
    second = command.invoke(app, ["load", str(run), "--db", database])
    assert second.exit_code == 0, second.output
    assert f"1 pictures are in {beside.folder}" in second.stderr
    assert beside.pictures("small").of_neuron("head", 3).visualization is not None

    removed = command.invoke(app, ["delete-run", "small", "--db", database])
    assert removed.exit_code == 0, removed.output
    assert not (beside.folder / "small").exists()


def test_a_picture_that_is_none_is_said_and_the_graph_is_loaded_all_the_same(tmp_path: Path) -> None:
    run, database = make_run(tmp_path / "run").directory, str(tmp_path / "g.lbug")
    draw(run, visualization_path("head", 3)).write_bytes(b"no image")
    command = CliRunner()
    result = command.invoke(app, ["load", str(run), "--db", database])
    assert isinstance(result.exception, SummitError)
    assert "is loaded, without new pictures" in str(result.exception)
    assert "head/3.webp is no WebP image" in str(result.exception)
    (run / PICTURES / visualization_path("head", 3)).unlink()
    again = command.invoke(app, ["load", str(run), "--db", database])
    assert again.exit_code == 0
    assert "already" in again.stderr


def test_the_setting_names_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run").directory
    draw(run, visualization_path("head", 3))
    monkeypatch.setenv("SUMMIT_PICTURES", str(tmp_path / "pictures"))
    result = CliRunner().invoke(app, ["load", str(run), "--db", str(tmp_path / "g.lbug")])
    assert result.exit_code == 0, result.output
    assert len(Shelf(tmp_path / "pictures").pictures("small").pictures) == 1
    assert not (tmp_path / "g.lbug.pictures").exists()


def test_the_packaged_demo_has_pictures(tmp_path: Path) -> None:
    load_demo(tmp_path / "demo.lbug")
    with summit_graph.connect(tmp_path / "demo.lbug") as graph:
        [run] = graph.query("runs")
        shelf = Shelf(tmp_path / "demo.lbug.pictures")
        for node in graph.class_graph(3).nodes:
            assert shelf.pictures(run["run"]).of_neuron(node.layer, node.channel).examples is not None
