"""Where pictures lie: the same paths in a run directory (`RUN/pictures/…`) and beside a store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

PICTURES = "pictures"
"""The folder of a run directory that holds its pictures."""

Kind = Literal["examples", "visualizations"]


@dataclass(frozen=True)
class Place:
    """What a picture shows."""

    kind: Kind
    layer: str
    channel: int
    class_number: int | None = None
    """Of examples: the class they are of, None over all classes."""
    variant: int | None = None
    """Of visualizations: which of the diverse ones, None for the one that stands alone."""


def visualization_path(layer: str, channel: int, variant: int | None = None) -> str:
    """An image that was optimized to excite the neuron, relative to the pictures' folder; `variant` of diverse ones."""
    name = f"{channel}" if variant is None else f"{channel}-{variant}"
    return f"visualizations/{folder_name(layer)}/{name}.webp"


def examples_path(layer: str, channel: int, class_number: int | None = None) -> str:
    """A strip of the neuron's strongest patches, over all classes or of one, relative to the pictures' folder."""
    of = "all" if class_number is None else f"class-{class_number}"
    return f"examples/{of}/{folder_name(layer)}/{channel}.webp"


def place_of(path: str) -> Place | None:
    """What the picture at a path shows; None where the path is none of a picture."""
    if found := _EXAMPLES.fullmatch(path):
        number = None if found["of"] == "all" else int(found["of"].removeprefix("class-"))
        return Place("examples", unquote(found["layer"]), int(found["channel"]), class_number=number)
    if found := _VISUALIZATION.fullmatch(path):
        variant = None if found["variant"] is None else int(found["variant"])
        return Place("visualizations", unquote(found["layer"]), int(found["channel"]), variant=variant)
    return None


def folder_name(name: str) -> str:
    """A layer's or a run's name as the name of one folder, whatever it holds; a usual one is itself."""
    quoted = quote(name, safe="")
    # A name of dots would lead out of its folder.
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


_NUMBER = "(?:0|[1-9][0-9]{0,8})"
_EXAMPLES = re.compile(rf"examples/(?P<of>all|class-{_NUMBER})/(?P<layer>[^/]+)/(?P<channel>{_NUMBER})\.webp")
_VISUALIZATION = re.compile(
    rf"visualizations/(?P<layer>[^/]+)/(?P<channel>{_NUMBER})(?:-(?P<variant>{_NUMBER}))?\.webp"
)
