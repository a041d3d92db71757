"""The processes of the service, as `summit-graph serve` starts them: what they are told comes from the settings."""

from __future__ import annotations

import gc
import math
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from api.app import create_app
from api.journal import start_journal
from summit_graph import settings

START_TIMEOUT_S = 60


def application() -> FastAPI:
    """The application of one process, with its log on standard error."""
    if settings.setting("request_log").value():
        start_journal(sys.stderr)
    app = create_app(root_path=settings.text("root_path"))
    # What lives as long as the process is not looked through again each time that garbage is.
    gc.collect()
    gc.freeze()
    return app


APPLICATION = "api.serving:application"


def run(listener: socket.socket, announce: Callable[[], None], application: str = APPLICATION) -> None:
    """Answers until SIGTERM or Ctrl-C, then ends what runs; `announce` is called once it answers.

    `application` names the function that makes it, as each process calls it.
    """
    workers = settings.number("workers")
    config = uvicorn.Config(
        application,
        factory=True,
        http="api.protocol:Protocol",
        ws="none",
        workers=workers,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.number("shutdown_timeout_ms") / 1000),
    )
    if workers > 1:
        _Workers(config, [listener], announce).run()
        return
    for stopping in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again when it has shut down in order: it then has done what was asked.
        signal.signal(stopping, lambda *_: None)
    _Server(config, announce).run(sockets=[listener])


class _Server(uvicorn.Server):
    """The only process."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Workers(Multiprocess):
    """The parent of several processes, which starts one anew where it dies."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], announce: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._announce = announce

    def init_processes(self) -> None:
        """Starts them all, and waits until they answer."""
        super().init_processes()
        if all(process.wait_until_ready(START_TIMEOUT_S, self.should_exit) for process in self.processes):
            self._announce()
