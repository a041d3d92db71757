"""The commands `serve`, the HTTP service over a store, and `settings`, every option and limit with its value."""

from __future__ import annotations

import ipaddress
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from summit_graph import settings
from summit_graph.errors import SummitError

if TYPE_CHECKING:
    from fastapi import FastAPI

group = typer.Typer()

LISTENING_BACKLOG = 2_048
OWN_PATHS = {"/api", "/api/v1", "/page"}
"""Root paths under which an address could be read in two ways, with and without it."""
SHUTDOWN_TIMEOUT_S = 10
"""How long requests that run may take to end when the service is stopped."""


@group.command("serve")
def serve(
    db: Annotated[str | None, typer.Option("--db", help=settings.setting("db").meaning)] = None,
    host: Annotated[str | None, typer.Option("--host", help=settings.setting("host").meaning)] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65_535, help=f"{settings.setting('port').meaning[:-1]}; 0: any free one."),
    ] = None,
    root_path: Annotated[str | None, typer.Option("--root-path", help=settings.setting("root_path").meaning)] = None,
    queries: Annotated[Path | None, typer.Option("--queries", help=settings.setting("queries").meaning)] = None,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", help="Listen on other addresses than this machine's own, open to who reaches it."),
    ] = False,
) -> None:
    """Serves a store over HTTP: the page at /, the routes under /api/v1, their specification at /openapi.json."""
    from api.app import create_app
    from summit_graph.queries import load_catalogue
    from summit_graph.store import open_store

    host = host or settings.text("host")
    prefix = _checked_root_path(root_path if root_path is not None else settings.text("root_path"))
    if not no_auth and not _is_loopback(host):
        raise SummitError(
            f"{host} can be reached from other machines, and no password is asked: add --no-auth if that is meant"
        )
    catalogue = load_catalogue(*([queries] if queries is not None else []))
    # What keeps the store from opening is said here, in one line, before anything listens.
    open_store(db).close()
    listener = _listen(host, settings.number("port") if port is None else port)
    _run(create_app(db, catalogue=catalogue, root_path=prefix), listener, host)


@group.command("settings")
def show_settings() -> None:
    """Prints every option and limit: its environment variable, its value and what it means."""
    rows = [("VARIABLE", "VALUE", "MEANING")]
    for row in settings.SETTINGS:
        # A password is no one's to read over a shoulder.
        value = "(set)" if "password" in row.name and row.value() else str(row.value())
        rows.append((row.variable, value, row.meaning))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for variable, value, meaning in rows:
        typer.echo(f"{variable:{widths[0]}}  {value:{widths[1]}}  {meaning}")


def _run(application: FastAPI, listener: socket.socket, host: str) -> None:
    """Answers until SIGTERM or Ctrl-C; then ends what runs. Its address is printed once it answers."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                typer.echo(_address(host, listener.getsockname()[1]))
                typer.echo("summit-graph: serving; Ctrl-C stops it", err=True)

    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )
    for stopping in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again when it has shut down in order: it then has done what was asked.
        signal.signal(stopping, lambda *_: None)
    with listener:
        Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises SummitError where the port is taken or the address is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SummitError(f"{host} is no address of this machine: {error.strerror or error}") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(LISTENING_BACKLOG)
    except OSError as error:
        listener.close()
        raise SummitError(f"cannot listen on {host}, port {port} ({error.strerror}): give another --port") from None
    return listener


def _address(host: str, port: int) -> str:
    """Where a browser finds the page. No root path: that is the proxy's, not ours."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_root_path(path: str) -> str:
    """A path such as /summit, or nothing; raises SummitError where it is neither."""
    stripped = path.rstrip("/")
    if stripped and (not stripped.startswith("/") or any(sign in stripped for sign in "?#% \\") or "//" in stripped):
        raise SummitError(f"--root-path is {path!r}: give a path such as /summit")
    if stripped in OWN_PATHS:
        raise SummitError(f"--root-path is {path!r}, which the service has paths of its own under: give another")
    return stripped
