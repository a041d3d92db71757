"""Which host names the service answers to: a page of another site that points its name at this machine gets nothing.

An address is always answered to (only a name can be pointed elsewhere), and so is localhost; other names must be named.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem_response


class HostCheck:
    """ASGI middleware: 400 where the header Host is missing or names a host that is not ours."""

    def __init__(self, app: ASGIApp, names: Collection[str], metrics: Metrics) -> None:
        self._app = app
        self._names = {name.lower() for name in (*names, "localhost")}
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).getlist("host")):
            self._metrics.count("summit_graph_rejections_total", reason="host")
            detail = "the service does not go by this host name: name it in SUMMIT_ALLOWED_HOSTS"
            await problem_response(scope, 400, detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, said: list[str]) -> bool:
        if len(said) != 1:
            return False
        name = host_name(said[0])
        return name in self._names or "*" in self._names or is_address(name)


def host_name(host: str) -> str:
    """The header's value without its port, in small letters."""
    name, colon, port = host.strip().lower().rpartition(":")
    return (name if colon and (port.isdigit() or not port) and not name.endswith(":") else host.lower()).strip("[]")


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
