"""Graph stores: one interface, two engines. A URL or a path says which."""

from summit_graph.store.base import Answer, Dialect, LoadReport, Progress, Reader, Store
from summit_graph.store.opening import open_store

__all__ = ["Answer", "Dialect", "LoadReport", "Progress", "Reader", "Store", "open_store"]
