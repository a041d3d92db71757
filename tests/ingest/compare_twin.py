"""A model's counts against those of its naive twin, image by image: hops, direct channels, term sums, near-ties."""

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
NEAR_TIE = 1e-5
"""Margin in float64, relative to the larger value, below which float32 may decide otherwise."""


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
    near_ties: int
    """Decisions that differ, all of them by terms closer than NEAR_TIE."""


def compare_model(
    model: nn.Module,
    layers: Sequence[str],
    images: Tensor,
    *,
    top: int = INFLUENCE_TOP,
    precision: torch.dtype = torch.float32,
) -> Comparison:
    """Counts in `precision` against the twin in float64; fails where they differ by more than a near-tie.  (2, C, H, W)

    `model` is left in float64.
    """
    found = trace(model.double(), images.double(), layers, influence_top=top)
    proved = compare_terms_with_values(found, images.double())
    twins = [shadow_twin(model, layers, image[None]) for image in images.double()]
    _check_sums(twins)
    if precision != torch.float64:
        found = trace(model.to(precision), images.to(precision), layers, influence_top=top)
    _check_structure(found, twins[0], top)
    counter = Counter(found, activation_mass=0.5, activation_top=None, influence_top=top)
    decisions = near_ties = 0
    for image, twin in zip(images.to(precision), twins, strict=True):
        counter.add(image[None])
        counts = counter.take()
        for target in twin.targets:
            tally = _compare_target(found, target, counts, top)
            decisions, near_ties = decisions + tally[0], near_ties + tally[1]
    model.double()
    chosen = found.structure.layers
    return Comparison(
        len(chosen), sum(each.channels for each in chosen), len(found.hops), proved.blocks, proved.worst,
        proved.silent, decisions, near_ties,
    )  # fmt: skip


def _check_sums(twins: Sequence[ShadowTwin]) -> None:
    """The twin's own terms explain all of a value that depends on the image."""
    first, second = twins
    for (value, terms), (other, other_terms) in zip(first.tables, second.tables, strict=True):
        left = (value - terms) - (other - other_terms)
        assert left.abs().max() <= 1e-9 * max(1e-30, float((value - other).abs().max())), "the twin misses terms"


def _check_structure(found: Trace, twin: ShadowTwin, top: int) -> None:
    names = [tensor.name for tensor in found.tensors]
    used = {target.name for target in twin.targets} | {name for target in twin.targets for name, _ in target.sources}
    ordered = [target.name for target in twin.targets]
    assert [name for name in names if name in ordered] == ordered
    hops = {(target.name, name) for target in twin.targets for name, _ in target.sources}
    assert set(found.hops) == hops, (sorted(set(found.hops) - hops)[:5], sorted(hops - set(found.hops))[:5])
    assert used <= set(names)
    for layer in found.structure.layers:
        direct = {channel for channel, sources in twin.direct.get(layer.name, {}).items() if sources >= top}
        assert set(found.structure.direct[layer.name].nonzero()[0].tolist()) == direct, layer.name


def _compare_target(found: Trace, target: TargetTerms, counts: ClassCounts, top: int) -> tuple[int, int]:
    place = {source: index for index, source in enumerate(target.sources)}
    counted = torch.zeros(target.largest.shape, dtype=torch.bool)
    for hop in counts.hops:
        if hop.target_tensor == target.name:
            at = [place[hop.source_tensor, channel] for channel in hop.source_channel.tolist()]
            assert bool((torch.from_numpy(hop.count) == 1).all())
            counted[hop.target_channel.tolist(), at] = True
    expected = _top(target.largest, top)
    wrong = (counted != expected).any(1).nonzero().flatten().tolist()
    for row in wrong:
        differing = (counted[row] != expected[row]).nonzero().flatten()
        values = target.largest[row].clamp(min=0)
        cut = float(values.sort(descending=True).values[min(top, len(values)) - 1])
        scale = cut if cut > 0 else float(values.max())
        margin = float((target.largest[row, differing] - cut).abs().max())
        sources = [target.sources[index] for index in differing.tolist()]
        assert margin < NEAR_TIE * scale, f"{target.name}/{row}: {sources[:6]}, margin {margin:.3g} of {scale:.3g}"
    return len(expected), len(wrong)


def _top(largest: Tensor, top: int) -> Tensor:
    """(C, N) which are the k largest above 0; of equal ones the first."""
    order = largest.sort(dim=1, descending=True, stable=True).indices[:, :top]
    chosen = torch.zeros(largest.shape, dtype=torch.bool).scatter_(1, order, True)
    return chosen & (largest > 0)
