"""HTTP as the service speaks it: a request's head arrives within a time, and what is no HTTP is told so as a problem.

uvicorn waits for a head without end, so that clients who send a byte a second could hold every socket there is.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.envelope import SECURITY_HEADERS
from api.problems import MEDIA_TYPE, Problem
from summit_graph import settings


class Protocol(H11Protocol):
    """One connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._receive_timeout_s = settings.number("receive_timeout_ms") / 1000
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came; its first request's head is waited for."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """A client sent something."""
        if self._head_timer is None and self.conn.their_state is h11.IDLE:
            self._wait_for_head()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()

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
        if not self.transport.is_closing() and self.conn.our_state is h11.IDLE:
            self._refuse(408, "the request came too slowly: send it again")

    def _refuse(self, status: int, detail: str) -> None:
        title = HTTPStatus(status).phrase
        problem = Problem(type="about:blank", title=title, status=status, detail=detail, instance="", request_id="")
        body = problem.model_dump_json().encode()
        headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
        response = h11.Response(status_code=status, headers=[*headers, *SECURITY_HEADERS.items()])
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
