"""The key: a header for programs, a cookie for the page, both compared in constant time.

The cookie holds no key, but a time and its signature by the key: nothing has to be remembered, so that any process or
service with the same key takes it, and another key ends all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem_response
from summit_graph import settings

HEADER = "X-API-Key"
COOKIE = "summit_session"
LEAST_LENGTH = 16
OPEN_PATHS = ("/healthz", "/login")
OPEN_FOLDERS = ("/page/",)
"""What needs no key: whether the process lives, the form that asks for the key, and the page's files, which are public
code and hold no data."""
WRONG_KEYS_WITHIN_S = 60
"""In which `wrong_keys_per_minute` are answered 401; more are answered 429, the right one always passes."""


class Keys:
    """The service's key, and what shows that somebody has it."""

    def __init__(self, key: str) -> None:
        self.session_s = settings.number("session_minutes") * 60
        self._key = key.encode()
        self._wrong_keys = settings.number("wrong_keys_per_minute")
        self._wrong_at: deque[float] = deque(maxlen=self._wrong_keys)

    def is_right(self, said: str) -> bool:
        """Whether somebody said the key."""
        return hmac.compare_digest(hashlib.sha256(said.encode()).digest(), hashlib.sha256(self._key).digest())

    def session(self, now_s: float | None = None) -> str:
        """A cookie's value that holds for `session_s`."""
        ends = str(int((time.time() if now_s is None else now_s) + self.session_s))
        return f"{ends}.{self._signature(ends)}"

    def is_session(self, said: str) -> bool:
        """Whether a cookie's value is one of ours and its time is not over."""
        ends, _, signature = said.partition(".")
        right = hmac.compare_digest(signature.encode(), self._signature(ends).encode())
        return right and ends.isdigit() and int(ends) > time.time()

    def too_many_wrong(self) -> bool:
        """Notes one more wrong key; whether there were too many of late."""
        now = time.monotonic()
        full = len(self._wrong_at) == self._wrong_keys
        many = full and (not self._wrong_at or now - self._wrong_at[0] < WRONG_KEYS_WITHIN_S)
        self._wrong_at.append(now)
        return many

    def _signature(self, ends: str) -> str:
        return hmac.new(self._key, f"{COOKIE} {ends}".encode(), hashlib.sha256).hexdigest()


class KeyCheck:
    """ASGI middleware: 401 without the key; 429 where wrong ones come too often."""

    def __init__(self, app: ASGIApp, keys: Keys, login: Callable[[Scope], Response], metrics: Metrics) -> None:
        self._app = app
        self._keys = keys
        self._login = login
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or self._is_let_in(scope):
            await self._app(scope, receive, send)
            return
        self._metrics.count("summit_graph_rejections_total", reason="key")
        headers = Headers(scope=scope)
        if HEADER in headers and self._keys.too_many_wrong():
            answer = too_many_wrong_keys(scope)
        elif "text/html" in headers.get("accept", "") and _path(scope).count("/") == 1:
            # Its addresses are relative: deeper paths would lead elsewhere.
            answer = self._login(scope)
        else:
            detail = f"a key is needed: send it in the header {HEADER}"
            challenge = {"WWW-Authenticate": f'ApiKey header="{HEADER}"'}
            answer = problem_response(scope, 401, detail, headers=challenge)
        await answer(scope, receive, send)

    def _is_let_in(self, scope: Scope) -> bool:
        path = _path(scope)
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
            return True
        headers = Headers(scope=scope)
        if HEADER in headers:
            return self._keys.is_right(headers[HEADER])
        cookies = (cookie_parser(value) for value in headers.getlist("cookie"))
        return any(self._keys.is_session(one.get(COOKIE, "")) for one in cookies)


def _path(scope: Scope) -> str:
    """The path under the one that a proxy serves the service at."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path


def too_many_wrong_keys(scope: Scope) -> Response:
    """The answer to one wrong key too many."""
    detail = "too many wrong keys: wait a minute"
    return problem_response(scope, 429, detail, headers={"Retry-After": str(WRONG_KEYS_WITHIN_S)})
