"""Pages of other origins: they may read where they are named, and may never send what is more than a question."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem_response

EXPOSED = "ETag, Link, X-Request-ID, Retry-After"
ALLOWED_HEADERS = "Accept, Content-Type, If-None-Match, X-API-Key"
MAXIMUM_AGE_S = 600


class Origins:
    """ASGI middleware: CORS for the named origins, 403 for a POST or a preflight of any other."""

    def __init__(self, app: ASGIApp, named: Collection[str], metrics: Metrics) -> None:
        self._app = app
        self._named = frozenset(origin.rstrip("/") for origin in named)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")
        if origin is None:
            await self._app(scope, receive, send)
            return
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        named = origin in self._named
        if not named and (preflight or scope["method"] == "POST") and not _is_own(origin, headers.get("host", "")):
            self._metrics.count("summit_graph_rejections_total", reason="origin")
            detail = "pages of this origin may not ask: name it in SUMMIT_CORS_ORIGINS"
            await problem_response(scope, 403, detail)(scope, receive, send)
        elif not named:
            await self._app(scope, receive, send)
        elif preflight:
            await Response(status_code=204, headers=self._allowing(origin))(scope, receive, send)
        else:

            async def send_allowing(message: Message) -> None:
                if message["type"] == "http.response.start":
                    added = MutableHeaders(scope=message)
                    added["Access-Control-Allow-Origin"] = origin
                    added["Access-Control-Expose-Headers"] = EXPOSED
                    added.add_vary_header("Origin")
                await send(message)

            await self._app(scope, receive, send_allowing)

    def _allowing(self, origin: str) -> dict[str, str]:
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, HEAD, POST",
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(MAXIMUM_AGE_S),
            "Vary": "Origin",
        }


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of our own asks; behind a proxy the scheme may differ, the host does not."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False
