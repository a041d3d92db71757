"""Path searches over fetched class graphs, for the queries whose header says `search: NAME`.

Neither engine has weighted k-paths, and enumerating walks explodes; so such a query's text fetches the classes'
vertices and edges (small: a class's graph is one thing in the store) and a function here makes the rows, the same on
both engines.
"""

from collections.abc import Mapping

from summit_graph.search.graph import Fetch, Row, Search
from summit_graph.search.meeting import meeting

SEARCHES: Mapping[str, Search] = {"meeting": meeting}
"""The functions by the name that a header gives."""

__all__ = ["SEARCHES", "Fetch", "Row", "Search"]
