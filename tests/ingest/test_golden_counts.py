"""The golden vectors: activations, hops and direct channels come out exactly, model by model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ingest.counting import Counter
from ingest.structure import ClassCounts, HopCounts
from ingest.trace import Trace, trace
from summit_graph.run.parameters import Parameters
from tests.ingest.golden import VECTORS, counts_of, parameters_of, read_vector, structure_of
from tests.ingest.golden_models import golden_images, golden_model

BATCH_SIZE = 3  # four images a class: a class takes more than one batch


@pytest.fixture(params=VECTORS)
def vector_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_counts_hops_direct_channels_and_logits_equal_the_golden_vector(shared: Path, vector_name: str) -> None:
    folder = shared / "definitions"
    vector = read_vector(folder, vector_name)
    images, labels = golden_images(folder, vector)
    parameters = parameters_of(vector)
    # The layers are given backwards: their order is the model's, not the user's.
    names = [layer["name"] for layer in reversed(vector["layers"])]
    model = golden_model(folder, vector)
    found = trace(model, images[:2], names, influence_top=parameters.influence_top)
    expected = structure_of(vector)
    assert found.structure.layers == expected.layers
    for layer, direct in expected.direct.items():
        np.testing.assert_array_equal(found.structure.direct[layer], direct, err_msg=layer)
    counter = _counter(found, parameters)
    for entry in vector["classes"]:
        for batch in images[labels == entry["class"]].split(BATCH_SIZE):
            with torch.no_grad():
                torch.testing.assert_close(counter.add(batch).logits, model(batch))
        _assert_equal_counts(counter.take(), counts_of(entry))


def _counter(found: Trace, parameters: Parameters) -> Counter:
    split = [neuron.rsplit("/", 1) for neuron in parameters.exclude]
    return Counter(
        found,
        activation_mass=parameters.activation_mass,
        activation_top=parameters.activation_top,
        influence_top=parameters.influence_top,
        exclude=[(layer, int(channel)) for layer, channel in split],
    )


def _assert_equal_counts(counted: ClassCounts, expected: ClassCounts) -> None:
    assert counted.activations.keys() == expected.activations.keys()
    for layer, counts in expected.activations.items():
        np.testing.assert_array_equal(counted.activations[layer], counts, err_msg=layer)
    assert _rows(counted.hops) == _rows(expected.hops)


def _rows(hops: tuple[HopCounts, ...]) -> dict[tuple[str, str], list[list[int]]]:
    rows = {
        (hop.target_tensor, hop.source_tensor): np.stack(
            [hop.target_channel, hop.source_channel, hop.count], axis=1
        ).tolist()
        for hop in hops
    }
    return {hop: found for hop, found in rows.items() if found}
