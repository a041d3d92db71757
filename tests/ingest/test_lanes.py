"""Batches side by side: the same counts and logits whatever the number of lanes or torch threads, in order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ingest.counting import Batch, Counter
from ingest.images.batches import ImageBatch
from ingest.images.source import SourceImage
from ingest.lanes import Lanes, NotFiniteImage
from ingest.structure import ClassCounts
from ingest.trace import Trace, trace

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def traced() -> Trace:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1), nn.ReLU(), nn.Conv2d(24, 32, 3), nn.ReLU(), nn.Conv2d(32, 20, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(20, 4),
    ).eval()  # fmt: skip
    return trace(model, torch.zeros(2, 3, 16, 16), ["1", "3", "5"], influence_top=5)


def counter_of(traced: Trace) -> Counter:
    return Counter(traced, activation_mass=0.3, activation_top=None, influence_top=5)


def batches(count: int, size: int = 6) -> list[ImageBatch]:
    generator = torch.Generator().manual_seed(1)
    return [
        ImageBatch(
            torch.randn(size, 3, 16, 16, generator=generator),
            tuple(SourceImage(f"{number}-{index}.jpg", 1) for index in range(size)),
        )
        for number in range(count)
    ]


def counted(traced: Trace, lanes: int, threads: int) -> tuple[list[str], Tensor, ClassCounts]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        counter = counter_of(traced)
        tally = counter.tally()
        with Lanes(counter, CPU, lanes) as many:
            found = list(many.counted(batches(7), tally))
    finally:
        torch.set_num_threads(before)
    logits = torch.cat([one.counted.logits for one in found])
    return [one.batch.images[0].name for one in found], logits, counter.take(tally)


def assert_equal_counts(found: ClassCounts, expected: ClassCounts) -> None:
    for name, counts in expected.activations.items():
        np.testing.assert_array_equal(found.activations[name], counts)
    for hop, other in zip(found.hops, expected.hops, strict=True):
        assert len(other.count)
        for column in ("target_channel", "source_channel", "count"):
            np.testing.assert_array_equal(getattr(hop, column), getattr(other, column))


def test_neither_lanes_nor_torch_threads_change_counts_order_or_a_bit_of_the_logits(traced: Trace) -> None:
    names, logits, expected = counted(traced, lanes=1, threads=1)
    assert names == [f"{number}-0.jpg" for number in range(7)]
    for lanes, threads in ((3, 1), (1, 2), (4, 2)):
        other_names, other_logits, counts = counted(traced, lanes, threads)
        assert other_names == names
        assert torch.equal(other_logits, logits)
        assert_equal_counts(counts, expected)


def test_two_classes_may_be_counted_at_once(traced: Trace) -> None:
    counter = counter_of(traced)
    first, second = counter.tally(), counter.tally()
    for batch in batches(2):
        counter.add(batch.pixels, first)
        counter.add(batch.pixels, second)
    assert_equal_counts(counter.take(first), counter.take(second))


def test_an_image_that_gives_nan_is_named_with_its_batch(traced: Trace) -> None:
    some = batches(3)
    some[1].pixels[4, 0, 0, 0] = torch.nan
    counter = counter_of(traced)
    with Lanes(counter, CPU, 2) as lanes, pytest.raises(NotFiniteImage) as caught:
        list(lanes.counted(some, counter.tally()))
    assert (caught.value.batch, caught.value.cause.position) == (some[1], 4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
def test_a_gpu_counts_as_the_cpu_does_but_for_near_ties(traced: Trace) -> None:
    def on(device: torch.device) -> ClassCounts:
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 96, 3), nn.ReLU(), nn.Conv2d(96, 64, 1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 4),
        ).eval().to(device)  # fmt: skip
        example = torch.zeros(2, 3, 16, 16, device=device)
        counter = counter_of(trace(model, example, ["1", "3", "5"], influence_top=5))
        for batch in batches(8):
            counted: Batch = counter.add(batch.pixels.to(device))
            assert counted.logits.device == CPU
        return counter.take()

    cpu, gpu = on(CPU), on(torch.device("cuda"))
    decisions = changed = 0
    for one, other in zip(cpu.hops, gpu.hops, strict=True):
        counts = [
            dict(
                zip(zip(hop.target_channel.tolist(), hop.source_channel.tolist(), strict=True), hop.count, strict=True)
            )
            for hop in (one, other)
        ]
        decisions += int(one.count.sum())
        changed += sum(
            abs(int(counts[0].get(pair, 0)) - int(counts[1].get(pair, 0))) for pair in {**counts[0], **counts[1]}
        )
    assert decisions > 10_000
    assert changed * 10_000 <= 2 * decisions, "a near-tie changes two counts"
