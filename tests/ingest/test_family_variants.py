"""The other variants of torchvision's families: the sums of their terms are the models' own values."""

from __future__ import annotations

import pytest

from tests.ingest.families import VARIANTS
from tests.ingest.family_proof import TOPIC, proved
from tests.services.evidence import Section


@pytest.mark.long
@pytest.mark.parametrize("case", VARIANTS)
def test_terms_and_biases_are_the_values_of_every_variant(case: str, evidence: Section) -> None:
    evidence.record(TOPIC, case, proved(case))
