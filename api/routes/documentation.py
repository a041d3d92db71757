"""/docs: the specification as a page, all of whose files come from this machine."""

from __future__ import annotations

from pathlib import Path

import fastapi_offline  # type: ignore[import-untyped,unused-ignore]
from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse

OWN = Path(__file__).parents[1] / "documentation"
SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
FILES = {
    "start.js": OWN / "start.js",
    "swagger-ui-bundle.js": SWAGGER_UI / "swagger-ui-bundle.js",
    "swagger-ui.css": SWAGGER_UI / "swagger-ui.css",
}
router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def documentation() -> FileResponse:
    """The page."""
    return FileResponse(OWN / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/docs/{name}")
async def file(name: str) -> FileResponse:
    """A file of the page."""
    if name not in FILES:
        raise HTTPException(404)
    return FileResponse(FILES[name], headers={"Cache-Control": "no-cache"})
