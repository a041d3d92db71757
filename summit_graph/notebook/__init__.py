"""For researchers at a notebook: the catalogue through a graph or a `py2neo.Graph`, DataFrames, a class's graph as SVG.

from py2neo import Graph
from summit_graph import notebook

catalogue = notebook.catalogue(Graph("bolt://127.0.0.1:7687", auth=("neo4j", password)))
catalogue.query("shared_neurons", class_a="tench", class_b=396)      # a DataFrame
catalogue.class_graph("tench")                                       # drawn in the cell
"""

from summit_graph.drawing import class_svg
from summit_graph.notebook.catalogue import NotebookCatalogue, catalogue

__all__ = ["NotebookCatalogue", "catalogue", "class_svg"]
