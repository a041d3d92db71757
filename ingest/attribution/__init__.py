"""From the counts of one class to its attribution graph (no torch here, no images).

1. `chains`: an edge's weight is that of the widest chain of hops through inner tensors (width: its least count).
2. `edges`: excluded neurons lose their edges; channels that are not direct keep only their layer's `m` strongest.
3. `pagerank`: the importance is personalized PageRank on the undirected graph, personalized by the activation counts.
4. `selection`: per layer the fewest neurons that hold the attribution mass, raised where a layer would lose its edges.
"""

from ingest.attribution.edges import Edges
from ingest.attribution.graph import ClassGraph, LayerTotals, class_graph

__all__ = ["ClassGraph", "Edges", "LayerTotals", "class_graph"]
