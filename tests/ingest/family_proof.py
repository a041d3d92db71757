"""What is demanded of a family of models: its trace proved, its counts the naive twin's, near-ties in float32 few."""

from __future__ import annotations

from ingest.layers import choose_layers
from ingest.trace import trace
from tests.ingest.compare_twin import Comparison, compare_model
from tests.ingest.families import build, two_images
from tests.ingest.term_sums import compare_terms_with_values

TOPIC = "Families of models"
PROOF = 1e-9
"""Largest part of a value that may be no term, in float64."""
NEAR_TIE = 1e-5
"""Margin in float64, as a part of the larger term, below which float32 may decide otherwise."""


def compared(case: str, *, twins: int = 2, float32: bool = True) -> Comparison:
    """A model, NAME@SIZE of image, against its naive twin on the first `twins` of two images."""
    name, size = case.split("@")
    model, images = build(name, int(size)), two_images(int(size))
    found = compare_model(model, choose_layers(model, images), images, twins=twins, float32=float32)
    assert found.blocks >= found.layers - 1
    assert found.silent == 0
    assert found.proof < PROOF
    assert found.ties == 0
    if found.near_ties is not None:
        assert found.widest < NEAR_TIE, f"float32 decides otherwise at a margin of {found.widest:.3g}"
    return found


def noted(found: Comparison) -> str:
    """One line for the page of evidence."""
    exact = f"{found.decisions:,} decisions, all the twin's in float64"
    if found.near_ties is not None:
        widest = f" (margin below {found.widest:.0e})" if found.near_ties else ""
        exact += f", in float32 all but {found.near_ties} near-ties{widest}"
    return f"{_sizes(found.layers, found.channels, found.hops)}; terms add up to {found.proof:.0e}; {exact}"


def proved(case: str) -> str:
    """Proves the trace of a model alone, without its twin; one line for the page of evidence."""
    name, size = case.split("@")
    model, images = build(name, int(size)), two_images(int(size))
    found = trace(model, images, choose_layers(model, images), influence_top=5)
    sums, layers = compare_terms_with_values(found, images), found.structure.layers
    assert sums.blocks >= len(layers) - 1
    assert sums.silent == 0
    assert sums.worst < PROOF
    channels = sum(layer.channels for layer in layers)
    return f"{_sizes(len(layers), channels, len(found.hops))}; terms add up to {sums.worst:.0e}"


def _sizes(layers: int, channels: int, hops: int) -> str:
    return f"{layers} layers, {channels:,} channels, {hops} hops"
