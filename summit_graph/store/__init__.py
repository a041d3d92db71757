"""Graph stores: one interface, two engines. A URL or a path says which."""

from summit_graph.store.base import Answer, Dialect, LoadReport, Progress, Store
from summit_graph.store.opening import open_store

__all__ = ["Answer", "Dialect", "LoadReport", "Progress", "Store", "open_store"]
