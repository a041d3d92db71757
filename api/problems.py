"""One shape for every error: `application/problem+json` as in RFC 9457.

What the user can mend says so in `detail`, in one line; nothing else leaves the service: no trace, no path of the host.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.types import Scope

from summit_graph.errors import (
    InvalidParameter,
    NotFound,
    QueryTimeout,
    StoreUnavailable,
    SummitError,
    WrongQueryFile,
)

MEDIA_TYPE = "application/problem+json"
CLIENT_GONE = 499
"""What the log and the metrics say of a request whose client went away; it is sent to nobody."""
RETRY_AFTER_S = 2
"""What a client is told to wait when the store is away or all seats are taken."""

logger = logging.getLogger("summit_graph.api")


class Busy(SummitError):
    """As many queries run as may, and none ended in time."""


class ClientGone(Exception):
    """The client closed its connection before it had its answer."""


class Refusal(SummitError):
    """A request that is not answered for what it is, whatever the store holds: its status says why."""

    status = 403

    def __init__(self, message: str, status: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = self.status if status is None else status
        self.headers = dict(headers or {})


class NotAcceptable(Refusal):
    """The client accepts none of the formats that there are."""

    status = 406


class ParameterProblem(BaseModel):
    """What is wrong with one parameter."""

    parameter: str
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it, with the request's id and what would have been right."""

    type: str = Field(description="Always about:blank: the status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One line that says what is wrong and what to do.")
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="Also in the header X-Request-ID and in the service's log.")
    nearest: list[str] = Field(default_factory=list, description="Names that come closest to one that is unknown.")
    errors: list[ParameterProblem] = Field(default_factory=list, description="What is wrong, parameter by parameter.")


_REFERENCES = "#/components/schemas/{model}"
PROBLEM_SCHEMAS: dict[str, Any] = {
    "Problem": {
        key: value for key, value in Problem.model_json_schema(ref_template=_REFERENCES).items() if key != "$defs"
    },
    "ParameterProblem": ParameterProblem.model_json_schema(),
}
"""The problem's schemas, for the specification's components."""


def problem_response(
    scope: Scope,
    status: int,
    detail: str,
    *,
    nearest: Sequence[str] = (),
    errors: Sequence[ParameterProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells a problem."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=scope["path"],
        request_id=request_id(scope),
        nearest=list(nearest),
        errors=list(errors),
    )
    return Response(to_json(problem), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def request_id(scope: Scope) -> str:
    """The id that the envelope gave this request."""
    return str(scope.get("state", {}).get("request_id", ""))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation: the problems that it can answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def add_problem_handlers(app: FastAPI) -> None:
    """Turns every error that a request can raise into a problem; what is unforeseen is left to the envelope."""
    app.add_exception_handler(SummitError, _on_summit_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientGone, _on_client_gone)


def _on_summit_error(request: Request, error: Exception) -> Response:
    """Each kind of our own errors has its status."""
    retry = {"Retry-After": str(RETRY_AFTER_S)}
    if isinstance(error, Refusal):
        return problem_response(request.scope, error.status, str(error), headers=error.headers)
    if isinstance(error, NotFound):
        return problem_response(request.scope, 404, str(error), nearest=error.nearest)
    if isinstance(error, InvalidParameter):
        errors = [ParameterProblem(parameter=error.parameter, detail=str(error))] if error.parameter else []
        return problem_response(request.scope, 422, str(error), errors=errors)
    if isinstance(error, StoreUnavailable):
        # Its line names the store's place, which is the operator's business and not the client's.
        logger.error("%s %s", request_id(request.scope), error)
        detail = "the graph store does not answer: try again; the service's log says why"
        return problem_response(request.scope, 503, detail, headers=retry)
    if isinstance(error, Busy):
        return problem_response(request.scope, 503, str(error), headers=retry)
    if isinstance(error, QueryTimeout):
        return problem_response(request.scope, 504, str(error))
    if isinstance(error, WrongQueryFile):
        # Its line names a file of this host, and only who runs the service can mend it.
        logger.error("%s %s", request_id(request.scope), error)
        return failure_response(request.scope)
    return problem_response(request.scope, 400, str(error))


def failure_response(scope: Scope) -> Response:
    """The answer where the service itself is at fault: nothing of the inside but the id under which the log has it."""
    return problem_response(scope, 500, f"the service failed; its log has the reason under {request_id(scope)}")


def _on_client_gone(request: Request, error: Exception) -> Response:
    """Nobody reads it; the log and the metrics do."""
    return Response(status_code=CLIENT_GONE)


def _on_invalid_request(request: Request, error: Exception) -> Response:
    """Names each parameter with what is wrong; values are not echoed, since a NaN or a surrogate is no JSON."""
    assert isinstance(error, RequestValidationError)
    errors = [
        ParameterProblem(
            parameter=str(entry["loc"][-1]), detail="is missing" if entry["type"] == "missing" else str(entry["msg"])
        )
        for entry in error.errors()
    ]
    detail = "; ".join(f"{entry.parameter}: {entry.detail}" for entry in errors)
    return problem_response(request.scope, 422, detail, errors=errors)


def _on_http_exception(request: Request, error: Exception) -> Response:
    """What the router itself refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    path = request.scope["path"]
    details = {
        404: f"nothing is at {path}: openapi.json lists every path",
        405: f"{path} does not answer {request.method}",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem_response(request.scope, error.status_code, detail, headers=error.headers)
