"""Examples against a naive twin: the ten strongest images of every neuron, per class and over all classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from numpy.typing import NDArray

from ingest.activation import Peaks
from ingest.examples import ClassExamples, merged_examples
from ingest.pipeline import ingest
from ingest.structure import Layer, Structure
from summit_graph.run import Parameters, Run, tables
from tests.ingest.pictures import write_folders

Row = dict[str, Any]
STRUCTURE = Structure((Layer("map", 0, 4), Layer("flat", 1, 3)), {})
FIELDS = {
    "map": np.array([[x, y, x + 3, y + 4] for y in range(2) for x in range(3)], np.int32),
    "flat": np.array([[0, 0, 9, 8]], np.int32),
}
MODEL = """
import torch
from torch import nn

class ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 7)

    def forward(self, x):
        return self.linear(self.norm(x.permute(0, 2, 3, 1)))

class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ReLU())
        self.last = ChannelsLast()
        self.flat = nn.Linear(7, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, images):
        return self.head(self.flat(self.last(self.first(images)).amax(dim=(1, 2))))

def mixed():
    torch.manual_seed(1)
    return Mixed()
"""


def outputs(seed: int, images: int) -> dict[str, NDArray[np.float32]]:
    """Layers' outputs (images, C, cells) with many ties, and channel 2 of `map` never above 0."""
    random = np.random.default_rng(seed)
    made = {
        name: random.integers(-3, 4, (images, channels, cells)).astype(np.float32)
        for name, channels, cells in (("map", 4, 6), ("flat", 3, 1))
    }
    made["map"][:, 2] = -1
    return made


def peaks_of(output: NDArray[np.float32], width: int) -> Peaks:
    highest, cell = torch.from_numpy(output).max(dim=2)
    return Peaks(highest.clamp(min=0), cell, width)


def collected(values: Mapping[str, NDArray[np.float32]], images: Sequence[str], batch: int) -> list[Row]:
    examples = ClassExamples(STRUCTURE, FIELDS)
    for start in range(0, len(images), batch):
        peaks = {
            name: peaks_of(output[start : start + batch], {"map": 3, "flat": 1}[name])
            for name, output in values.items()
        }
        examples.add(images[start : start + batch], peaks)
    table = examples.table()
    assert table.schema == tables.EXAMPLES
    rows: list[Row] = table.to_pylist()
    return rows


def naive(classes: Sequence[tuple[Mapping[str, NDArray[np.float32]], Sequence[str]]]) -> list[Row]:
    """All images sorted, neuron by neuron."""
    rows, neuron = [], 0
    for name, width in (("map", 3), ("flat", 1)):
        for channel in range(classes[0][0][name].shape[1]):
            found = []
            for number, (values, images) in enumerate(classes):
                for image, output in zip(images, values[name][:, channel].tolist(), strict=True):
                    if max(output) > 0:
                        found.append((-max(output), number, image, output.index(max(output))))
            for rank, (activation, _, image, cell) in enumerate(sorted(found)[:10]):
                x0, y0, x1, y1 = FIELDS[name][cell].tolist()
                place = {"y": cell // width, "x": cell % width, "x0": x0, "y0": y0, "x1": x1, "y1": y1}
                rows.append({"neuron": neuron, "rank": rank, "image": image, "activation": -activation, **place})
            neuron += 1
    return rows


def paths(name: str, images: int) -> list[str]:
    return [f"{name}/{index:03d}.png" for index in range(images)]


@pytest.mark.parametrize(("images", "batch"), [(40, 7), (40, 40), (40, 1), (6, 4), (0, 4)])
def test_a_classes_examples_are_the_naive_twins(images: int, batch: int) -> None:
    values = outputs(3, images)
    assert collected(values, paths("ant", images), batch) == naive([(values, paths("ant", images))])


def test_merged_examples_are_the_naive_twins_over_all_classes() -> None:
    # Paths of later classes sort first, so that a lower class wins a tie and not its path.
    classes = [(outputs(seed, images), paths(f"{9 - seed}", images)) for seed, images in enumerate((4, 25, 0, 3, 30))]
    written = (pa.Table.from_pylist(collected(values, images, 8), schema=tables.EXAMPLES) for values, images in classes)
    merged = merged_examples(written, neurons=7)
    assert merged.schema == tables.EXAMPLES
    assert merged.to_pylist() == naive(classes)


def test_no_classes_have_no_examples() -> None:
    assert merged_examples([], neurons=7).num_rows == 0


def test_a_run_holds_examples_of_maps_channels_last_and_flat_layers(tmp_path: Path) -> None:
    (tmp_path / "mixed_model.py").write_text(MODEL)
    images = write_folders(tmp_path / "images", {"ant": 13, "bee": 12, "cat": 4})
    layers = ("first", "last", "flat")
    parameters = Parameters(
        model=f"{tmp_path}/mixed_model.py:mixed", layers=layers, mean=(0.5,) * 3, std=(0.25,) * 3,
        accept_labels=True, batch_size=4,
    )  # fmt: skip
    ingest(parameters, images, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    per_class = [run.table("examples", number).to_pylist() for number in range(3)]
    merged = run.table("examples").to_pylist()
    by_neuron: dict[int, list[tuple[float, int, str]]] = {}
    for number, rows in enumerate(per_class):
        for row in rows:
            by_neuron.setdefault(row["neuron"], []).append((-row["activation"], number, row["image"]))
    assert {(row["neuron"], row["rank"]): row["image"] for row in merged} == {
        (neuron, rank): image
        for neuron, found in by_neuron.items()
        for rank, (*_, image) in enumerate(sorted(found)[:10])
    }
    # The image is 6 x 5; `first` has cells of 3 x 3 pixels at every second pixel, `last` sees the same.
    for row in merged:
        left, top = 2 * row["x"] - 1, 2 * row["y"] - 1
        seen = (0, 0, 6, 5) if row["neuron"] >= 13 else (max(left, 0), max(top, 0), min(left + 3, 6), min(top + 3, 5))
        assert (row["x0"], row["y0"], row["x1"], row["y1"]) == seen
    assert {row["neuron"] for row in merged} & set(range(6))
    assert {row["neuron"] for row in merged} & set(range(6, 13))
    assert {row["neuron"] for row in merged} & set(range(13, 18))
