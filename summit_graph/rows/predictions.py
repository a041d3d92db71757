"""What the model predicted: the histogram of its probabilities per class, and which classes it takes for which."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from summit_graph import schema
from summit_graph.errors import SummitError
from summit_graph.rows import checks, whole
from summit_graph.rows.classes import ClassList
from summit_graph.rows.groups import class_table
from summit_graph.rows.identity import Identity
from summit_graph.run import Run


class Confusion:
    """Filled class by class; a class without predictions has no histogram."""

    def __init__(self, classes: ClassList) -> None:
        self._classes = classes
        self._histograms: dict[int, list[int]] = {}
        self._confused: list[tuple[int, int, int]] = []

    def add(self, number: int, run: Run) -> None:
        """Reads a class's predictions."""
        rows = class_table(run, "predictions", number)
        probability = rows["probability"].to_numpy().astype(np.float64)
        if not ((probability >= 0) & (probability <= 1)).all():
            raise SummitError(f"{checks.place(run, 'predictions', number)}: a probability is not between 0 and 1")
        if pc.count_distinct(rows["image"]).as_py() < rows.num_rows:
            raise SummitError(f"{checks.place(run, 'predictions', number)}: an image is there twice")
        bars = schema.PROBABILITY_BARS
        bar = np.minimum((probability * bars).astype(np.int64), bars - 1)  # (images,)
        self._histograms[number] = np.bincount(bar, minlength=bars).tolist()
        predicted, counts = np.unique(rows["predicted"].to_numpy().astype(np.int64), return_counts=True)
        unknown = sorted(set(predicted.tolist()) - set(self._classes.numbers))
        if unknown:
            path = checks.place(run, "predictions", number)
            raise SummitError(f"{path}: class {unknown[0]} is predicted and is not in classes.parquet")
        pairs = zip(predicted.tolist(), counts.tolist(), strict=True)
        self._confused += [(number, other, count) for other, count in pairs if other != number]

    def histogram(self, number: int) -> list[int] | None:
        """How many images of a class have their probability in each bar; None where predictions are unknown."""
        return self._histograms.get(number)

    def parts(self, identity: Identity) -> Iterator[tuple[str, pa.Table]]:
        """CONFUSED_WITH, from the images' class to the class that was predicted instead."""
        source, target, count = np.array(self._confused, dtype=np.int64).reshape(-1, 3).T
        columns = [identity.class_ids(source), identity.class_ids(target), pa.array(count)]
        yield "CONFUSED_WITH", whole.table("CONFUSED_WITH", columns)
