"""Where pictures lie: the same paths in a run directory (`RUN/pictures/…`) and beside a store."""

from __future__ import annotations

PICTURES = "pictures"
"""The folder of a run directory that holds its pictures."""


def visualization_path(layer: str, channel: int, variant: int | None = None) -> str:
    """An image that was optimized to excite the neuron, relative to the pictures' folder; `variant` of diverse ones."""
    name = f"{channel}" if variant is None else f"{channel}-{variant}"
    return f"visualizations/{layer}/{name}.webp"


def examples_path(layer: str, channel: int, class_number: int | None = None) -> str:
    """A strip of the neuron's strongest patches, over all classes or of one, relative to the pictures' folder."""
    of = "all" if class_number is None else f"class-{class_number}"
    return f"examples/{of}/{layer}/{channel}.webp"
