"""The catalogue, and one route for each of its queries."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.answers import CATALOGUE_SCHEMA, catalogue_entry, documented_answer, query_answers
from api.caching import CACHE_CONTROL, conditional, entity_tag, in_parts, whole
from api.formats import MEDIA_TYPES, json_bytes, parts_of, parts_of_stream, wanted_format
from api.parameters import FORMAT, PAGE, refuse_unknown, route_parameters, values_of
from api.problems import documented
from api.routes import PREFIX
from api.service import service_of
from summit_graph.errors import QueryRefused, WrongQueryFile
from summit_graph.pinned import on_last_version
from summit_graph.queries import Catalogue, Query, QueryResult
from summit_graph.queries.running import Question, answer_question, ask
from summit_graph.queries.streaming import stream_answer
from summit_graph.store import Reader, Store

PROBLEMS = documented(404, 406, 422, 503, 504)


def queries_router(catalogue: Catalogue, maximum_rows: int) -> APIRouter:
    """GET /queries and GET /queries/<name> for every query of the catalogue."""
    router = APIRouter(prefix=f"{PREFIX}/queries", tags=["queries"])
    content = json_bytes({"queries": [catalogue_entry(query) for query in catalogue]})
    described = documented_answer("Every query.", CATALOGUE_SCHEMA) | documented(406, 422)

    @router.get("", summary="The catalogue", responses=described)
    async def list_queries(request: Request) -> Response:
        """Every canned query: what it answers, its parameters, its columns, an example and its text."""
        refuse_unknown(request)
        return whole(request, content, MEDIA_TYPES[wanted_format(request, offered=("json",))])

    for query in catalogue:
        router.add_api_route(
            f"/{query.name}",
            _route(query, maximum_rows),
            methods=["GET"],
            name=query.name,
            operation_id=query.name,
            summary=query.title,
            description=query.answers,
            responses=query_answers(query.columns) | PROBLEMS,
        )

    @router.get("/{name:path}", include_in_schema=False)
    async def refuse_unknown_query(name: str) -> Response:
        """Any other name: the nearest ones are told."""
        catalogue.get(name)
        raise AssertionError(f"{name} has a route of its own")

    return router


def _route(query: Query, maximum_rows: int) -> Callable[..., Awaitable[Response]]:
    """The function that answers a query; its signature, which FastAPI reads, is made from the query file's header."""

    async def answer(request: Request, **arguments: Any) -> Response:
        values = values_of(request, arguments)
        page = values.pop(PAGE)
        said = values.pop(FORMAT)
        chosen = wanted_format(request, said)

        # Whoever names no format, or accepts JSON among others, as browsers do, has a page of it.
        if (chosen != "json" or said is not None) and is_whole(query, values, page):
            return await _download(request, query, values, chosen)

        def work(store: Reader) -> Response:
            question = ask(store, query, values)
            try:
                return answered(request, store, question, page, chosen, maximum_rows)
            except QueryRefused as error:
                raise WrongQueryFile(f"{query.file}: {error}") from None

        def on_a_version(store: Store) -> Response:
            # That a client's answer still holds is said without a read, which would notice that the runs are others.
            return work(store) if "if-none-match" in request.headers else on_last_version(store, work)

        return await service_of(request).answer(request, query.name, on_a_version)

    shared = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    signature = inspect.Signature([shared, *route_parameters(query, maximum_rows)], return_annotation=Response)
    answer.__signature__ = signature  # type: ignore[attr-defined]
    return answer


def is_whole(query: Query, values: Mapping[str, Any], page: str | None) -> bool:
    """Whether all rows are asked for: no limit, and no page of an answer that had one."""
    return query.chooses_run and page is None and values.get("limit") is None


async def _download(request: Request, query: Query, values: Mapping[str, Any], chosen: str) -> Response:
    """Every row, sent as it is read. Its tag is known beforehand but for the scope `all`: only the rows tell that."""
    service = service_of(request)
    question = await service.answer(request, query.name, lambda store: ask(store, query, values))
    headers = {"Cache-Control": CACHE_CONTROL, "Vary": "Accept"}
    if question.bound.get("scope") != "all":
        tag = entity_tag(question.digest, None, None, None, chosen)
        held = conditional(request, tag, Response)
        if held.status_code == 304:
            return held
        headers["ETag"] = tag

    def parts(store: Store) -> Iterator[bytes]:
        with stream_answer(store, question, timeout_ms=service.download_timeout_ms) as found:
            yield from parts_of_stream(found, chosen)

    return await service.download(request, query.name, parts, MEDIA_TYPES[chosen], headers)


def answered(
    request: Request, store: Reader, question: Question, page: str | None, chosen: str, maximum_rows: int
) -> Response:
    """The answer of a question in the chosen format, or that the client holds it already."""

    def result() -> QueryResult:
        return answer_question(store, question, page=page, maximum_rows=maximum_rows)

    if question.run is None or question.bound.get("scope") == "all":
        # About the runs themselves, or about what a load may have brought or not: only the rows tell.
        found = result()
        tag = entity_tag(chosen, found.columns, found.rows, found.next)
        return conditional(request, tag, lambda: _sent(found, chosen), _link(request, found))
    tag = entity_tag(question.digest, question.bound.get("limit"), maximum_rows, page, chosen)
    return conditional(request, tag, lambda: _linked(request, result(), chosen))


def _linked(request: Request, result: QueryResult, chosen: str) -> Response:
    response = _sent(result, chosen)
    response.headers.update(_link(request, result))
    return response


def _sent(result: QueryResult, chosen: str) -> Response:
    return in_parts(parts_of(result, chosen), MEDIA_TYPES[chosen])


def _link(request: Request, result: QueryResult) -> dict[str, str]:
    """Where the next page is, for formats whose body cannot say it; relative, as every address is."""
    if result.next is None:
        return {}
    return {"Link": f'<?{urlencode({**request.query_params, PAGE: result.next})}>; rel="next"'}
