"""Classes as points."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.embedding import class_embedding

Counts = NDArray[np.integer[Any]]


def counts_in_groups(groups: int, size: int, channels: int, seed: int) -> Counts:
    """Groups of classes that share their channels. (groups * size, channels)"""
    random = np.random.default_rng(seed)
    centres = random.poisson(3, (groups, channels)) * 10
    return random.poisson(np.repeat(centres, size, axis=0) + 1)


def distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.linalg.norm(points[:, None] - points[None], axis=2)
    return found


def test_there_is_a_finite_point_per_class_and_layer() -> None:
    layers = class_embedding([counts_in_groups(4, 5, channels, 0) for channels in (8, 16, 24)])
    assert [layer.shape for layer in layers] == [(20, 2)] * 3
    assert all(np.isfinite(layer).all() and layer.dtype == np.float64 for layer in layers)


def test_the_same_counts_give_the_same_points() -> None:
    counts = [counts_in_groups(3, 4, channels, 1) for channels in (8, 16)]
    first, second = class_embedding(counts), class_embedding(counts)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_classes_with_the_same_channels_lie_together() -> None:
    group = np.repeat(np.arange(4), 10)
    for points in class_embedding([counts_in_groups(4, 10, 30, seed) for seed in (2, 3)]):
        apart = distances(points)
        same = group[:, None] == group[None]
        assert apart[same].mean() < apart[~same].mean() / 2


def test_a_layer_starts_from_the_layer_before() -> None:
    counts = counts_in_groups(5, 6, 20, 4)
    other = np.random.default_rng(4).permutation(30)
    after_itself, after_another = (class_embedding([before, counts])[1] for before in (counts, counts[other]))
    alone = class_embedding([counts])[0]
    assert np.abs(after_itself - alone).mean() < np.abs(after_another - alone).mean()


@pytest.mark.parametrize("classes", [5, 6, 15, 16])
def test_few_classes_have_one_neighbour_fewer_than_classes(classes: int) -> None:
    (points,) = class_embedding([np.random.default_rng(0).poisson(2, (classes, 9))])
    assert np.isfinite(points).all()
    assert np.all(np.ptp(points, axis=0) > 0)


def test_classes_without_any_count_have_a_point_too() -> None:
    silent = counts_in_groups(2, 5, 6, 5)
    silent[3] = silent[8] = 0
    for points in class_embedding([silent, np.zeros_like(silent), silent]):
        assert np.isfinite(points).all()


@pytest.mark.parametrize("classes", [1, 2, 3, 4])
def test_fewer_than_five_classes_are_shown_by_their_principal_components(classes: int) -> None:
    counts = np.random.default_rng(classes).poisson(5, (classes, 12))
    (points,) = class_embedding([counts])
    centred = counts - counts.mean(axis=0)
    # Another way to the same points, up to signs: eigenvectors of the Gram matrix.
    values, vectors = np.linalg.eigh(centred @ centred.T)
    expected = vectors[:, ::-1][:, :2] * np.sqrt(np.maximum(values[::-1][:2], 0))
    assert distances(points) == pytest.approx(distances(expected), abs=1e-6)
    assert np.allclose(points.mean(axis=0), 0)


def test_principal_components_keep_their_direction_from_layer_to_layer() -> None:
    random = np.random.default_rng(6)
    first = random.poisson(20, (4, 10))
    layers = class_embedding([first, first + random.poisson(1, (4, 10)), first])
    for before, after in pairwise(layers):
        assert np.all((before * after).sum(axis=0) > 0)
    assert np.allclose(layers[0], layers[2])


def test_the_import_needs_neither_torch_nor_umap() -> None:
    check = "import sys, ingest.embedding, ingest.attribution; print({'torch', 'umap', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
