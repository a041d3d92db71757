"""Models of users' own: each is counted like its naive twin, and its terms add up to the model's values."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ingest.layers import choose_layers
from ingest.receptive import receptive_fields
from ingest.trace import trace
from tests.ingest.compare_twin import compare_model
from tests.ingest.family_proof import PROOF
from tests.ingest.user_models import EQUAL, QUICK, SIZE
from tests.services.evidence import Section


def _randomized(model: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = (2 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
        for name, buffer in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return model.double().eval()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.measured if name in QUICK else pytest.mark.long) for name in EQUAL]
)
def test_a_users_model_is_counted_like_its_twin(name: str, evidence: Section) -> None:
    make, wanted = EQUAL[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _randomized(make())
    images = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)).double()
    layers = choose_layers(model, images, wanted)
    found = compare_model(model, layers, images, float32=False)
    assert found.layers >= 3
    assert found.blocks >= found.layers - 1
    assert (found.silent, found.ties) == (0, 0)
    assert found.proof < PROOF
    assert set(receptive_fields(trace(model, images, layers, influence_top=5))) == set(layers)
    said = f"{found.layers} layers, {found.hops} hops; terms add up to {found.proof:.0e}"
    evidence.record("Models of users' own", name, f"{said}; {found.decisions:,} decisions, all the twin's in float64")
