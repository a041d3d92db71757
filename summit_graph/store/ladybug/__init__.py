"""The embedded engine: one file, nothing to install or start."""

from summit_graph.store.ladybug.store import LadybugStore

__all__ = ["LadybugStore"]
