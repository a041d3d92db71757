"""What every answer is wrapped in: a request id, the security headers, a line in the log, a count, and a problem where
the service itself failed.

It is the outermost layer, so that an answer of any other layer, the router's own errors included, passes through it.
"""

from __future__ import annotations

import time
import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.journal import write_line
from api.metrics import Metrics
from api.problems import failure_response, logger

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# With "no-referrer" a browser sends the form of the key with `Origin: null`, which says nothing of where it comes from.
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
REQUEST_ID_HEADER = "X-Request-ID"


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, root_path: str = "") -> None:
        self._app = app
        self._metrics = metrics
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._place_under_root(scope)
        answer = _Answer(scope, send)
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            logger.exception("%s %s %s failed", answer.request_id, scope["method"], scope["path"])
            if answer.status:
                raise
            await failure_response(scope)(scope, receive, answer.send)
        finally:
            self._note(answer, scope)

    def _note(self, answer: _Answer, scope: Scope) -> None:
        # The route, not the path: a path may hold anything, and a count for each would grow without end.
        route: str = getattr(scope.get("route"), "path_format", "other")
        self._metrics.count(
            "summit_graph_requests_total", method=answer.known_method, route=route, status=str(answer.status)
        )
        write_line(
            request_id=answer.request_id,
            method=answer.method[:20],
            path=scope["path"][:500],
            route=route,
            status=answer.status,
            ms=round((time.perf_counter() - answer.began) * 1000, 2),
            bytes=answer.sent,
        )

    def _place_under_root(self, scope: Scope) -> None:
        """Tells the router where the service is mounted, whether or not the proxy strips that part of the path."""
        if not self._root_path:
            return
        scope["root_path"] = self._root_path
        if not scope["path"].startswith(f"{self._root_path}/"):
            scope["path"] = self._root_path + scope["path"]


class _Answer:
    """One answer on its way out; HEAD is GET whose body stays here."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self.began = time.perf_counter()
        self.request_id = uuid.uuid4().hex
        self.method: str = scope["method"]
        self.status = 0
        self.sent = 0
        scope.setdefault("state", {})["request_id"] = self.request_id
        if self.method == "HEAD":
            scope["method"] = "GET"

    @property
    def known_method(self) -> str:
        return self.method if self.method in {"GET", "HEAD", "POST", "OPTIONS"} else "other"

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update({**SECURITY_HEADERS, REQUEST_ID_HEADER: self.request_id})
        elif self.method == "HEAD":
            message = {**message, "body": b""}
        self.sent += len(message.get("body", b""))
        await self._send(message)
