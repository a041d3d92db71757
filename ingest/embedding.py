"""Classes as points: which classes a layer's neurons see as alike.

UMAP (McInnes et al. 2018) of the classes' activation counts with the cosine distance. Each layer starts from the layer
before, so that a class keeps its place where nothing changes and layers can be compared by eye (Hohman et al. 2020,
"Summit", section 8.2). With fewer than five classes there are no neighbourhoods to speak of: principal components.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBORS = 15
"""Neighbours of a class, or one fewer than there are classes."""
MINIMUM_DISTANCE = 0.1
FEWEST_CLASSES = 5
"""With fewer classes the embedding is their principal components."""
SEED = 6510

Points = NDArray[np.float64]
"""(classes, 2)"""


def class_embedding(activations: Iterable[NDArray[np.integer[Any]]]) -> list[Points]:
    """A point per class and layer: for each layer (classes, channels) counts -> (classes, 2).

    The same counts give the same points on the same machine with the same release of umap-learn.
    """
    layers: list[Points] = []
    for counts in activations:
        before = layers[-1] if layers else None
        embed = principal_components if len(counts) < FEWEST_CLASSES else neighborhoods
        layers.append(embed(counts.astype(np.float64), before))
    return layers


def principal_components(counts: NDArray[np.float64], before: Points | None) -> Points:
    """The first two principal components; a missing one is 0. (classes, channels) -> (classes, 2)

    A component's sign is arbitrary: it is taken as in the layer before, or so that the largest coordinate is above 0.
    """
    points = np.zeros((len(counts), 2))
    if not counts.size:
        return points
    left, sizes, _ = np.linalg.svd(counts - counts.mean(axis=0), full_matrices=False)
    components = (left * sizes)[:, :2]  # (classes, at most 2)
    for axis, component in enumerate(components.T):
        if before is not None and before[:, axis].any():
            turned = component @ before[:, axis] < 0
        else:
            turned = component[np.argmax(np.abs(component))] < 0
        points[:, axis] = -component if turned else component
    return points


def neighborhoods(counts: NDArray[np.float64], before: Points | None) -> Points:
    """UMAP of at least five classes, starting from the layer before. (classes, channels) -> (classes, 2)"""
    # Its start is scaled by its extent along each axis: without one, it has to find its own.
    usable = before is not None and bool(np.all(np.ptp(before, axis=0) > 0))
    with warnings.catch_warnings():
        # UMAP warns of parts it has no use for here, and of graphs (few classes, silent classes) that it then handles.
        warnings.simplefilter("ignore")
        import umap  # takes seconds, which only an ingest that has come to its end should pay

        reducer = umap.UMAP(
            n_neighbors=min(NEIGHBORS, len(counts) - 1),
            min_dist=MINIMUM_DISTANCE,
            metric="cosine",
            init=before if usable else "spectral",
            random_state=SEED,
            transform_seed=SEED,
            n_jobs=1,
        )
        points: Points = np.asarray(reducer.fit_transform(counts), np.float64)
    return points
