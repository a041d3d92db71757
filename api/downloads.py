"""Whole results: rows are taken from the store while they are sent, so that memory does not grow with their number.

Its parts are taken one by one, each in a thread, and only when the one before is sent. A download has a seat of its own
kind, so that who reads slowly holds up no other's query, and a time: past it, or where the client goes away, the engine
is stopped and the connection broken off before the answer's end, so that no part passes for the whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from fastapi import Response
from starlette.types import Receive, Scope, Send

from api.endings import client_gone, stop_until_ended
from api.problems import request_id
from summit_graph.errors import SummitError
from summit_graph.store.caller import Caller, asking

logger = logging.getLogger("summit_graph.api")


class Parts:
    """A result's parts, taken in threads; `end` must be called once, whatever happened."""

    def __init__(self, parts: Iterator[bytes], caller: Caller, threads: ThreadPoolExecutor) -> None:
        self._parts = self._asked(parts, caller)
        self._caller = caller
        self._threads = threads
        # One context for all parts: what one thread says of the caller, the next one knows.
        self._context = contextvars.copy_context()
        self._taking: asyncio.Future[list[bytes]] | None = None

    def take(self, number: int = 1) -> asyncio.Future[list[bytes]]:
        """The next parts; fewer after the last."""

        def taken() -> list[bytes]:
            return list(islice(self._parts, number))

        loop = asyncio.get_running_loop()
        self._taking = loop.run_in_executor(self._threads, lambda: self._context.run(taken))
        return self._taking

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Those that were not taken yet, one at a time."""
        # Shielded: who stops waiting does not end the thread, and `end` has to know that it still runs.
        while part := await asyncio.shield(self.take()):
            yield part[0]

    async def end(self) -> None:
        """Stops what still runs, and lets go of the store's connection."""
        if self._taking is not None:
            await stop_until_ended(self._caller, self._taking)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(SummitError):
            await loop.run_in_executor(self._threads, lambda: self._context.run(self._parts.close))

    @staticmethod
    def _asked(parts: Iterator[bytes], caller: Caller) -> Generator[bytes, None, None]:
        with asking(caller):
            yield from parts


class Download(Response):
    """The answer that sends the parts; `ended` is called once nothing is sent any more."""

    def __init__(
        self,
        first: list[bytes],
        rest: Parts,
        ends_s: float | None,
        ended: Callable[[], None],
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(media_type=media_type, headers=dict(headers))
        del self.headers["content-length"]
        self._first = first
        self._rest = rest
        self._ends_s = ends_s
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it; what is broken off has no end, which tells the client that it is not whole."""
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(client_gone(receive))
        try:
            now_s = asyncio.get_running_loop().time()
            left_s = None if self._ends_s is None else max(self._ends_s - now_s, 0)
            await asyncio.wait({sending, gone}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            elif not gone.done():
                logger.error("%s a whole result was broken off at its time limit", request_id(scope))
        except SummitError as error:
            logger.error("%s a whole result was broken off: %s", request_id(scope), error)
        finally:
            gone.cancel()
            sending.cancel()
            self._ended()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self._first:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        async for part in self._rest:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
