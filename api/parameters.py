"""A canned query's parameters as those of its route: typed, bounded and documented from the query file's header."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Query as QueryParameter
from fastapi import Request

from api.formats import MEDIA_TYPES
from summit_graph.errors import InvalidParameter
from summit_graph.queries import Parameter, Query
from summit_graph.queries.parameter import INTEGER_BOUNDS, MAXIMUM_LIST_LENGTH, MAXIMUM_TEXT_LENGTH

TEXT_BOUNDS: dict[str, Any] = {"min_length": 1, "max_length": MAXIMUM_TEXT_LENGTH, "pattern": r"^[^\x00]*$"}
PAGE = "page"
PAGE_TOKEN_LENGTH = 100
FORMAT = "format"
FORMAT_MEANING = "how the rows are sent; without it the header Accept says, and JSON is the default"
PAGE_MEANING = "the `next` of the answer before this one; the other parameters stay the same"


def route_parameters(query: Query, maximum_rows: int) -> list[inspect.Parameter]:
    """One keyword parameter each; its name in Python ends with `_`, since a query may call one `class`."""
    parameters = [_route_parameter(parameter, query, maximum_rows) for parameter in query.parameters]
    page = Annotated[str, QueryParameter(alias=PAGE, description=PAGE_MEANING, max_length=PAGE_TOKEN_LENGTH)]
    kinds: Any = Literal[tuple(MEDIA_TYPES)]
    chosen = Annotated[kinds, QueryParameter(alias=FORMAT, description=FORMAT_MEANING)]
    return [*parameters, _keyword(PAGE, page, None), _keyword(FORMAT, chosen, None)]


def refuse_repeated(request: Request) -> None:
    """Raises InvalidParameter where a parameter is given twice: which one is meant would be a guess."""
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            raise InvalidParameter(f"{name} is given twice", name)


def refuse_unknown(request: Request, known: Sequence[str] = ()) -> None:
    """Raises InvalidParameter where the address has a parameter that the route does not know, or one twice."""
    refuse_repeated(request)
    for name in request.query_params:
        if name not in known:
            takes = f"give {', '.join(known)}" if known else "none is taken here"
            raise InvalidParameter(f"there is no parameter {name[:60]!r}: {takes}", name[:60])


def values_of(request: Request, arguments: dict[str, Any]) -> dict[str, Any]:
    """The values by their names in the address; those that the route does not know too, so that the query refuses them.

    Raises InvalidParameter where one is given twice.
    """
    refuse_repeated(request)
    known = {name.removesuffix("_"): value for name, value in arguments.items()}
    return {**dict(request.query_params), **known}


def _route_parameter(parameter: Parameter, query: Query, maximum_rows: int) -> inspect.Parameter:
    described = QueryParameter(alias=parameter.name, description=parameter.meaning, **_bounds(parameter, maximum_rows))
    if parameter.name in query.example:
        described.openapi_examples = {"example": {"value": query.example[parameter.name]}}
    kind = _type(parameter)
    # An optional one is documented as its type, not as "or null", which an address cannot say.
    return _keyword(
        parameter.name,
        Annotated[kind, described],
        inspect.Parameter.empty if parameter.required else parameter.default,
    )


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(f"{name}_", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _type(parameter: Parameter) -> Any:
    if parameter.choices:
        return Literal[parameter.choices]
    return {"integer": int, "number": float, "share": float, "boolean": bool}.get(parameter.type, str)


def _bounds(parameter: Parameter, maximum_rows: int) -> dict[str, Any]:
    if parameter.type == "integer":
        low, high = INTEGER_BOUNDS
        low = low if parameter.low is None else int(parameter.low)
        high = high if parameter.high is None else int(parameter.high)
        return {"ge": low, "le": min(high, maximum_rows) if parameter.name == "limit" else high}
    if parameter.type == "number":
        return {"ge": parameter.low, "le": parameter.high, "allow_inf_nan": False}
    if parameter.type == "share":
        return {"ge": 0, "le": 1, "allow_inf_nan": False}
    if parameter.type == "boolean" or parameter.choices:
        return {}
    if parameter.type == "classes":
        return {**TEXT_BOUNDS, "max_length": MAXIMUM_LIST_LENGTH}
    return TEXT_BOUNDS
