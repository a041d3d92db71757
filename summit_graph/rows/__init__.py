"""A run as graph rows: one Arrow table per label and relationship type. Stores and exports only write them."""

from summit_graph.rows.groups import Scope
from summit_graph.rows.stream import GraphRows
from summit_graph.rows.whole import graph_state

__all__ = ["GraphRows", "Scope", "graph_state"]
