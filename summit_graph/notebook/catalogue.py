"""The catalogue at a notebook: every canned query a DataFrame, every class's graph a drawing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from summit_graph.drawing import DrawnGraph
from summit_graph.graph import Graph
from summit_graph.queries import load_catalogue

if TYPE_CHECKING:
    import pandas as pd

    from summit_graph.notebook.py2neo_store import Py2neoGraph


class NotebookCatalogue:
    """Canned queries over a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def query(self, name: str, /, **parameters: Any) -> pd.DataFrame:
        """A canned query's rows; raises as `summit_graph.graph.Graph.query` does."""
        return self.graph.query(name, **parameters).to_pandas()

    def cypher(self, text: str, /, **parameters: Any) -> pd.DataFrame:
        """The rows of one's own reading query."""
        return self.graph.cypher(text, **parameters).to_pandas()

    def class_graph(self, class_: str | int, run: str | None = None) -> DrawnGraph:
        """A class's attribution graph; a notebook's cell draws it, and `to_svg()` is the drawing."""
        return self.graph.class_graph(class_, run)

    def queries(self) -> pd.DataFrame:
        """The catalogue: name, title, question, parameters and columns of every query."""
        import pandas as pd

        return pd.DataFrame(
            {
                "query": query.name,
                "title": query.title,
                "answers": query.answers,
                "parameters": ", ".join(parameter.name for parameter in query.parameters),
                "columns": ", ".join(column.name for column in query.columns),
            }
            for query in self.graph.catalogue
        )


def catalogue(graph: Graph | Py2neoGraph, *, queries: str | Path | None = None) -> NotebookCatalogue:
    """The catalogue over a `summit_graph` graph or a `py2neo.Graph`.

    `queries` is a folder of further query files, for a `py2neo.Graph`; a `summit_graph` graph has its own.
    """
    if isinstance(graph, Graph):
        return NotebookCatalogue(graph)
    # Imported when called: who has no py2neo has no such graph.
    from summit_graph.notebook.py2neo_store import Py2neoStore

    return NotebookCatalogue(Graph(Py2neoStore(graph), load_catalogue(*([queries] if queries is not None else []))))
