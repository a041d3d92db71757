"""The runs that the store holds."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import documented_answer, json_response, rows_schema
from api.problems import documented
from api.service import SeatedService
from summit_graph.queries import Catalogue, run_query


def runs_router(catalogue: Catalogue) -> APIRouter:
    """GET /runs: the rows of the canned query `runs`, the newest run first."""
    router = APIRouter(tags=["runs"])
    runs = catalogue.get("runs")
    documentation = documented_answer("The runs.", rows_schema("runs", runs.columns))

    @router.get("/runs", summary=runs.title, description=runs.answers, responses=documentation | documented(503, 504))
    def list_runs(service: SeatedService) -> Response:
        return json_response({"runs": run_query(service.store, runs, {}).rows})

    return router
