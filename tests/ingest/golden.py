"""The golden vectors of the shared test data as this project's own types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ingest.structure import ClassCounts, HopCounts, Layer, Structure
from summit_graph.run.parameters import Parameters

VECTORS = (
    "chain", "chain.conv", "convnext", "convnext.m3", "dense", "dense.mass", "gated", "gated.inplace", "gated.top",
    "grouped", "grouped.k2", "inception", "inception.exclude", "linear", "linear.few", "norms", "norms.networkx",
    "residual", "residual.bn2", "residual.m4", "shuffle", "shuffle.few", "shuffle.k1", "vgg",
)  # fmt: skip


def read_vector(folder: Path, name: str) -> dict[str, Any]:
    """A golden vector, its hops filled in from the vector that holds them."""
    vector: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    if "hops_in" in vector:
        holder = json.loads((folder / vector["hops_in"]).read_text())
        for entry, other in zip(vector["classes"], holder["classes"], strict=True):
            entry["hops"] = other["hops"]
    return vector


def structure_of(vector: Mapping[str, Any]) -> Structure:
    layers = tuple(Layer(entry["name"], entry["index"], entry["channels"]) for entry in vector["layers"])
    return Structure(
        layers, {layer.name: np.isin(np.arange(layer.channels), vector["direct"][layer.name]) for layer in layers}
    )


def parameters_of(vector: Mapping[str, Any]) -> Parameters:
    known = vector["parameters"]
    return Parameters(**known | {"exclude": tuple(known["exclude"])})


def counts_of(entry: Mapping[str, Any]) -> ClassCounts:
    """The expected counts of one class of a vector."""
    activations = {layer: np.array(counts, np.int32) for layer, counts in entry["activations"].items()}
    return ClassCounts(activations, tuple(_hop(hop) for hop in entry["hops"]))


def _hop(hop: Mapping[str, Any]) -> HopCounts:
    target, source, count = np.array(hop["rows"], np.int32).reshape(-1, 3).T
    return HopCounts(hop["target_tensor"], hop["source_tensor"], target, source, count)
