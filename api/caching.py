"""Entity tags: an answer that a client still holds is not sent again, and where the tag is known beforehand not asked.

Runs never change, so what an answer depends on is known before the query runs: the run's content, the query's text, its
values, the format and the software. The encoding is added to the tag where it is chosen (`api.compression`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from fastapi import Request, Response
from pydantic_core import to_json
from starlette.responses import StreamingResponse

from summit_graph import __version__
from summit_graph.queries import packaged_catalogue

CACHE_CONTROL = "private, no-cache"
"""A browser keeps an answer and asks each time whether it still holds."""


def entity_tag(*depends_on: Any) -> str:
    """A strong entity tag of what an answer depends on; the software's version and queries are always among it."""
    return f'"{hashlib.sha256(to_json([_software(), *depends_on])).hexdigest()[:32]}"'


def conditional(
    request: Request, tag: str, make: Callable[[], Response], headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that `make` makes, or 304 where the client holds it already."""
    response = Response(status_code=304) if _holds(request, tag) else make()
    response.headers.update({"ETag": tag, "Cache-Control": CACHE_CONTROL, "Vary": "Accept", **(headers or {})})
    return response


def whole(request: Request, content: bytes, media_type: str) -> Response:
    """An answer whose tag is that of its content."""
    return conditional(
        request, entity_tag(hashlib.sha256(content).hexdigest()), lambda: Response(content, media_type=media_type)
    )


def in_parts(parts: Iterable[bytes], media_type: str) -> Response:
    """An answer of several parts is streamed; of one, it has its length in the header."""
    rest = iter(parts)
    first, second = next(rest, b""), next(rest, None)
    if second is None:
        return Response(first, media_type=media_type)
    return StreamingResponse(_chained(first, second, rest), media_type=media_type)


def _chained(first: bytes, second: bytes, rest: Iterable[bytes]) -> Iterable[bytes]:
    yield first
    yield second
    yield from rest


def _holds(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; compared weakly, as RFC 9110 asks for it."""
    said = ",".join(request.headers.getlist("if-none-match"))
    tags = {one.strip().removeprefix("W/") for one in said.split(",")}
    return tag in tags or "*" in tags


@lru_cache(maxsize=1)
def _software() -> str:
    return f"{__version__} {packaged_catalogue().digest}"
