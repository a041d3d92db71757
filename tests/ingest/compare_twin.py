"""A model's counts against those of its naive twin, image by image: hops, direct channels, term sums, decisions.

In float64, the twin's own precision, every decision has to be the twin's: that proves the trace and the counting. In
float32, in which ingests run, rounding may decide otherwise where two terms are nearly tied: such decisions are
counted, and their margins are taken from the twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ingest.counting import Counter
from ingest.structure import ClassCounts
from ingest.trace import Trace, trace
from tests.ingest.shadow_tables import ShadowTwin, TargetTerms
from tests.ingest.shadow_twin import shadow_twin
from tests.ingest.term_sums import compare_terms_with_values

INFLUENCE_TOP = 5
SAME_NUMBER = 1e-12
"""Terms closer than this part of the larger are one number in float64, added up in two orders."""


@dataclass(frozen=True)
class Comparison:
    """What was compared, and what differed."""

    layers: int
    channels: int
    """Of the chosen layers."""
    hops: int
    blocks: int
    """Sums whose terms were added up and compared with the model's own value."""
    proof: float
    """The largest part of such a value that depends on the image and is no term."""
    silent: int
    """Sums that are the same for both images, so that nothing is proved of them."""
    decisions: int
    """Rows of hops: the k largest terms of one channel in one image."""
    ties: int
    """Decisions that differ in float64, all of them between terms that are the same number."""
    near_ties: int | None
    """Decisions that differ in float32; None where that was not compared."""
    widest: float
    """The largest margin of these in float64, as a part of the larger term."""


@dataclass
class _Differences:
    decisions: int = 0
    different: int = 0
    widest: float = 0.0


def compare_model(
    model: nn.Module, layers: Sequence[str], images: Tensor, *, twins: int = 2, float32: bool = True
) -> Comparison:
    """Counts against the twin's; fails where hops, direct channels or a decision in float64 differ.  (2, C, H, W)

    The first `twins` images are counted. `images` and `model` are float64, of numbers that float32 holds too.
    """
    found = trace(model, images, layers, influence_top=INFLUENCE_TOP)
    proved = compare_terms_with_values(found, images)
    shadows = [shadow_twin(model, layers, image[None]) for image in images[:twins]]
    if twins == 2:
        _check_sums(shadows)
    _check_structure(found, shadows[0])
    exact = _differences(found, shadows, images)
    assert exact.widest < SAME_NUMBER, f"margin {exact.widest:.3g}"
    rounded = _Differences()
    if float32:
        single = trace(model.float(), images.float(), layers, influence_top=INFLUENCE_TOP)
        rounded = _differences(single, shadows, images.float())
        model.double()
    chosen = found.structure.layers
    return Comparison(
        len(chosen), sum(each.channels for each in chosen), len(found.hops), proved.blocks, proved.worst,
        proved.silent, exact.decisions, exact.different, rounded.different if float32 else None, rounded.widest,
    )  # fmt: skip


def _check_sums(shadows: Sequence[ShadowTwin]) -> None:
    """The twin's own terms explain all of a value that depends on the image."""
    first, second = shadows
    for (value, terms), (other, other_terms) in zip(first.tables, second.tables, strict=True):
        left = (value - terms) - (other - other_terms)
        assert left.abs().max() <= 1e-9 * max(1e-30, float((value - other).abs().max())), "the twin misses terms"


def _check_structure(found: Trace, twin: ShadowTwin) -> None:
    names = [tensor.name for tensor in found.tensors]
    used = {target.name for target in twin.targets} | {name for target in twin.targets for name, _ in target.sources}
    ordered = [target.name for target in twin.targets]
    assert [name for name in names if name in ordered] == ordered
    hops = {(target.name, name) for target in twin.targets for name, _ in target.sources}
    assert set(found.hops) == hops, (sorted(set(found.hops) - hops)[:5], sorted(hops - set(found.hops))[:5])
    assert used <= set(names)
    for layer in found.structure.layers:
        direct = {channel for channel, sources in twin.direct.get(layer.name, {}).items() if sources >= INFLUENCE_TOP}
        assert set(found.structure.direct[layer.name].nonzero()[0].tolist()) == direct, layer.name


def _differences(found: Trace, shadows: Sequence[ShadowTwin], images: Tensor) -> _Differences:
    """Counts the images of the twins by themselves, and compares which terms were counted."""
    counter = Counter(found, activation_mass=0.5, activation_top=None, influence_top=INFLUENCE_TOP)
    differences = _Differences()
    for image, shadow in zip(images, shadows, strict=False):
        counter.add(image[None])
        counts = counter.take()
        for target in shadow.targets:
            _compare_target(target, counts, differences)
    return differences


def _compare_target(target: TargetTerms, counts: ClassCounts, differences: _Differences) -> None:
    place = {source: index for index, source in enumerate(target.sources)}
    counted = torch.zeros(target.largest.shape, dtype=torch.bool)
    for hop in counts.hops:
        if hop.target_tensor == target.name:
            at = [place[hop.source_tensor, channel] for channel in hop.source_channel.tolist()]
            assert bool((torch.from_numpy(hop.count) == 1).all())
            counted[hop.target_channel.tolist(), at] = True
    expected = _top(target.largest)
    # Where fewer than k terms are above 0, what is decided is whether a term is: beside the target's other terms.
    largest = float(target.largest[target.largest.isfinite()].abs().max())
    wrong = (counted != expected).any(1).nonzero().flatten().tolist()
    for row in wrong:
        differing = (counted[row] != expected[row]).nonzero().flatten()
        above = target.largest[row].clamp(min=0).sort(descending=True).values
        cut = float(above[INFLUENCE_TOP - 1]) if len(above) >= INFLUENCE_TOP else 0.0
        scale = cut if cut > 0 else largest
        margin = float((target.largest[row, differing] - cut).abs().max())
        differences.widest = max(differences.widest, margin / scale if scale > 0 else torch.inf)
    differences.decisions += len(expected)
    differences.different += len(wrong)


def _top(largest: Tensor) -> Tensor:
    """(C, N) which are the k largest above 0; of equal ones the first."""
    order = largest.sort(dim=1, descending=True, stable=True).indices[:, :INFLUENCE_TOP]
    chosen = torch.zeros(largest.shape, dtype=torch.bool).scatter_(1, order, True)
    return chosen & (largest > 0)
