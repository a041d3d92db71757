"""What neither engine can do alone: path searches over fetched class graphs, rankings within groups, masses.

Neither engine has weighted k-paths, and enumerating walks explodes. A query whose header says `search: NAME` fetches
with its text what it is about (a class's graph, which is small and one thing in the store; its layers; the pairs that
are confused), and the function of that name here makes the rows of it, the same on both engines. It may fetch more by
other queries of the catalogue.
"""

from collections.abc import Mapping

from summit_graph.search.common_chain import common_chain
from summit_graph.search.concentration import concentration, weak_classes
from summit_graph.search.confusion import confused_classes
from summit_graph.search.graph import Fetch, Row, Search
from summit_graph.search.mass import class_edges, class_neurons
from summit_graph.search.meeting import meeting
from summit_graph.search.neighbourhood import neighbourhood
from summit_graph.search.similarity import sharing_classes, similar_classes
from summit_graph.search.widest_paths import widest_paths

SEARCHES: Mapping[str, Search] = {
    "class_edges": class_edges,
    "class_neurons": class_neurons,
    "common_chain": common_chain,
    "concentration": concentration,
    "confused_classes": confused_classes,
    "meeting": meeting,
    "neighbourhood": neighbourhood,
    "sharing_classes": sharing_classes,
    "similar_classes": similar_classes,
    "weak_classes": weak_classes,
    "widest_paths": widest_paths,
}
"""The functions by the name that a header gives."""

__all__ = ["SEARCHES", "Fetch", "Row", "Search"]
