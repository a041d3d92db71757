"""The commands `serve`, the HTTP service over a store, and `settings`, every option and limit with its value."""

from __future__ import annotations

import contextlib
import inspect
import ipaddress
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from summit_graph import settings
from summit_graph.errors import SummitError

group = typer.Typer()

LISTENING_BACKLOG = 2_048
OWN_PATHS = {"/api", "/api/v1", "/page", "/docs"}
"""Root paths under which an address could be read in two ways, with and without it."""


def _options_of_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command an option for each setting of the service, so that every limit is one without being written."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    own = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [_option(row) for row in settings.SETTINGS if row.of_service]
    command.__signature__ = inspect.Signature(options + own)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in options + own}
    return command


def _option(row: settings.Setting) -> inspect.Parameter:
    kind = type(row.default) if isinstance(row.default, bool | int) else str
    name = f"--{row.name.replace('_', '-')}"
    spelled = (f"{name}/--no-{name[2:]}",) if row.default is True else (name,)
    bounds = {"min": 0} if kind is int else {}
    if row.name == "port":
        bounds = {"min": 0, "max": 65_535}
    if row.name in {"concurrent_queries", "concurrent_downloads", "workers", "maximum_rows"}:
        bounds = {"min": 1}
    described = typer.Option(*spelled, help=row.meaning, metavar="URL" if row.name == "db" else None, **bounds)  # type: ignore[arg-type]
    return inspect.Parameter(
        row.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, described]
    )


@group.command("serve")
@_options_of_settings
def serve(
    *,
    no_auth: Annotated[
        bool,
        typer.Option("--no-auth", help="Listen on other addresses than this machine's own, open to who reaches it."),
    ] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Serve a small graph of handwritten digits, made here.")] = False,
    **options: Any,
) -> None:
    """Serves a store over HTTP: the page at /, the routes under /api/v1, their specification at /openapi.json."""
    # Processes that answer beside this one read their settings where this one does.
    os.environ |= {settings.setting(name).variable: str(value) for name, value in options.items() if value is not None}
    with _demo_store() if demo else contextlib.nullcontext():
        _check_settings(no_auth)
        from api.serving import run

        host = settings.text("host")
        with _listen(host, settings.number("port")) as listener:
            run(listener, lambda: _say_address(_address(host, listener.getsockname()[1])))


@group.command("settings")
def show_settings() -> None:
    """Prints every option and limit: its environment variable, its value and what it means."""
    rows = [("VARIABLE", "VALUE", "MEANING")]
    for row in settings.SETTINGS:
        # A password is no one's to read over a shoulder.
        secret = row.name.endswith(("password", "key"))
        value = "(set)" if secret and row.value() else str(row.value())
        rows.append((row.variable, value, row.meaning))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for variable, value, meaning in rows:
        typer.echo(f"{variable:{widths[0]}}  {value:{widths[1]}}  {meaning}")


def _check_settings(no_auth: bool) -> None:
    """Says in one line what would keep the service from starting, before anything listens."""
    from api.app import create_app
    from summit_graph.store import open_store

    host = settings.text("host")
    _check_root_path(settings.text("root_path"))
    if not no_auth and not settings.text("api_key") and not _is_loopback(host):
        raise SummitError(
            f"{host} can be reached from other machines, and no key is asked: set SUMMIT_API_KEY, "
            f"or add --no-auth if that is meant"
        )
    open_store().close()
    create_app()


def _say_address(address: str) -> None:
    typer.echo(address)
    sys.stdout.flush()
    # A full disk under the messages is no reason to stop.
    with contextlib.suppress(OSError):
        typer.echo("summit-graph: serving; Ctrl-C stops it", err=True)


@contextlib.contextmanager
def _demo_store() -> Iterator[None]:
    """A store with the packaged run of handwritten digits, for as long as the service runs."""
    from summit_graph.packaged_demo import load_demo

    with tempfile.TemporaryDirectory(prefix="summit-demo-") as folder:
        path = Path(folder) / "demo.lbug"
        typer.echo("summit-graph: loading the demo's graph", err=True)
        load_demo(path)
        os.environ[settings.setting("db").variable] = str(path)
        yield


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


def _check_root_path(path: str) -> None:
    """Raises SummitError where it is neither a path such as /summit, nor nothing."""
    stripped = path.rstrip("/")
    if stripped and (not stripped.startswith("/") or any(sign in stripped for sign in "?#% \\") or "//" in stripped):
        raise SummitError(f"--root-path is {path!r}: give a path such as /summit")
    if stripped in OWN_PATHS:
        raise SummitError(f"--root-path is {path!r}, which the service has paths of its own under: give another")
