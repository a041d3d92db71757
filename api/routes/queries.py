"""The catalogue, and one route for each of its queries."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from api.answers import CATALOGUE_SCHEMA, catalogue_entry, documented_answer, json_response, query_answer
from api.answers import query_answer_schema as answer_schema
from api.parameters import route_parameters, values_of
from api.problems import documented
from api.service import SeatedService
from summit_graph.queries import Catalogue, Query, run_query

PROBLEMS = documented(400, 404, 422, 503, 504)


def queries_router(catalogue: Catalogue, maximum_rows: int) -> APIRouter:
    """GET /queries and GET /queries/<name> for every query of the catalogue."""
    router = APIRouter(prefix="/queries", tags=["queries"])
    entries = [catalogue_entry(query) for query in catalogue]

    @router.get("", summary="The catalogue", responses=documented_answer("Every query.", CATALOGUE_SCHEMA))
    async def list_queries() -> Response:
        """Every canned query: what it answers, its parameters, its columns, an example and its text."""
        return json_response({"queries": entries})

    for query in catalogue:
        router.add_api_route(
            f"/{query.name}",
            _route(query, maximum_rows),
            methods=["GET"],
            name=query.name,
            operation_id=query.name,
            summary=query.title,
            description=query.answers,
            responses=documented_answer("The rows.", answer_schema(query.columns)) | PROBLEMS,
        )

    @router.get("/{name:path}", include_in_schema=False)
    async def refuse_unknown_query(name: str) -> Response:
        """Any other name: the nearest ones are told."""
        catalogue.get(name)
        raise AssertionError(f"{name} has a route of its own")

    return router


def _route(query: Query, maximum_rows: int) -> Callable[..., Response]:
    """The function that answers a query; its signature, which FastAPI reads, is made from the query file's header."""

    def answer(request: Request, service: SeatedService, **arguments: Any) -> Response:
        values = values_of(request, arguments)
        page = values.pop("page")
        return json_response(
            query_answer(run_query(service.store, query, values, page=page, maximum_rows=maximum_rows))
        )

    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
        for name, annotation in (("request", Request), ("service", SeatedService))
    ]
    signature = inspect.Signature(shared + route_parameters(query, maximum_rows), return_annotation=Response)
    answer.__signature__ = signature  # type: ignore[attr-defined]
    return answer
