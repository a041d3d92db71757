"""What every error of the service looks like: one check, run over every path to an error."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from api.envelope import REQUEST_ID_HEADER, SECURITY_HEADERS
from api.problems import MEDIA_TYPE, Problem


def problem_of(response: Response, status: int) -> dict[str, Any]:
    """The problem that a response tells, once it is shown to be one of this status and nothing more."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    told: dict[str, Any] = response.json()
    problem = Problem.model_validate(told, extra="forbid")
    assert problem.status == status
    assert problem.type == "about:blank"
    assert problem.title
    assert problem.detail
    assert "\n" not in problem.detail
    # Under the path of a proxy that strips it, the instance has the path that the client sees.
    assert problem.instance.endswith(response.request.url.path)
    assert problem.request_id == response.headers[REQUEST_ID_HEADER]
    assert len(problem.request_id) == 32
    assert "Traceback" not in response.text
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value
    return told


def get_problem(client: TestClient, address: str, status: int) -> dict[str, Any]:
    """Asks for an address and demands a problem."""
    return problem_of(client.get(address), status)
