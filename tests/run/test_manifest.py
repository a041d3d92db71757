"""The manifest: a round trip, what is refused, and what the run digest covers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from summit_graph.errors import SummitError
from summit_graph.run import LayerEntry, Manifest, Parameters, Run, read_manifest
from summit_graph.run.manifest import write_manifest

MANIFEST = Manifest(
    run="resnet20",
    model="resnet20",
    dataset="CIFAR-10",
    layers=(LayerEntry("layer1.0", 0, 16), LayerEntry("layer2.0", 1, 32)),
    parameters=Parameters(model="file.py:factory", model_arguments=(("depth", "20"),), mean=(0.5,), std=(0.25,)),
    images_digest="images",
    weights_digest="weights",
    created="2026-01-02T03:04:05Z",
    software={"torch": "2"},
    direct={"layer2.0": (0, 3)},
    images=7,
    skipped=({"image": "a/ä.jpg", "reason": "cut off"},),
    totals={"0": {"layer1.0": {"importance": 0.1 + 0.2, "influence": 3.0}}},
    tables={"classes.parquet": "ab", "neurons.parquet": "cd"},
    notes={"excluded_after": ["layer1.0/3"]},
    state="complete",
)


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    assert read_manifest(tmp_path) == MANIFEST
    first = (tmp_path / "manifest.json").read_bytes()
    write_manifest(tmp_path, read_manifest(tmp_path))
    assert (tmp_path / "manifest.json").read_bytes() == first


def test_a_manifest_without_parameters_comes_back(tmp_path: Path) -> None:
    manifest = replace(MANIFEST, parameters=None, notes={"published_parameters": {"damping": 0.85}})
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"layers": (LayerEntry("layer1.0", 0, 16), LayerEntry("layer2.0", 1, 33))},
        {"parameters": Parameters(model="file.py:factory", damping=0.5)},
        {"weights_digest": "others"},
        {"images_digest": "others"},
        {"tables": {"classes.parquet": "ab", "neurons.parquet": "ce"}},
        {"tables": {"classes.parquet": "ab"}},
    ],
)
def test_the_digest_changes_with_what_was_computed_and_from_what(change: dict[str, Any]) -> None:
    assert replace(MANIFEST, **change).digest != MANIFEST.digest


@pytest.mark.parametrize("change", [{"software": {"torch": "3"}}, {"created": "2027-01-01T00:00:00Z"}])
def test_the_digest_stays_whatever_software_and_day(change: dict[str, Any]) -> None:
    assert replace(MANIFEST, **change).digest == MANIFEST.digest


@pytest.mark.parametrize("name", ["", "a/b", "../x", "-x", "a b", "ä", "x" * 65])
def test_a_name_that_cannot_be_part_of_ids_is_refused(name: str) -> None:
    with pytest.raises(SummitError, match="cannot be a run's name"):
        replace(MANIFEST, run=name)


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in MANIFEST.to_json().items() if key != name}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ('{"format": 1', "cannot be read"),
        ("[]", "no manifest"),
        ("{}", "no manifest"),
        (json.dumps({**MANIFEST.to_json(), "format": 2}), "format is 2"),
        (json.dumps(_without("layers")), "damaged"),
        (json.dumps({**MANIFEST.to_json(), "surprise": 1}), "damaged"),
        (json.dumps({**MANIFEST.to_json(), "layers": 3}), "damaged"),
        (json.dumps({**MANIFEST.to_json(), "parameters": {"colour": 1}}), "colour"),
        (json.dumps({**MANIFEST.to_json(), "run": "a/b"}), "run's name"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(SummitError, match=said) as refused:
        read_manifest(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(SummitError, match=r"no run directory: it has no manifest\.json"):
        Run.open(tmp_path)
