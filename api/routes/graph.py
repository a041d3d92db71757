"""One class's attribution graph, to be drawn."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from api.answers import GRAPH_SCHEMA, documented_answer, graph_answer
from api.caching import whole
from api.formats import MEDIA_TYPES, json_bytes, wanted_format
from api.parameters import TEXT_BOUNDS, refuse_unknown
from api.pictures import graph_pictures
from api.problems import documented
from api.routes import PREFIX
from api.service import service_of
from summit_graph.queries import class_graph
from summit_graph.queries.parameter import DOMAIN_MEANINGS
from summit_graph.store import Store

router = APIRouter(prefix=PREFIX, tags=["graph"])
ClassParameter = Annotated[str, Query(alias="class", description=DOMAIN_MEANINGS["class"], **TEXT_BOUNDS)]
RunParameter = Annotated[
    str | SkipJsonSchema[None], Query(alias="run", description=DOMAIN_MEANINGS["run"], **TEXT_BOUNDS)
]


@router.get(
    "/graph",
    summary="A class's attribution graph",
    responses=documented_answer("The graph.", GRAPH_SCHEMA) | documented(404, 406, 422, 503, 504),
)
async def graph(request: Request, class_: ClassParameter, run: RunParameter = None) -> Response:
    """Its selected neurons, each with its slot (place in its layer's row), its edges, and what part of all they are."""
    refuse_unknown(request, ("class", "run"))
    media_type = MEDIA_TYPES[wanted_format(request, offered=("json",))]
    service = service_of(request)

    def work(store: Store) -> bytes:
        found = class_graph(store, class_, run)
        return json_bytes(graph_answer(found, graph_pictures(found, service.gallery.shelf)))

    return whole(request, await service.answer(request, "graph", work), media_type)
