"""What every answer is wrapped in: a request id, the security headers, and a problem where the service itself failed.

It is the outermost layer, so that an answer of any other layer, the router's own errors included, passes through it.
"""

from __future__ import annotations

import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import logger, problem_response

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
REQUEST_ID_HEADER = "X-Request-ID"


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._place_under_root(scope)
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY_HEADERS, REQUEST_ID_HEADER: request_id})
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            logger.exception("%s %s %s failed", request_id, scope["method"], scope["path"])
            if started:
                raise
            detail = f"the service failed; its log has the reason under {request_id}"
            response = problem_response(scope, 500, detail)
            await response(scope, receive, send_with_headers)

    def _place_under_root(self, scope: Scope) -> None:
        """Tells the router where the service is mounted, whether or not the proxy strips that part of the path."""
        if not self._root_path:
            return
        scope["root_path"] = self._root_path
        if not scope["path"].startswith(f"{self._root_path}/"):
            scope["path"] = self._root_path + scope["path"]
