"""Graphs again from stored counts: equal to those of an ingest with the same parameters."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingest.attribute import attribute_again
from ingest.pipeline import ingest
from summit_graph.errors import NotFound, SummitError
from summit_graph.pictures import PICTURES, index_folder, link_pictures
from summit_graph.run import Parameters, Run, atomic
from summit_graph.run.manifest import write_manifest
from tests.ingest.pictures import write_folders
from tests.ingest.test_pipeline import LAYERS
from tests.ingest.tiny_model import MODEL

CHANGES: tuple[dict[str, Any], ...] = (
    {"attribution_mass": 0.4},
    {"damping": 0.6},
    {"networkx_stop": True},
    {"max_in_degree": 2},
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images, a run, and a run without hops."""
    folder = tmp_path_factory.mktemp("attribute")
    (folder / "tiny_model.py").write_text(MODEL)
    write_folders(folder / "images", {"ant": 4, "bee": 6, "cat": 5})
    (folder / "images" / "bee" / "001.png").write_text("no image")
    ingest(parameters(folder), folder / "images", folder / "run")
    ingest(parameters(folder, hops=False), folder / "images", folder / "without-hops")
    return folder


def parameters(folder: Path, **changes: Any) -> Parameters:
    # More terms than `first` has channels: `second` is not direct and has the cap of `--max-in-degree`.
    return Parameters(
        **{
            "model": f"{folder / 'tiny_model.py'}:tiny",
            "layers": LAYERS,
            "mean": (0.5,) * 3,
            "std": (0.25,) * 3,
            "activation_mass": 0.5,
            "influence_top": 7,
            "accept_labels": True,
            "max_bad": 0.1,
            **changes,
        }
    )


def tables(run: Run) -> dict[str, pa.Table]:
    named = {name: run.table(name) for name in ("classes", "neurons", "embedding")}
    for number in run.class_numbers:
        for name in ("activations", "influences", "hops", "predictions"):
            if run.has(name, number):
                named[f"{name}/{number}"] = run.table(name, number)
    return named


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_graphs_from_stored_counts_equal_an_ingest_with_those_parameters(
    place: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    manifest = attribute_again(place / "run", tmp_path / "again", changes)
    ingested = ingest(parameters(place, **changes), place / "images", tmp_path / "ingested", run="again").manifest
    assert tables(Run.open(tmp_path / "again")) == tables(Run.open(tmp_path / "ingested"))
    assert manifest.digest == ingested.digest
    assert manifest.totals == ingested.totals
    assert manifest.skipped == ingested.skipped
    assert Run.open(place / "run").manifest.tables != manifest.tables


def test_nothing_changed_gives_the_same_graphs_with_and_without_hops(place: Path, tmp_path: Path) -> None:
    for name in ("run", "without-hops"):
        attribute_again(place / name, tmp_path / name, {})
        assert tables(Run.open(tmp_path / name)) == tables(Run.open(place / name))


def test_the_pictures_of_the_neurons_come_along_and_stay_where_they_are(place: Path, tmp_path: Path) -> None:
    before = index_folder(place / "run" / PICTURES)
    assert len(before) > 10
    attribute_again(place / "run", tmp_path / "again", {"damping": 0.6})
    assert index_folder(tmp_path / "again" / PICTURES) == before
    # One that is made anew in one run is no other in the other.
    changed = tmp_path / "again" / PICTURES / before[0].path
    with atomic.replacing(changed) as temporary:
        shutil.copyfile(tmp_path / "again" / PICTURES / before[-1].path, temporary)
    assert index_folder(place / "run" / PICTURES) == before
    # What is there already stays.
    link_pictures(place / "run", tmp_path / "again")
    assert index_folder(tmp_path / "again" / PICTURES)[0].sha256 == before[-1].sha256


@pytest.mark.parametrize("changes", CHANGES[:3], ids=lambda changes: next(iter(changes)))
def test_a_run_without_hops_takes_other_masses_and_damping(
    place: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    attribute_again(place / "without-hops", tmp_path / "edges", changes)
    attribute_again(place / "run", tmp_path / "hops", changes)
    edges, hops = tables(Run.open(tmp_path / "edges")), tables(Run.open(tmp_path / "hops"))
    assert edges == {name: table for name, table in hops.items() if not name.startswith("hops/")}


def test_exclusions_add_up_take_effect_and_leave_the_counts_alone(place: Path, tmp_path: Path) -> None:
    first = attribute_again(place / "run", tmp_path / "first", {"exclude": ("second/1",)})
    assert first.notes["excluded_after"] == ["second/1"]
    second = attribute_again(tmp_path / "first", tmp_path / "second", {"exclude": ("first/0", "second/1")})
    assert second.notes["excluded_after"] == ["second/1", "first/0"]
    assert second.parameters is not None
    assert second.parameters.exclude == ("second/1", "first/0")
    neurons = {0, 6 + 1}  # first/0 and second/1 among 6 + 8 + 7 neurons
    run, before = Run.open(tmp_path / "second"), Run.open(place / "run")
    for number in run.class_numbers:
        edges = run.table("influences", number)
        assert edges.num_rows
        assert not neurons & {*edges.column("source").to_pylist(), *edges.column("target").to_pylist()}
        rows = {row["neuron"]: row for row in run.table("activations", number).to_pylist()}
        assert all(rows[neuron]["importance"] == 0 for neuron in neurons & set(rows))
        kept = {row["neuron"]: row["count"] for row in before.table("activations", number).to_pylist() if row["count"]}
        assert {neuron: row["count"] for neuron, row in rows.items() if row["count"]} == kept
        assert run.table("hops", number) == before.table("hops", number)


def test_what_the_counts_cannot_give_is_refused_in_one_line(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "refused"
    for name, changes, said in (
        ("run", {"activation_mass": 0.2}, "activation_mass decides the counts"),
        ("without-hops", {"max_in_degree": 3}, "--max-in-degree needs the hops"),
        ("without-hops", {"exclude": ("first/0",)}, "--exclude needs the hops"),
        ("absent", {}, "absent is no run directory"),
    ):
        with pytest.raises(SummitError, match=said):
            attribute_again(place / name, out, changes)
    with pytest.raises(NotFound, match="second"):
        attribute_again(place / "run", out, {"exclude": ("secnd/0",)})
    assert not out.exists()


def test_the_run_itself_is_not_written_over(place: Path) -> None:
    before = (place / "run" / "manifest.json").read_bytes()
    with pytest.raises(SummitError, match="other damping"):
        attribute_again(place / "run", place / "run", {"damping": 0.5})
    assert (place / "run" / "manifest.json").read_bytes() == before


def test_a_run_whose_graphs_came_from_elsewhere_has_no_counts(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "run", tmp_path / "imported")
    write_manifest(tmp_path / "imported", replace(Run.open(place / "run").manifest, parameters=None))
    with pytest.raises(SummitError, match="was not ingested here"):
        attribute_again(tmp_path / "imported", tmp_path / "out", {})
