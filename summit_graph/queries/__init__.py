"""The catalogue of canned queries: read from `cypher/`, checked, run on a store (docs/queries.md)."""

from summit_graph.queries.catalogue import Catalogue, Query, load_catalogue, packaged_catalogue
from summit_graph.queries.header import Column
from summit_graph.queries.parameter import Parameter
from summit_graph.queries.running import QueryResult, run_query

__all__ = [
    "Catalogue",
    "Column",
    "Parameter",
    "Query",
    "QueryResult",
    "load_catalogue",
    "packaged_catalogue",
    "run_query",
]
