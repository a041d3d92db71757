"""One's own reading queries, where the service was started to take them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.answers import documented_answer
from api.body import read_body
from api.formats import MEDIA_TYPES, json_bytes, wanted_format
from api.parameters import refuse_unknown
from api.problems import documented
from api.routes import PREFIX
from api.service import service_of
from summit_graph import settings
from summit_graph.errors import InvalidParameter, SummitError
from summit_graph.store import Answer

MAXIMUM_QUERY_LENGTH = 20_000
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "type": {"const": "any"}},
                "required": ["name", "type"],
            },
        },
        "rows": {"type": "array", "items": {"type": "object"}},
        "truncated": {"type": "boolean"},
    },
    "required": ["columns", "rows", "truncated"],
}


class Asked(BaseModel):
    """A query and the values of its parameters."""

    model_config = ConfigDict(extra="forbid", strict=True)
    query: str = Field(min_length=1, max_length=MAXIMUM_QUERY_LENGTH, description="One statement that only reads.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Values of its $parameters.")


_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Asked.model_json_schema()}},
    }
}


def cypher_router() -> APIRouter:
    """POST /cypher."""
    router = APIRouter(prefix=PREFIX, tags=["cypher"])
    described = documented_answer("The rows.", ANSWER_SCHEMA)

    @router.post(
        "/cypher",
        summary="One's own reading query",
        responses=described | documented(406, 408, 413, 415, 422, 503, 504),
        openapi_extra=_BODY,
    )
    async def cypher(request: Request) -> Response:
        """One statement in the store's own Cypher, of clauses and functions that only read; the first rows are told."""
        refuse_unknown(request)
        media_type = MEDIA_TYPES[wanted_format(request, offered=("json",))]
        asked = _asked(await read_body(request, "application/json"))
        limit = settings.number("cypher_row_limit")

        def work(store: Any) -> bytes:
            return _content(store.read_untrusted(asked.query, asked.parameters, row_limit=limit, label="cypher"))

        content = await service_of(request).answer(request, "cypher", work)
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-store"})

    return router


def _asked(body: bytes) -> Asked:
    """The body as a question; raises InvalidParameter where it is none. Values are not echoed."""
    try:
        return Asked.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = str(first["loc"][0])[:60] if first["loc"] else "body"
        raise InvalidParameter(f"{name}: {first['msg']}", name) from None


def _content(answer: Answer) -> bytes:
    twice = [name for index, name in enumerate(answer.columns) if name in answer.columns[:index]]
    if twice:
        raise SummitError(f"two columns are called {twice[0]}: give one another name with AS")
    return json_bytes(
        {
            "columns": [{"name": name, "type": "any"} for name in answer.columns],
            "rows": answer.by_name(),
            "truncated": answer.truncated,
        }
    )
