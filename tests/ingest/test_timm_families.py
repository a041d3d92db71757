"""timm's families, one model of each, against their naive twins in float64; and those that cannot be followed."""

from __future__ import annotations

import pytest

from ingest.layers import choose_layers
from ingest.trace import trace
from summit_graph.errors import Unsupported
from tests.ingest.families import TIMM, TIMM_REFUSED, build, two_images
from tests.ingest.family_proof import TOPIC, compared, noted
from tests.services.evidence import Section

pytestmark = pytest.mark.long


@pytest.mark.parametrize("case", TIMM)
def test_a_familys_counts_are_its_naive_twins(case: str, evidence: Section) -> None:
    evidence.record(TOPIC, case, noted(compared(case, twins=1, float32=False)))


@pytest.mark.parametrize(("case", "message"), TIMM_REFUSED)
def test_a_model_that_cannot_be_followed_is_refused_by_operation_and_module(
    case: str, message: str, evidence: Section
) -> None:
    name, size = case.split("@")
    model, images = build(name, int(size)), two_images(int(size))
    with pytest.raises(Unsupported, match=message) as refusal:
        trace(model, images, choose_layers(model, images), influence_top=5)
    evidence.record("Models that are refused", case, refusal.value)
