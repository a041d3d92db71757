"""A request's body, bounded in size and in time."""

from __future__ import annotations

import asyncio

from fastapi import Request

from api.problems import ClientGone, Refusal
from summit_graph import settings


async def read_body(request: Request, media_type: str) -> bytes:
    """The body. Raises Refusal: 415 for another media type, 413 where it is too long, 408 where it comes too slowly."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != media_type:
        raise Refusal(f"the body must be {media_type}: say so in the header Content-Type", 415)
    limit_bytes = settings.number("maximum_body_kb") * 1024
    too_long = Refusal(f"the body is longer than {limit_bytes:,} bytes", 413, {"Connection": "close"})
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limit_bytes:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(settings.number("receive_timeout_ms") / 1000):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > limit_bytes:
                    raise too_long
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Refusal("the body came too slowly: send it again", 408, {"Connection": "close"}) from None
