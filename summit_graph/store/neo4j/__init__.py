"""A Neo4j server: for more than one user, for the Browser and Bloom, and for clusters."""

from summit_graph.store.neo4j.store import Neo4jStore

__all__ = ["Neo4jStore"]
