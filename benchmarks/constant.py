"""The service's own application with its answers kept beforehand: every layer that a request passes, and no store.

`python -m benchmarks.constant FOLDER` serves what `kept` wrote there, and prints its address as `serve` does.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response

from api.app import create_app
from api.caching import conditional, entity_tag
from api.journal import start_journal
from api.serving import run

FOLDER = "SUMMIT_BENCH_KEPT"
JSON = "application/json"


def kept(folder: Path, path: str) -> Path:
    """Where the answer of a path is kept."""
    return folder / hashlib.sha256(path.encode()).hexdigest()


class Constant:
    """Stands where the service stands, and answers what is kept."""

    def __init__(self, folder: Path) -> None:
        self._answers = {file.name: file.read_bytes() for file in folder.iterdir()}

    async def answer(self, request: Request, name: str, work: Callable[[Any], Any]) -> Any:
        """The bytes of a graph, a whole answer of a query: as the routes want them."""
        path = f"{request.url.path}?{request.url.query}".lstrip("/")
        content = self._answers[kept(Path(), path).name]
        if name == "graph":
            return content
        return conditional(request, entity_tag(path), lambda: Response(content, media_type=JSON))


def application() -> FastAPI:
    """The application, with its log on standard error as `serve` has it."""
    start_journal(sys.stderr)
    app = create_app()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = Constant(Path(os.environ[FOLDER]))
        yield

    app.router.lifespan_context = lifespan
    return app


def main() -> int:
    """Serves until it is told to stop."""
    os.environ[FOLDER] = sys.argv[1]
    # With the protocol said, as `serve` says it: else nobody turns off waiting for more to send.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2_048)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        run(listener, lambda: print(address, flush=True), "benchmarks.constant:application")
    return 0


if __name__ == "__main__":
    sys.exit(main())
