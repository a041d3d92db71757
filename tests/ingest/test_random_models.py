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
    """Networks that equal their twins, those refused, decisions, ties between terms that are one number."""
    equal = refused = decisions = ties = 0
    for seed in seeds:
        case = random_model(seed)
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(2, 3, SIZE, SIZE, dtype=torch.float64, generator=generator)
        try:
            found = compare_model(case.model, case.layers, images, float32=False)
        except SummitError:
            refused += 1
            continue
        except AssertionError as error:
            raise AssertionError(f"network {seed}: {error}: {case}") from error
        assert found.proof < 1e-9, f"network {seed}: {case}"
        equal, decisions, ties = equal + 1, decisions + found.decisions, ties + found.ties
    return equal, refused, decisions, ties


def test_random_networks_are_counted_like_their_twins_or_refused() -> None:
    equal, refused, decisions, _ = _try(range(8))
    assert equal > 2 * refused
    assert decisions > 200


@pytest.mark.long
def test_hundreds_of_random_networks_are_counted_like_their_twins_or_refused(evidence: Section) -> None:
    equal, refused, decisions, ties = _try(range(100, 500))
    assert equal > 2 * refused
    evidence.record("Random networks", "counted like their naive twins", equal)
    evidence.record("Random networks", "refused (channels mixed, or two layers of the same)", refused)
    evidence.record("Random networks", "decisions between terms that are one number", f"{ties} of {decisions:,}")
