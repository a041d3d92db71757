"""The HTTP service over one graph store: routes by noun under /api/v1, and the page at /.

    create_app("summit.lbug")  ->  /api/v1/runs, /api/v1/queries, /api/v1/queries/<name>, /api/v1/graph,
                                   /openapi.json, /healthz, /readyz, /

No address that it answers with is absolute, so that it works under any path of a proxy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from api.envelope import Envelope
from api.problems import PROBLEM_SCHEMAS, add_problem_handlers
from api.routes.graph import router as graph_router
from api.routes.health import router as health_router
from api.routes.queries import queries_router
from api.routes.runs import runs_router
from api.service import Service
from summit_graph import __version__, settings
from summit_graph.queries import Catalogue, load_catalogue
from summit_graph.store import open_store

PAGE_FOLDER = Path(__file__).parent / "page"
PREFIX = "/api/v1"
DESCRIPTION = "Attribution graphs of image classifiers: which neurons a model uses for each class, and what feeds them."
TAGS = [
    {"name": "runs", "description": "What was loaded."},
    {"name": "queries", "description": "The catalogue of canned queries, and one operation for each."},
    {"name": "graph", "description": "One class's attribution graph, to be drawn."},
    {"name": "health", "description": "Whether the service lives and can answer."},
]


def create_app(store_url: str | None = None, *, catalogue: Catalogue | None = None, root_path: str = "") -> FastAPI:
    """The application over the store at `store_url` (default: the setting `db`), opened at start and closed at the end.

    `catalogue` defaults to the project's own queries and those of the setting `queries`. `root_path` is where a proxy
    serves the application, such as /summit; whether the proxy strips it from the path or not is the same.
    """
    catalogue = catalogue or load_catalogue()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = open_store(store_url)
        try:
            app.state.service = Service(
                store,
                catalogue,
                concurrent_queries=settings.number("concurrent_queries"),
                queue_timeout_ms=settings.number("queue_timeout_ms"),
            )
            yield
        finally:
            store.close()

    app = FastAPI(
        title="summit-graph",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        # FastAPI's own pages of documentation load scripts from elsewhere, which the content security policy forbids.
        docs_url=None,
        redoc_url=None,
        # A redirect would answer with an absolute address.
        redirect_slashes=False,
    )
    app.add_middleware(Envelope, root_path=root_path.rstrip("/"))
    add_problem_handlers(app)
    versioned = APIRouter(prefix=PREFIX)
    versioned.include_router(runs_router(catalogue))
    versioned.include_router(queries_router(catalogue, settings.number("maximum_rows")))
    versioned.include_router(graph_router)
    app.include_router(versioned)
    app.include_router(health_router)
    _add_page(app)
    _document_problems(app)
    return app


def _add_page(app: FastAPI) -> None:
    """The page at /, its files under /page; a browser asks each time whether they changed."""

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE_FOLDER / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/page", PageFiles(directory=PAGE_FOLDER), name="page")


class PageFiles(StaticFiles):
    """The page's files."""

    def file_response(self, *arguments: Any, **options: Any) -> Any:
        """A file, which the browser asks about again before it uses its copy."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _document_problems(app: FastAPI) -> None:
    """Adds the problem's schema, to which every operation's errors refer, to the specification."""
    render = app.openapi

    def openapi() -> dict[str, Any]:
        specification = render()
        specification.setdefault("components", {}).setdefault("schemas", {}).update(PROBLEM_SCHEMAS)
        return specification

    app.openapi = openapi  # type: ignore[method-assign]
