"""Where an answer leads, as the specification says it (OpenAPI's links): which of its values another operation takes.

They follow from what the operations take and what the queries' columns hold, so that a new query has its own.
"""

from __future__ import annotations

from typing import Any

from summit_graph.queries import Catalogue

Operation = dict[str, Any]
_RUN = {"run": "$response.body#/run"}


def add_links(paths: dict[str, Any], prefix: str, catalogue: Catalogue) -> None:
    """Adds links to the paths of a specification: where the runs, each query and a class's graph lead."""
    asked: dict[str, Operation] = {path: methods["get"] for path, methods in paths.items() if "get" in methods}
    runs, graph, pictures = (asked[f"{prefix}/{noun}"] for noun in ("runs", "graph", "pictures"))
    newest = {"run": "$response.body#/runs/0/run"}
    for operation in asked.values():
        if "run" in _taken(operation):
            _add(runs, operation["operationId"], operation, newest, "Asked of the newest run.")
    first = {"neuron": "$response.body#/nodes/0/neuron", "class": "$response.body#/class"}
    _add(graph, "pictures", pictures, {**first, **_RUN}, "Pictures of the first neuron.")
    for query in catalogue:
        operation = asked[f"{prefix}/queries/{query.name}"]
        same = {name: f"$request.query.{name}" for name in _taken(operation) if name != "format"}
        _add(operation, "next", operation, {**same, **_RUN, "page": "$response.body#/next"}, "The page after this one.")
        for kind, name, target, meaning in (
            ("class", "graph", graph, "Graph of the first row's class."),
            ("neuron", "pictures", pictures, "Pictures of the first row's neuron."),
        ):
            columns = [column.name for column in query.columns if column.type == kind]
            if columns:
                _add(operation, name, target, {kind: f"$response.body#/rows/0/{columns[0]}", **_RUN}, meaning)


def _add(source: Operation, name: str, target: Operation, parameters: dict[str, str], meaning: str) -> None:
    """From the answer of one operation to another, whose parameters are found where the expressions say."""
    links = source["responses"]["200"].setdefault("links", {})
    links[name] = {"operationId": target["operationId"], "parameters": parameters, "description": meaning}


def _taken(operation: Operation) -> list[str]:
    """Names of the parameters that an operation takes in its address's query."""
    return [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
