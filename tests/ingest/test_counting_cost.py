"""What counting costs beside the bare forward pass, for one model of each family."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ingest_cost import FAMILIES, FEW_PER_CLASS, WHOLE, Bench, generate_images
from tests.services.evidence import Section

MOST = 10
"""A ratio above it is a fault, not a slow machine: both times are taken in turn."""


@pytest.mark.long
@pytest.mark.parametrize("model", [*WHOLE, *FAMILIES])
def test_counting_costs_a_few_forward_passes(model: str, tmp_path: Path, evidence: Section) -> None:
    images, classes = generate_images(tmp_path, per_class=FEW_PER_CLASS)
    bench = Bench(model, images, classes)
    ratio = bench.counting(*bench.times(rounds=2))
    said = f"{ratio.value:.2f} ({ratio.measured_ms:,.0f} ms of {ratio.yardstick_ms:,.0f} ms)"
    evidence.record("Forward pass, activations and influences against the bare forward pass, 224 × 224", model, said)
    assert ratio.value < MOST
