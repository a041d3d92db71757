"""The form that asks for the key and sets the cookie that stands for it."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from api.body import read_body
from api.keys import COOKIE, SESSION_S, Keys, too_many_wrong_keys

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
<!-- said -->
</form>
</main>
</body>
</html>
"""
WRONG = '<p role="alert">That is not the key.</p>'


def form(said: str = "", status: int = 401) -> HTMLResponse:
    """The page with the form; 401, since what was asked for was not given."""
    return HTMLResponse(FORM.replace("<!-- said -->", said), status, {"Cache-Control": "no-store"})


def login_router(keys: Keys) -> APIRouter:
    """GET /login shows the form, POST /login takes the key."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def show() -> Response:
        return form(status=200)

    @router.post("/login")
    async def take(request: Request) -> Response:
        body = await read_body(request, "application/x-www-form-urlencoded")
        said = parse_qs(body.decode("utf-8", "replace"), max_num_fields=5).get("key", [""])[0]
        if not keys.is_right(said):
            return too_many_wrong_keys(request.scope) if keys.too_many_wrong() else form(WRONG)
        response = Response(status_code=303, headers={"Location": "./", "Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            keys.session(),
            max_age=SESSION_S,
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    return router
