"""The form that asks for the key and sets the cookie that stands for it."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse
from starlette.types import Scope

from api.body import read_body
from api.keys import COOKIE, Keys, too_many_wrong_keys

FORM = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>summit-graph: key</title>
</head>
<body>
<main>
<h1>summit-graph</h1>
<form method="post" action="login">
<p><label for="key">This service asks for its key:</label></p>
<p><input id="key" name="key" type="password" autocomplete="current-password" required autofocus></p>
<p><button>Continue</button></p>
<input name="view" type="hidden" value="<!-- view -->">
<!-- said -->
</form>
</main>
</body>
</html>
"""
WRONG = '<p role="alert">That is not the key.</p>'
_VIEW = re.compile(r"\?(?!.*//)[!-~]{1,2000}")
"""What may stand behind the page's address; anything else is left out, so that the answer leads nowhere but there."""


def form(scope: Scope) -> HTMLResponse:
    """The page with the form, where another was asked for; 401, since what that needs was not given."""
    return _form(401, _view_of(scope))


def login_router(keys: Keys) -> APIRouter:
    """GET /login shows the form, POST /login takes the key and leads to the view of the page that was asked for."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def show(request: Request) -> Response:
        return _form(200, _view_of(request.scope))

    @router.post("/login")
    async def take(request: Request) -> Response:
        body = await read_body(request, "application/x-www-form-urlencoded")
        said = parse_qs(body.decode("utf-8", "replace"), max_num_fields=5)
        view = _view(said.get("view", [""])[0])
        if not keys.is_right(said.get("key", [""])[0]):
            return too_many_wrong_keys(request.scope) if keys.too_many_wrong() else _form(401, view, WRONG)
        response = Response(status_code=303, headers={"Location": f"./{view}", "Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            keys.session(),
            max_age=keys.session_s,
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    return router


def _form(status: int, view: str, said: str = "") -> HTMLResponse:
    page = FORM.replace("<!-- said -->", said).replace("<!-- view -->", html.escape(view))
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def _view_of(scope: Scope) -> str:
    """The view that a request is for: the page has it in its address."""
    return _view("?" + scope["query_string"].decode("latin-1"))


def _view(said: str) -> str:
    return said if _VIEW.fullmatch(said) else ""
