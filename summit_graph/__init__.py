"""summit-graph: which neurons an image classifier uses for each class, as one queryable graph."""

__version__ = "0.1.0"
