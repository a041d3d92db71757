"""HTTP as the service speaks it: a request's head arrives within a time and a size, and what is no HTTP is told so.

uvicorn waits for a head without end, so that clients who send a byte a second could hold every socket there is; and its
quick parser holds a head, or what may follow a body, of any length.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.envelope import SECURITY_HEADERS
from api.problems import MEDIA_TYPE, Problem
from summit_graph import settings

HELD_BYTES = 65_536
"""How much may come of a connection before the parser has a head, or some of a body, to hand over."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._receive_timeout_s = settings.number("receive_timeout_ms") / 1000
        self._head_timer: asyncio.TimerHandle | None = None
        self._in_head = False
        self._held_bytes = 0
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came; its first request's head is waited for."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """A client sent something."""
        if self._is_refused:
            return
        self._held_bytes += len(data)
        super().data_received(data)
        if self._held_bytes > HELD_BYTES:
            self._refuse(431, "the request's head is too long")
        if self._is_refused or (self._is_answering() and not self._in_head):
            self._stop_waiting()
        elif self._head_timer is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """A head's first byte came."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; one that follows a body is not heeded."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is there; the body's time is the application's matter."""
        self._in_head, self._held_bytes = False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of a body is there."""
        self._held_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there."""
        self._held_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered; the next one's head may have begun, and has its own time."""
        super().on_response_complete()
        if self._in_head:
            self._unset_keepalive_if_required()

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
        if not self.transport.is_closing():
            self._refuse(408, "the request came too slowly: send it again")

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, detail: str) -> None:
        """Ends the connection, with a problem where that is the answer to something; nothing more is taken from it."""
        self._is_refused = True
        cycle = self.cycle
        if self._is_answering() and (cycle.response_started or not cycle.more_body or self.pipeline):
            # The answers to earlier requests of the connection come first, and nothing follows them.
            cycle.keep_alive = False
        else:
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
