"""HTTP as the service speaks it: a request's head arrives within a time and a size, and what is no HTTP is told so.

uvicorn waits for a head without end, so that clients who send a byte a second could hold every socket there is; and its
quick parser takes a head of any length.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.envelope import SECURITY_HEADERS
from api.problems import MEDIA_TYPE, Problem
from summit_graph import settings

HEAD_BYTES = 65_536


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._receive_timeout_s = settings.number("receive_timeout_ms") / 1000
        self._head_timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came; its first request's head is waited for."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """A client sent something."""
        super().data_received(data)
        if self.transport.is_closing() or not self._in_head:
            self._stop_waiting()
            return
        if self._head_timer is None:
            self._wait_for_head()
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(431, "the request's head is too long")

    def on_message_begin(self) -> None:
        """A head's first byte came."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """A head is there; the body's time is the application's matter."""
        self._in_head = False
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client went."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP: one problem, and the connection ends."""
        self._refuse(400, "the request is no HTTP/1.1")

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self._receive_timeout_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing() and not self._is_answering():
            self._refuse(408, "the request came too slowly: send it again")

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, detail: str) -> None:
        self._stop_waiting()
        if self._is_answering():
            # An earlier request's answer is under way: nothing can be said within it, and nothing follows it.
            self.cycle.keep_alive = False
            return
        self.transport.write(_problem(status, detail))
        self.transport.close()


def _problem(status: int, detail: str) -> bytes:
    title = HTTPStatus(status).phrase
    problem = Problem(type="about:blank", title=title, status=status, detail=detail, instance="", request_id="")
    body = problem.model_dump_json()
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body.encode())), "Connection": "close"}
    lines = [
        f"HTTP/1.1 {status} {title}",
        *(f"{name}: {value}" for name, value in {**headers, **SECURITY_HEADERS}.items()),
    ]
    return "\r\n".join([*lines, "", body]).encode()
