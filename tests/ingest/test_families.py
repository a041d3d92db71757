"""The table of families: of each, the layers, hops and terms that the trace finds, against a naive twin of the model.

The twin (tests.ingest.shadow_twin) runs the model itself, operation by operation, in float64, and carries every term
along. Compared are the hops, the direct channels, the sums of the terms, and every channel's k largest terms.
"""

from __future__ import annotations

import pytest

from ingest.layers import choose_layers
from ingest.trace import trace
from summit_graph.errors import Unsupported
from tests.ingest.compare_twin import Comparison, compare_model
from tests.ingest.families import QUICK, TIMM, TIMM_REFUSED, TORCHVISION, VARIANTS, build, two_images
from tests.ingest.term_sums import compare_terms_with_values
from tests.services.evidence import Section

TOLERANCE = 1e-9
TOPIC = "Families of models: layers, channels, hops, proof, near-ties of decisions"


def _compared(case: str) -> Comparison:
    name, size = case.split("@")
    model, images = build(name, int(size)), two_images(int(size))
    found = compare_model(model, choose_layers(model, images), images)
    assert found.blocks >= found.layers - 1
    assert found.silent == 0
    assert found.proof < TOLERANCE
    assert found.near_ties <= 1 or found.near_ties * 10_000 < found.decisions
    return found


def _noted(found: Comparison) -> str:
    return (
        f"{found.layers} layers, {found.channels:,} channels, {found.hops} hops; terms add up to {found.proof:.0e}; "
        f"{found.near_ties} near-ties of {found.decisions:,} decisions"
    )


@pytest.mark.parametrize("case", QUICK)
def test_a_familys_counts_are_its_naive_twins(case: str) -> None:
    assert _compared(case).decisions > 1_000


@pytest.mark.long
@pytest.mark.parametrize("case", TORCHVISION + TIMM)
def test_every_familys_counts_are_its_naive_twins(case: str, evidence: Section) -> None:
    evidence.record(TOPIC, case, _noted(_compared(case)))


@pytest.mark.long
@pytest.mark.parametrize("case", VARIANTS)
def test_terms_and_biases_are_the_values_of_every_variant(case: str, evidence: Section) -> None:
    name, size = case.split("@")
    model, images = build(name, int(size)), two_images(int(size))
    found = trace(model, images, choose_layers(model, images), influence_top=5)
    sums = compare_terms_with_values(found, images)
    layers = found.structure.layers
    assert sums.blocks >= len(layers) - 1
    assert sums.silent == 0
    assert sums.worst < TOLERANCE
    size_of_it = f"{len(layers)} layers, {sum(layer.channels for layer in layers):,} channels"
    evidence.record(TOPIC, case, f"{size_of_it}, {len(found.hops)} hops; terms add up to {sums.worst:.0e}")


@pytest.mark.long
@pytest.mark.parametrize(("case", "message"), TIMM_REFUSED)
def test_a_model_that_cannot_be_followed_is_refused_by_operation_and_module(
    case: str, message: str, evidence: Section
) -> None:
    name, size = case.split("@")
    model, images = build(name, int(size)), two_images(int(size))
    with pytest.raises(Unsupported, match=message) as refusal:
        trace(model, images, choose_layers(model, images), influence_top=5)
    evidence.record("Models that are refused", case, refusal.value)
