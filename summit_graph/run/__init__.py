"""The run directory: what an ingest or an import writes, and what a load reads (docs/run-directory.md)."""

from summit_graph.run.manifest import LayerEntry, Manifest, read_manifest
from summit_graph.run.parameters import Parameters
from summit_graph.run.reader import Run
from summit_graph.run.writer import ClassResult, RunWriter

__all__ = ["ClassResult", "LayerEntry", "Manifest", "Parameters", "Run", "RunWriter", "read_manifest"]
