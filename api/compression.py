"""Answers are compressed where the client takes gzip and there is something to gain.

A tag with its encoding: to a client that takes gzip every entity tag ends in `-gzip`, so that it never stands for bytes
of two kinds.
"""

from __future__ import annotations

import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES = 1_000
LEVEL = 5
_SUFFIX = '-gzip"'
_TYPES = ("application/json", "application/jsonl", "application/problem+json", "text/", "image/svg+xml")


class Compression:
    """ASGI middleware around everything that makes bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or not _takes_gzip(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        scope["headers"] = [(name, _without_suffix(name, value)) for name, value in scope["headers"]]
        await self._app(scope, receive, _Compressor(send).send)


class _Compressor:
    """Passes an answer on, compressed where it is worth it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._gzip: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start:
            body = await self._begin(body, more)
        elif self._gzip is not None:
            body = self._compressed(body, more)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _begin(self, body: bytes, more: bool) -> bytes:
        start, self._start = self._start, {}
        headers = MutableHeaders(raw=start["headers"])
        if "etag" in headers:
            headers["etag"] = headers["etag"].removesuffix('"') + _SUFFIX
        if "content-type" in headers:
            headers.add_vary_header("Accept-Encoding")
        # A part of a file (206) is a part of its bytes as they are.
        worth = start["status"] != 206 and (more or len(body) >= LEAST_BYTES)
        if worth and "content-encoding" not in headers and headers.get("content-type", "").startswith(_TYPES):
            self._gzip = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
            headers["content-encoding"] = "gzip"
            body = self._compressed(body, more)
            if more:
                del headers["content-length"]
            else:
                headers["content-length"] = str(len(body))
        await self._send(start)
        return body

    def _compressed(self, body: bytes, more: bool) -> bytes:
        assert self._gzip is not None
        # Flushed part by part: a client that reads a stream sees each one as it comes.
        return self._gzip.compress(body) + self._gzip.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)


def _takes_gzip(headers: Headers) -> bool:
    for said in ",".join(headers.getlist("accept-encoding")).lower().split(","):
        coding, *parameters = (part.strip() for part in said.split(";"))
        if coding in {"gzip", "*"}:
            return not any(one in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for one in parameters)
    return False


def _without_suffix(name: bytes, value: bytes) -> bytes:
    """The client's tags as the answer's maker knows them; one without the suffix is of other bytes and falls away."""
    if name != b"if-none-match":
        return value
    tags = [tag.strip() for tag in value.decode("latin-1").split(",")]
    known = [tag.removesuffix(_SUFFIX) + '"' if tag.endswith(_SUFFIX) else tag for tag in tags]
    return ", ".join(tag for tag, was in zip(known, tags, strict=True) if tag != was or was == "*").encode("latin-1")
