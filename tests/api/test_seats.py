"""How many queries run at once is bounded, and so is the wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.api.clients import client_of
from tests.api.problem import problem_of

SEATS = 2


class Slow:
    """A store whose reads wait for `go`, and count how many wait at once."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.dialect = store.dialect
        self.go = threading.Event()
        self.seated = threading.Semaphore(0)

    def last_version(self) -> Any:
        return self._store.last_version()

    def read(self, *arguments: Any, **options: Any) -> Any:
        self.seated.release()
        self.go.wait(20)
        return self._store.read(*arguments, **options)


def test_beyond_the_seats_a_request_waits_a_little_and_is_told_to_come_again(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMIT_CONCURRENT_QUERIES", str(SEATS))
    monkeypatch.setenv("SUMMIT_QUEUE_TIMEOUT_MS", "100")
    with client_of(create_app(str(store_path))) as client:
        assert isinstance(client.app, FastAPI)
        service = client.app.state.service
        store = service.store
        slow = Slow(store)
        service.store = slow
        with ThreadPoolExecutor(SEATS) as pool:
            running = [pool.submit(client.get, "/api/v1/runs") for _ in range(SEATS)]
            for _ in range(SEATS):
                assert slow.seated.acquire(timeout=10)
            refused = client.get("/api/v1/runs")
            problem_of(refused, 503)
            assert int(refused.headers["retry-after"]) > 0
            assert client.get("/healthz").status_code == 200
            slow.go.set()
            assert [answer.result().status_code for answer in running] == [200] * SEATS
        assert client.get("/api/v1/runs").status_code == 200
        service.store = store
