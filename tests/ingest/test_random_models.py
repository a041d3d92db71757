"""Random networks: each is counted like its naive twin, or refused."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch

from summit_graph.errors import SummitError
from tests.ingest.compare_twin import compare_model
from tests.ingest.random_models import SIZE, random_model
from tests.services.evidence import Section


def _try(seeds: Iterable[int]) -> tuple[int, int, int, int]:
    """Networks that equal their twins, those refused, decisions, near-ties."""
    equal = refused = decisions = near_ties = 0
    for seed in seeds:
        case = random_model(seed)
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(2, 3, SIZE, SIZE, dtype=torch.float64, generator=generator)
        try:
            found = compare_model(case.model, case.layers, images, precision=torch.float64)
        except SummitError:
            refused += 1
            continue
        except AssertionError as error:
            raise AssertionError(f"network {seed}: {error}: {case}") from error
        assert found.proof < 1e-9, f"network {seed}: {case}"
        equal, decisions, near_ties = equal + 1, decisions + found.decisions, near_ties + found.near_ties
    return equal, refused, decisions, near_ties


def test_random_networks_are_counted_like_their_twins_or_refused() -> None:
    equal, refused, decisions, _ = _try(range(8))
    assert equal > 2 * refused
    assert decisions > 200


@pytest.mark.long
def test_hundreds_of_random_networks_are_counted_like_their_twins_or_refused(evidence: Section) -> None:
    equal, refused, decisions, near_ties = _try(range(100, 500))
    assert equal > 2 * refused
    assert near_ties * 10_000 < decisions
    evidence.record("Random networks", "counted like their naive twins", equal)
    evidence.record("Random networks", "refused (channels mixed, or two layers of the same)", refused)
    evidence.record("Random networks", "near-ties of decisions", f"{near_ties} of {decisions:,}")
