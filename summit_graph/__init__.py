"""summit-graph: which neurons an image classifier uses for each class, as one queryable graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from summit_graph.graph import Graph

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]


def connect(url: str | Path | None = None, *, queries: str | Path | None = None) -> Graph:
    """Opens the graph at a path or a neo4j://, neo4j+s:// or bolt:// URL; by default that of the setting `db`.

    `queries` is a folder of further query files. Raises StoreUnavailable where no store answers there.
    """
    # Imported when called: the version and the command's help need neither engine nor Arrow.
    from summit_graph.graph import connect as open_graph

    return open_graph(url, queries=queries)
