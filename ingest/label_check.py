"""Do the labels agree with the model? Before the first class, a few images are predicted: wrong labels waste a day."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from ingest.images.labels import Labels
from ingest.images.source import SourceClass, SourceImage
from summit_graph.errors import SummitError

MOST_IMAGES = 1000
"""How many images are predicted at most, spread evenly over the classes."""

Item = TypeVar("Item")

_MIX_UPS = 5
_SURE = 0.01
"""Labels count as right where guessing would be right as often in fewer than this share of cases."""


def spread(classes: Sequence[SourceClass], most: int = MOST_IMAGES) -> list[tuple[str, SourceImage]]:
    """Up to `most` images with their classes' names, the same number of each class and evenly spaced in each."""
    if len(classes) > most:
        classes = _evenly(classes, most)
    each = most // len(classes)
    return [(entry.name, image) for entry in classes for image in _evenly(entry.images, each)]


def check_labels(pairs: Sequence[tuple[int, int]], labels: Labels, outputs: int) -> None:
    """Raises SummitError where the predictions are no better than chance; names the likeliest mix-ups.

    `pairs`: (number of the image's class, predicted number) of each image.
    """
    if not pairs:
        return
    correct = sum(number == predicted for number, predicted in pairs)
    classes = len({number for number, _ in pairs})
    chance = 1 / (classes if classes > 1 else outputs)
    if tail(len(pairs), correct, chance) <= _SURE:
        return
    mix_ups = Counter((number, predicted) for number, predicted in pairs if number != predicted)
    images = Counter(number for number, _ in pairs)
    listed = ", ".join(
        f"{labels.name(number)} ({number}) taken for {labels.name(predicted)} ({predicted}): "
        f"{count} of {images[number]} images"
        for (number, predicted), count in sorted(mix_ups.items(), key=lambda entry: (-entry[1], entry[0]))[:_MIX_UPS]
    )
    raise SummitError(
        f"the labels look wrong: {correct} of {len(pairs):,} images are predicted as their class, "
        f"no better than chance ({listed}): say with --classes which folder is which output, "
        "mend the preprocessing, or give --accept-labels"
    )


def tail(trials: int, correct: int, chance: float) -> float:
    """Probability that guessing is right in `correct` or more of the trials (binomial)."""
    if chance >= 1:
        return 1.0
    log_terms = (
        math.lgamma(trials + 1)
        - math.lgamma(right + 1)
        - math.lgamma(trials - right + 1)
        + right * math.log(chance)
        + (trials - right) * math.log1p(-chance)
        for right in range(correct, trials + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in log_terms))


def _evenly(items: Sequence[Item], most: int) -> list[Item]:
    count = min(most, len(items))
    return [items[index * len(items) // count] for index in range(count)]
