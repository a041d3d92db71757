"""torchvision's families: of each, the layers, hops and terms that the trace finds, against a naive twin of the model.

The twin (tests.ingest.shadow_twin) runs the model itself, operation by operation, in float64, and carries every term
along. Compared are the hops, the direct channels, the sums of the terms, and every channel's k largest terms.
"""

from __future__ import annotations

import pytest

from tests.ingest.compare_twin import Comparison
from tests.ingest.families import QUICK, TORCHVISION
from tests.ingest.family_proof import DRIFT, TOPIC, compared, noted
from tests.services.evidence import Section

COMPARED: list[Comparison] = []
"""What the long tests of this session found: a family alone has too few decisions for a rate."""


@pytest.mark.parametrize("case", QUICK)
def test_a_familys_counts_are_its_naive_twins(case: str) -> None:
    found = compared(case)
    assert found.decisions > 1_000
    assert found.near_ties is not None
    assert found.near_ties <= 1


@pytest.mark.long
@pytest.mark.parametrize("case", TORCHVISION)
def test_every_familys_counts_are_its_naive_twins(case: str, evidence: Section) -> None:
    found = compared(case, twins=1, margin=DRIFT)
    COMPARED.append(found)
    evidence.record(TOPIC, case, noted(found))


@pytest.mark.long
def test_near_ties_are_fewer_than_one_in_10_000_decisions(evidence: Section) -> None:
    if not COMPARED:
        pytest.skip("no family was compared in this session")
    near_ties = sum(found.near_ties or 0 for found in COMPARED)
    decisions = sum(found.decisions for found in COMPARED)
    assert near_ties * 10_000 < decisions
    evidence.record(TOPIC, "all of these", f"{near_ties} near-ties of {decisions:,} decisions in float32")
