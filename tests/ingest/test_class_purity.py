"""Whether a neuron's strongest images are of one class: more often where a class's graph has selected it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from summit_graph.run import Run
from tests.services.evidence import Section

LAST_BLOCKS = ("layer3.0", "layer3.1", "layer3.2")


def purities(run: Run) -> dict[int, float]:
    """By neuron of the last blocks with ten examples, the largest share of them that is of one class."""
    first, wanted = 0, set[int]()
    for layer in run.manifest.layers:
        if layer.name in LAST_BLOCKS:
            wanted |= set(range(first, first + layer.channels))
        first += layer.channels
    classes: dict[int, list[str]] = {}
    for row in run.table("examples").select(["neuron", "image"]).to_pylist():
        if row["neuron"] in wanted:
            classes.setdefault(row["neuron"], []).append(str(Path(row["image"]).parent))
    return {n: max(Counter(found).values()) / 10 for n, found in classes.items() if len(found) == 10}


def selected_neurons(run: Run) -> set[int]:
    """Those that some class's graph has selected."""
    chosen = set[int]()
    for number in run.class_numbers:
        chosen |= {row["neuron"] for row in run.table("activations", number).to_pylist() if row["selected"]}
    return chosen


@pytest.mark.long
def test_neurons_that_a_class_s_graph_holds_are_purer_than_random_ones(resnet_run: Run, evidence: Section) -> None:
    purity = purities(resnet_run)
    selected = [purity[neuron] for neuron in sorted(selected_neurons(resnet_run) & purity.keys())]
    drawn = np.random.default_rng(0).choice(sorted(purity), size=len(selected), replace=False)
    at_random = [purity[int(neuron)] for neuron in drawn]
    assert len(selected) >= 20
    assert np.mean(selected) > np.mean(at_random) + 0.05
    topic = "Class purity of the ten examples: ResNet-20's last three blocks"
    evidence.record(topic, f"the {len(selected)} selected neurons, mean", f"{np.mean(selected):.0%}")
    evidence.record(topic, f"as many of all {len(purity)} at random, mean", f"{np.mean(at_random):.0%}")
