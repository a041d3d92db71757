"""Page tokens: where an answer goes on, bound to the run, the query's text and its parameters.

Runs never change and every order is total, so an offset is enough. A token says which question it belongs to and is
refused for another one; it is no secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from summit_graph.errors import InvalidParameter

MAXIMUM_OFFSET = 2**53


def question_digest(run_digest: str | None, query_digest: str, parameters: Mapping[str, Any]) -> str:
    """What a token is bound to: the run's digest, the query's and the parameters, but for how many rows a page has."""
    asked = sorted((name, value) for name, value in parameters.items() if name != "limit")
    return hashlib.sha256(json.dumps([run_digest, query_digest, asked]).encode()).hexdigest()[:16]


def page_token(offset: int, question: str) -> str:
    """The token of the page that begins at row `offset`."""
    return base64.urlsafe_b64encode(f"{question}{offset:x}".encode()).decode().rstrip("=")


def page_offset(token: str | None, question: str) -> int:
    """The row at which a token's page begins; 0 without one. Raises InvalidParameter for another question's token."""
    if token is None:
        return 0
    refusal = InvalidParameter(
        "page is no token of this query, run and parameters: leave it out to begin again", "page"
    )
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        offset = int(text[len(question) :], 16)
    except (ValueError, UnicodeError):
        raise refusal from None
    if not text.startswith(question) or page_token(offset, question) != token or not 0 < offset < MAXIMUM_OFFSET:
        raise refusal
    return offset
