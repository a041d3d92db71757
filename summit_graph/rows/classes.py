"""The classes of a run: their nodes, their places in the layers, and the shares that their image counts give."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from summit_graph.errors import SummitError
from summit_graph.rows import checks, whole
from summit_graph.rows.identity import Identity
from summit_graph.run import Run


class ClassList:
    """classes.parquet. A class without tables of its own is one that was predicted but has no images."""

    def __init__(self, run: Run) -> None:
        self._table = run.table("classes")
        self.numbers: list[int] = self._table["class"].to_pylist()
        self.with_tables = run.class_numbers
        path = run.directory / "classes.parquet"
        if len(set(self.numbers)) != len(self.numbers) or any(number < 0 for number in self.numbers):
            raise SummitError(f"{path}: a class number is there twice or is below 0")
        unknown = sorted(set(self.with_tables) - set(self.numbers))
        if unknown:
            raise SummitError(f"{path}: class {unknown[0]} has tables and no row here")
        for name in ("images", "correct"):
            if any(value is not None and value < 0 for value in self._table[name].to_pylist()):
                raise SummitError(f"{path}: a number in the column {name} is below 0")
        # Unknown and 0 both become NaN, so that no share is made of them.
        images = np.array([value or np.nan for value in self._table["images"].to_pylist()], dtype=np.float64)
        order = np.argsort(self.numbers)
        self._sorted_numbers = np.array(self.numbers, dtype=np.int64)[order]
        self._sorted_images = images[order]

    def shares(self, numbers: np.ndarray, counts: np.ndarray) -> pa.Array:
        """count / images of the row's class: (rows,) float64, null where the images are unknown."""
        images = self._sorted_images[np.searchsorted(self._sorted_numbers, numbers)]  # (rows,)
        return pa.array(counts / images, mask=np.isnan(images))

    def parts(
        self, identity: Identity, histogram: Callable[[int], list[int] | None], run: Run
    ) -> Iterator[tuple[str, pa.Table]]:
        """Class, HAS_CLASS and PLACED; `histogram` gives a class's probabilities by its number."""
        numbers = np.array(self.numbers, dtype=np.int64)
        ids = identity.class_ids(numbers)
        images: list[int | None] = self._table["images"].to_pylist()
        correct: list[int | None] = self._table["correct"].to_pylist()
        accuracy = [
            right / seen if right is not None and seen else None for right, seen in zip(correct, images, strict=True)
        ]
        histograms = [histogram(number) for number in self.numbers]
        runs = pa.repeat(pa.scalar(identity.run), len(ids))
        columns = [ids, runs, numbers, self._table["name"].combine_chunks(), images, correct, accuracy, histograms]
        yield "Class", whole.table("Class", columns)
        yield "HAS_CLASS", whole.table("HAS_CLASS", [runs, ids])
        yield "PLACED", self._places(identity, run)

    def _places(self, identity: Identity, run: Run) -> pa.Table:
        """A row for every class and layer of which a place or a total is known; what is not known of it is null."""
        names = {entry.name: entry.index for entry in identity.layers}
        known: dict[tuple[int, int], list[float | None]] = {}
        if run.has("embedding"):
            for row in run.table("embedding").to_pylist():
                key = (row["class"], row["layer_index"])
                if key in known:
                    raise SummitError(
                        f"{run.directory}/embedding.parquet: class {key[0]} has two places in layer {key[1]}"
                    )
                known[key] = [row["x"], row["y"], None, None]
        for number, layers in run.manifest.totals.items():
            for layer, sums in layers.items():
                key = (int(number), names.get(layer, -1))
                row = known.setdefault(key, [None, None, None, None])
                row[2:] = [sums.get("importance"), sums.get("influence")]
        checks.check_places(known, set(self.numbers), len(identity.layers), run)
        keys = np.array(sorted(known), dtype=np.int64).reshape(-1, 2)
        values = zip(*(known[key] for key in sorted(known)), strict=True) if known else [[], [], [], []]
        ends = [identity.class_ids(keys[:, 0]), identity.layer_ids.take(pa.array(keys[:, 1]))]
        return whole.table("PLACED", [*ends, *(list(column) for column in values)])
