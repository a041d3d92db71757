"""Answers as JSON, and the schemas that document them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.formats import MEDIA_TYPES
from api.pictures import GraphPictures
from summit_graph.queries import ClassGraph, Column, Parameter, Query

JSON = "application/json"

_TEXT: dict[str, Any] = {"type": "string"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_NUMBER: dict[str, Any] = {"type": "number"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "class": _INTEGER,
    "integer": _INTEGER,
    "count": _INTEGER,
    "number": _NUMBER,
    "share": _NUMBER,
    "boolean": {"type": "boolean"},
    "counts": {"type": "array", "items": _INTEGER},
    "classes": {"type": "array", "items": _INTEGER},
    "shares": {"type": "array", "items": _NUMBER},
    "neurons": {"type": "array", "items": _TEXT},
}
"""JSON's type of each column type; the others (neuron, layer, run, scope, text) are text."""


def graph_answer(graph: ClassGraph, pictures: GraphPictures) -> dict[str, Any]:
    """A class's graph as it is sent."""
    return {
        "run": graph.run,
        "class": graph.of_class.number,
        "layers": [
            {"layer": layer.name, "layer_index": layer.index, "channels": layer.channels} for layer in graph.layers
        ],
        "nodes": [
            {
                "neuron": node.neuron,
                "layer_index": node.layer_index,
                "channel": node.channel,
                "slot": node.slot,
                "count": node.count,
                "share": node.share,
                "importance": node.importance,
                "pictures": pictures.node_entry(node.layer, node.channel),
            }
            for node in graph.nodes
        ],
        "edges": [
            {"source": edge.source, "target": edge.target, "count": edge.count, "share": edge.share}
            for edge in graph.edges
        ],
        "kept": {"importance": graph.kept.importance, "influence": graph.kept.influence},
        "atlas": pictures.atlas_entry(),
    }


def catalogue_entry(query: Query) -> dict[str, Any]:
    """What the catalogue says of a query."""
    return {
        "name": query.name,
        "title": query.title,
        "answers": query.answers,
        "parameters": [_parameter_entry(parameter) for parameter in query.parameters],
        "columns": [{"name": column.name, "type": column.type} for column in query.columns],
        "example": dict(query.example),
        "needs": list(query.header.needs),
        "search": query.header.search,
        "text": dict(query.texts),
    }


def _parameter_entry(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "type": parameter.type,
        "meaning": parameter.meaning,
        "required": parameter.required,
        "default": parameter.default,
        "lowest": parameter.low,
        "highest": parameter.high,
        "choices": list(parameter.choices),
    }


def rows_schema(key: str, columns: Iterable[Column]) -> dict[str, Any]:
    """JSON schema of an answer whose one key holds rows with these columns."""
    return _object({key: _array(_row_schema(columns))})


def query_answer_schema(columns: Iterable[Column]) -> dict[str, Any]:
    """JSON schema of the answer of a query with these columns."""
    return _object(
        {
            "run": _or_null(_TEXT),
            "query": _TEXT,
            "columns": _array(_object({"name": _TEXT, "type": _TEXT})),
            "rows": _array(_row_schema(columns)),
            "truncated": {"type": "boolean"},
            "next": _or_null(_TEXT),
        }
    )


def documented_answer(description: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers JSON of this schema."""
    return {200: {"description": description, "content": {JSON: {"schema": schema}}}}


def query_answers(columns: Iterable[Column]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a query's operation: its rows in every format."""
    answer = documented_answer("The rows.", query_answer_schema(columns))
    binary = {"schema": {"type": "string", "format": "binary"}}
    text = {"schema": {"type": "string"}}
    answer[200]["content"] |= {
        MEDIA_TYPES["jsonl"]: text,
        MEDIA_TYPES["csv"]: text,
        MEDIA_TYPES["parquet"]: binary,
        MEDIA_TYPES["arrow"]: binary,
    }
    return answer


def _row_schema(columns: Iterable[Column]) -> dict[str, Any]:
    """Any value of a row may be null: where a run lacks what it would say."""
    return _object({column.name: _or_null(_SCHEMAS.get(column.type, _TEXT)) for column in columns})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_ANY: dict[str, Any] = {}
CATALOGUE_SCHEMA = _object(
    {
        "queries": _array(
            _object(
                {
                    "name": _TEXT,
                    "title": _TEXT,
                    "answers": _TEXT,
                    "parameters": _array(
                        _object(
                            {
                                "name": _TEXT,
                                "type": _TEXT,
                                "meaning": _TEXT,
                                "required": {"type": "boolean"},
                                "default": _ANY,
                                "lowest": _or_null(_NUMBER),
                                "highest": _or_null(_NUMBER),
                                "choices": _array(_TEXT),
                            }
                        )
                    ),
                    "columns": _array(_object({"name": _TEXT, "type": _TEXT})),
                    "example": {"type": "object", "additionalProperties": _TEXT},
                    "needs": _array(_TEXT),
                    "search": _or_null(_TEXT),
                    "text": {"type": "object", "additionalProperties": _TEXT},
                }
            )
        )
    }
)
_ADDRESSES: dict[str, dict[str, Any]] = {
    "visualization": _or_null(_TEXT),
    "diverse": _array(_TEXT),
    "examples": _or_null(_TEXT),
    "class_examples": _or_null(_TEXT),
}
PICTURES_SCHEMA = _object({"run": _TEXT, "neuron": _TEXT, **_ADDRESSES})
_CELL_SCHEMA = _object(
    {
        "x": _INTEGER,
        "y": _INTEGER,
        "kind": {"type": "string", "enum": ["visualization", "examples"]},
        **_ADDRESSES,
    }
)
_ATLAS_SCHEMA = _object({"path": _TEXT, "side": _INTEGER, "width": _INTEGER, "height": _INTEGER})
GRAPH_SCHEMA = _object(
    {
        "run": _TEXT,
        "class": _INTEGER,
        "layers": _array(_object({"layer": _TEXT, "layer_index": _INTEGER, "channels": _INTEGER})),
        "nodes": _array(
            _object(
                {
                    "neuron": _TEXT,
                    "layer_index": _INTEGER,
                    "channel": _INTEGER,
                    "slot": _INTEGER,
                    "count": _INTEGER,
                    "share": _or_null(_NUMBER),
                    "importance": _or_null(_NUMBER),
                    "pictures": _or_null(_CELL_SCHEMA),
                }
            )
        ),
        "edges": _array(_object({"source": _TEXT, "target": _TEXT, "count": _INTEGER, "share": _or_null(_NUMBER)})),
        "kept": _object({"importance": _or_null(_NUMBER), "influence": _or_null(_NUMBER)}),
        "atlas": _or_null(_ATLAS_SCHEMA),
    }
)
