"""How what runs in a thread for somebody comes to its end, and how it is known that nobody waits for it any more."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from starlette.types import Receive

from summit_graph.store.caller import Caller

STOP_AGAIN_S = 0.25
"""A query that was just about to begin when it was stopped is stopped again after this."""


async def stop_until_ended(caller: Caller, running: asyncio.Future[Any]) -> None:
    """Tells the engine to stop until the thread has ended; until then its seat and its connection are in use."""
    while not running.done():
        # In a thread: telling a server to stop is a call to it. Where it does not answer, its own limit ends the query.
        with contextlib.suppress(Exception):
            await asyncio.to_thread(caller.stop)
        await asyncio.wait({running}, timeout=STOP_AGAIN_S)
    if not running.cancelled():
        # Nobody asks for its outcome any more; one that was never looked at is complained of.
        running.exception()


async def client_gone(receive: Receive) -> None:
    """Ends when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
