"""What the routes share: the catalogue, the open store, and the seats that bound how many queries run at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.problems import Busy
from summit_graph.queries import Catalogue
from summit_graph.store import Store


@dataclass
class Service:
    """One process's service: an open store and what may be asked of it."""

    store: Store
    catalogue: Catalogue
    concurrent_queries: int
    queue_timeout_ms: int
    _seats: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._seats = asyncio.Semaphore(self.concurrent_queries)

    async def take_seat(self) -> None:
        """Waits for a seat; raises Busy where none is free in time, so that no queue grows without end."""
        try:
            async with asyncio.timeout(self.queue_timeout_ms / 1000):
                await self._seats.acquire()
        except TimeoutError:
            raise Busy(f"{self.concurrent_queries} queries run already: try again") from None

    def leave_seat(self) -> None:
        """Gives the seat to the next in the queue."""
        self._seats.release()


def service_of(request: Request) -> Service:
    """The service that answers this request."""
    service: Service = request.app.state.service
    return service


async def _seated(request: Request) -> AsyncIterator[Service]:
    service = service_of(request)
    await service.take_seat()
    try:
        yield service
    finally:
        service.leave_seat()


# Function scope: the seat is free again when the query has ended, not when a slow client has read the answer.
SeatedService = Annotated[Service, Depends(_seated, scope="function")]
"""The service, for a route that asks the store; such a route is a plain function and runs in the thread pool."""
