"""The catalogue of canned queries: read from `cypher/`, checked, run on a store (docs/queries.md)."""

from summit_graph.queries.catalogue import Catalogue, Query, load_catalogue, packaged_catalogue
from summit_graph.queries.class_graph import ClassGraph, class_graph
from summit_graph.queries.header import Column
from summit_graph.queries.parameter import Parameter
from summit_graph.queries.running import QueryResult, run_query

__all__ = [
    "Catalogue",
    "ClassGraph",
    "Column",
    "Parameter",
    "Query",
    "QueryResult",
    "class_graph",
    "load_catalogue",
    "packaged_catalogue",
    "run_query",
]
