"""The runs that the store holds."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.answers import documented_answer, rows_schema
from api.caching import whole
from api.formats import MEDIA_TYPES, json_bytes, wanted_format
from api.parameters import refuse_unknown
from api.problems import documented
from api.routes import PREFIX
from api.service import service_of
from summit_graph.queries import Catalogue, run_query


def runs_router(catalogue: Catalogue) -> APIRouter:
    """GET /runs: the rows of the canned query `runs`, the newest run first."""
    router = APIRouter(prefix=PREFIX, tags=["runs"])
    runs = catalogue.get("runs")
    described = documented_answer("The runs.", rows_schema("runs", runs.columns)) | documented(406, 422, 503, 504)

    @router.get("/runs", summary=runs.title, description=runs.answers, responses=described)
    async def list_runs(request: Request) -> Response:
        refuse_unknown(request)
        media_type = MEDIA_TYPES[wanted_format(request, offered=("json",))]
        content = await service_of(request).answer(
            request, runs.name, lambda store: json_bytes({"runs": run_query(store, runs, {}).rows})
        )
        return whole(request, content, media_type)

    return router
