"""The HTTP service over a graph store, and the page that draws one class's attribution graph (docs/api.md)."""
