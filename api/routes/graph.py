"""One class's attribution graph, to be drawn."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from api.answers import GRAPH_SCHEMA, documented_answer, graph_answer, json_response
from api.parameters import TEXT_BOUNDS, refuse_unknown
from api.problems import documented
from api.service import SeatedService
from summit_graph.queries import class_graph
from summit_graph.queries.parameter import DOMAIN_MEANINGS

router = APIRouter(tags=["graph"])
ClassParameter = Annotated[str, Query(alias="class", description=DOMAIN_MEANINGS["class"], **TEXT_BOUNDS)]
RunParameter = Annotated[
    str | SkipJsonSchema[None], Query(alias="run", description=DOMAIN_MEANINGS["run"], **TEXT_BOUNDS)
]


@router.get(
    "/graph",
    summary="A class's attribution graph",
    responses=documented_answer("The graph.", GRAPH_SCHEMA) | documented(400, 404, 422, 503, 504),
)
def graph(request: Request, service: SeatedService, class_: ClassParameter, run: RunParameter = None) -> Response:
    """Its selected neurons, each with its slot (place in its layer's row), its edges, and what part of all they are."""
    refuse_unknown(request, ("class", "run"))
    return json_response(graph_answer(class_graph(service.store, class_, run)))
