"""Whether the process lives, whether it can answer, and what it has done so far."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.metrics import MEDIA_TYPE
from api.parameters import refuse_unknown
from api.problems import RETRY_AFTER_S, Refusal, documented
from api.service import service_of
from summit_graph import __version__
from summit_graph.queries import run_query

router = APIRouter(tags=["health"])
NO_STORE = {"Cache-Control": "no-store"}
_PROMETHEUS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


class Health(BaseModel):
    """The process answers."""

    status: Literal["alive"]
    version: str


class Readiness(BaseModel):
    """The store answers and holds something to ask about."""

    status: Literal["ready"]
    runs: int


@router.get("/healthz", summary="Whether the service lives", responses=documented(422))
async def healthz(request: Request, response: Response) -> Health:
    """Answers as long as the process does, whatever the store says; no key is needed."""
    refuse_unknown(request)
    response.headers.update(NO_STORE)
    return Health(status="alive", version=__version__)


@router.get("/readyz", summary="Whether queries can be answered", responses=documented(422, 503, 504))
async def readyz(request: Request, response: Response) -> Readiness:
    """The store answers and holds a run that is ready; 503 otherwise."""
    refuse_unknown(request)
    service = service_of(request)
    query = service.catalogue.get("runs")
    runs = await service.answer(request, query.name, lambda store: run_query(store, query, {}).rows)
    if not runs:
        raise Refusal(
            "the store holds no run that is ready: load one with summit-graph load",
            503,
            {"Retry-After": str(RETRY_AFTER_S)},
        )
    response.headers.update(NO_STORE)
    return Readiness(status="ready", runs=len(runs))


@router.get(
    "/metrics",
    summary="What the service counts",
    response_class=Response,
    responses=_PROMETHEUS | documented(422),
)
async def metrics(request: Request) -> Response:
    """Requests by route and status, query times by name, seats, rejections: of the process that answers."""
    refuse_unknown(request)
    service = service_of(request)
    gauges = {
        "summit_graph_seats": ("Queries that may run at once.", float(service.concurrent_queries)),
        "summit_graph_seats_taken": ("Queries that run now.", float(service.seats_taken)),
    }
    return Response(service.metrics.text(gauges), media_type=MEDIA_TYPE, headers=NO_STORE)
