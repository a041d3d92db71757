"""torchvision's families: of each, the layers, hops and terms that the trace finds, against a naive twin of the model.

The twin (tests.ingest.shadow_twin) runs the model itself, operation by operation, in float64, and carries every term
along. Compared are the hops, the direct channels, the sums of the terms, and every channel's k largest terms.
"""

from __future__ import annotations

import pytest

from tests.ingest.families import QUICK, TORCHVISION
from tests.ingest.family_proof import TOPIC, compared, noted
from tests.services.evidence import Section


@pytest.mark.measured
@pytest.mark.parametrize("case", QUICK)
def test_a_familys_counts_are_its_naive_twins(case: str, evidence: Section) -> None:
    found = compared(case)
    assert found.decisions > 1_000
    assert found.near_ties is not None
    assert found.near_ties <= 1
    evidence.record(TOPIC, case, noted(found))


@pytest.mark.long
@pytest.mark.parametrize("case", TORCHVISION)
def test_every_familys_counts_are_its_naive_twins(case: str, evidence: Section) -> None:
    # In float64 alone: float32's own forward pass drifts too far over deep networks with random weights.
    evidence.record(TOPIC, case, noted(compared(case, twins=1, float32=False)))
