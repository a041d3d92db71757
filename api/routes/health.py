"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel

from api.problems import documented
from api.service import service_of
from summit_graph import __version__
from summit_graph.queries import run_query

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["alive"]
    version: str


class Readiness(BaseModel):
    """The store answers and holds something to ask about."""

    status: Literal["ready"]
    runs: int


@router.get("/healthz", summary="Whether the service lives")
async def healthz() -> Health:
    """Answers as long as the process does, whatever the store says."""
    return Health(status="alive", version=__version__)


@router.get("/readyz", summary="Whether queries can be answered", responses=documented(503))
def readyz(request: Request) -> Readiness:
    """The store answers and holds a run that is ready; 503 otherwise."""
    service = service_of(request)
    runs = run_query(service.store, service.catalogue.get("runs"), {}).rows
    if not runs:
        raise HTTPException(503, "the store holds no run that is ready: load one with summit-graph load")
    return Readiness(status="ready", runs=len(runs))
