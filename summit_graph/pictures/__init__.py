"""Pictures of neurons: where they lie in a run, beside a store, and which exist."""

from summit_graph.pictures.places import PICTURES, examples_path, visualization_path

__all__ = ["PICTURES", "examples_path", "visualization_path"]
