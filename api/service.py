"""What the routes share: the catalogue, the open store, and how a question is answered within its time.

1. A request waits for one of a bounded number of seats; where none is free in time it is told to come again.
2. Its work runs in a thread of its own, under a deadline that all its reads share (`store.caller`).
3. Whoever comes first ends the wait: the work, the deadline (504), or a client that goes away.
4. In the last two cases the engine is told to stop; the seat is free only when the thread has ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request, Response

from api.downloads import Download, Parts
from api.endings import client_gone, stop_until_ended
from api.metrics import Metrics
from api.pictures import Gallery
from api.problems import Busy, ClientGone, request_id
from summit_graph.errors import QueryTimeout
from summit_graph.queries import Catalogue
from summit_graph.store import Store
from summit_graph.store.caller import TIMED_OUT, Caller, asking

GRACE_MS = 100
"""How long after its limit a query may still hand in its answer; then the client is told."""
_Result = TypeVar("_Result")


@dataclass
class Service:
    """One process's service: an open store and what may be asked of it."""

    store: Store
    catalogue: Catalogue
    gallery: Gallery
    metrics: Metrics
    concurrent_queries: int
    queue_timeout_ms: int
    query_timeout_ms: int
    concurrent_downloads: int
    download_timeout_ms: int
    _seats: asyncio.Semaphore = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _download_seats: asyncio.Semaphore = field(init=False)
    _download_threads: ThreadPoolExecutor = field(init=False)
    _endings: set[asyncio.Task[None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._seats = asyncio.Semaphore(self.concurrent_queries)
        self._threads = ThreadPoolExecutor(self.concurrent_queries, thread_name_prefix="query")
        self._download_seats = asyncio.Semaphore(self.concurrent_downloads)
        self._download_threads = ThreadPoolExecutor(self.concurrent_downloads, thread_name_prefix="download")

    async def answer(self, request: Request, name: str, work: Callable[[Store], _Result]) -> _Result:
        """What `work` makes of the store; `name` is the query's, for the metrics.

        Raises Busy where no seat is free in time, QueryTimeout past the time limit, ClientGone where nobody waits any
        more, and what `work` raises.
        """
        await self._take_seat(self._seats, self.concurrent_queries)
        caller = Caller(request_id(request.scope), self.query_timeout_ms)

        def in_thread() -> _Result:
            with asking(caller):
                return work(self.store)

        running = asyncio.get_running_loop().run_in_executor(self._threads, in_thread)
        running.add_done_callback(lambda _: self._seats.release())
        return await self._in_time(request, name, caller, running, self.query_timeout_ms)

    async def download(
        self,
        request: Request,
        name: str,
        parts: Callable[[Store], Iterator[bytes]],
        media_type: str,
        headers: Mapping[str, str],
    ) -> Response:
        """A whole result, sent as it is read; one of a single part is an answer like any other.

        Raises as `answer` does until the first part is there, the time limit being that of downloads.
        """
        await self._take_seat(self._download_seats, self.concurrent_downloads)
        caller = Caller(request_id(request.scope), self.download_timeout_ms)
        began_s = asyncio.get_running_loop().time()
        ends_s = began_s + self.download_timeout_ms / 1000 if self.download_timeout_ms else None
        taken = Parts(parts(self.store), caller, self._download_threads)

        def ended() -> None:
            self._hold(self._end_download(taken))

        try:
            first = await self._in_time(request, name, caller, taken.take(2), self.download_timeout_ms)
        except BaseException:
            ended()
            raise
        if len(first) < 2:
            ended()
            return Response(b"".join(first), media_type=media_type, headers=dict(headers))
        return Download(first, taken, ends_s, ended, media_type, headers)

    async def _end_download(self, taken: Parts) -> None:
        try:
            await taken.end()
        finally:
            self._download_seats.release()

    async def _in_time(
        self, request: Request, name: str, caller: Caller, running: asyncio.Future[_Result], timeout_ms: int
    ) -> _Result:
        """What runs in a thread, within its time and while the client waits; else it is told to stop."""
        began = time.perf_counter()
        gone = asyncio.create_task(client_gone(request.receive))
        limit_s = (timeout_ms + GRACE_MS) / 1000 if timeout_ms else None
        try:
            waited: set[asyncio.Future[Any]] = {running, gone}
            await asyncio.wait(waited, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return running.result()
            self._stop(caller, running)
            if gone.done():
                self.metrics.count("summit_graph_queries_cancelled_total", query=name)
                raise ClientGone
            raise QueryTimeout(TIMED_OUT)
        except asyncio.CancelledError:
            self._stop(caller, running)
            raise
        except QueryTimeout:
            self.metrics.count("summit_graph_rejections_total", reason="timeout")
            raise
        finally:
            gone.cancel()
            self.metrics.observe_query(name, time.perf_counter() - began)

    @property
    def seats_taken(self) -> int:
        """How many queries run now, those that were stopped and have not ended included."""
        return self.concurrent_queries - self._seats._value

    def close(self) -> None:
        """Lets go of threads and store; what still runs is not waited for."""
        for threads in (self._threads, self._download_threads):
            threads.shutdown(wait=False, cancel_futures=True)
        self.store.close()

    async def _take_seat(self, seats: asyncio.Semaphore, number: int) -> None:
        try:
            async with asyncio.timeout(self.queue_timeout_ms / 1000):
                await seats.acquire()
        except TimeoutError:
            self.metrics.count("summit_graph_rejections_total", reason="busy")
            raise Busy(f"{number} queries run already: try again") from None

    def _stop(self, caller: Caller, running: asyncio.Future[_Result]) -> None:
        self._hold(stop_until_ended(caller, running))

    def _hold(self, work: Coroutine[Any, Any, None]) -> None:
        """Lets something come to its end; a task that nobody holds may be collected before it does."""
        ending = asyncio.create_task(work)
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)


def service_of(request: Request) -> Service:
    """The service that answers this request."""
    service: Service = request.app.state.service
    return service
