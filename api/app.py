"""The HTTP service over one graph store: routes by noun under /api/v1, and the page at /.

    create_app("summit.lbug")  ->  /api/v1/runs, /api/v1/queries, /api/v1/queries/<name>, /api/v1/graph,
                                   /api/v1/pictures, /api/v1/cypher,
                                   /openapi.json, /docs, /healthz, /readyz, /metrics, /

A request passes, from the outermost layer in: the envelope (id, headers, log), the check of its host, of its origin, of
its key, compression, and then the routes.

No address that it answers with is absolute, so that it works under any path of a proxy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

from api.caching import whole
from api.compression import Compression
from api.envelope import Envelope
from api.hosts import HostCheck
from api.keys import HEADER, LEAST_LENGTH, KeyCheck, Keys
from api.links import add_links
from api.metrics import Metrics
from api.origins import Origins
from api.pictures import Gallery
from api.problems import PROBLEM_SCHEMAS, add_problem_handlers, documented
from api.routes import PREFIX
from api.routes.cypher import cypher_router
from api.routes.documentation import router as documentation_router
from api.routes.graph import router as graph_router
from api.routes.health import router as health_router
from api.routes.login import form, login_router
from api.routes.pictures import router as pictures_router
from api.routes.queries import queries_router
from api.routes.runs import runs_router
from api.service import Service
from summit_graph import __version__, settings
from summit_graph.errors import SummitError
from summit_graph.pictures import shelf_of
from summit_graph.queries import Catalogue, load_catalogue
from summit_graph.store import open_store

PAGE_FOLDER = Path(__file__).parent / "page"
DESCRIPTION = "Attribution graphs of image classifiers: which neurons a model uses for each class, and what feeds them."
COMMON = (400, 401, 403, 429, 500)
"""Statuses that any operation may answer: another host, no key, another origin, too many wrong keys, our own fault."""
TAGS = [
    {"name": "runs", "description": "What was loaded."},
    {"name": "queries", "description": "The catalogue of canned queries, and one operation for each."},
    {"name": "graph", "description": "One class's attribution graph, to be drawn."},
    {"name": "pictures", "description": "Pictures of neurons, where the run brought some."},
    {"name": "cypher", "description": "One's own reading queries, where the service was started with --allow-cypher."},
    {"name": "health", "description": "Whether the service lives and can answer."},
]


def create_app(store_url: str | None = None, *, catalogue: Catalogue | None = None, root_path: str = "") -> FastAPI:
    """The application over the store at `store_url` (default: the setting `db`), opened at start and closed at the end.

    `catalogue` defaults to the project's own queries and those of the setting `queries`. `root_path` is where a proxy
    serves the application, such as /summit; whether the proxy strips it from the path or not is the same.
    """
    catalogue = catalogue or load_catalogue()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = Service(
            open_store(store_url),
            catalogue,
            Gallery(shelf_of(store_url)),
            metrics,
            concurrent_queries=settings.number("concurrent_queries"),
            queue_timeout_ms=settings.number("queue_timeout_ms"),
            query_timeout_ms=settings.number("query_timeout_ms"),
            concurrent_downloads=settings.number("concurrent_downloads"),
            download_timeout_ms=settings.number("download_timeout_ms"),
        )
        app.state.service = service
        try:
            yield
        finally:
            service.close()

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
    add_problem_handlers(app)
    versioned = [
        runs_router(catalogue),
        queries_router(catalogue, settings.number("maximum_rows")),
        graph_router,
        pictures_router,
    ]
    if settings.setting("allow_cypher").value():
        versioned.append(cypher_router())
    for router in (*versioned, health_router, documentation_router):
        _add_routes(app, router)
    _add_page(app)
    _add_layers(app, metrics, root_path.rstrip("/"))
    _document(app, catalogue)
    return app


def _add_layers(app: FastAPI, metrics: Metrics, root_path: str) -> None:
    """What a request passes before the routes; the layer that is added last is the outermost."""
    app.add_middleware(Compression)
    key = settings.text("api_key")
    if key:
        if len(key) < LEAST_LENGTH or not (key.isascii() and key.isprintable()):
            raise SummitError(f"SUMMIT_API_KEY cannot be a key: give {LEAST_LENGTH} plain characters or more")
        keys = Keys(key)
        _add_routes(app, login_router(keys))
        app.add_middleware(KeyCheck, keys=keys, login=form, metrics=metrics)
    app.add_middleware(Origins, named=_names("cors_origins"), metrics=metrics)
    app.add_middleware(HostCheck, names=[*_names("allowed_hosts"), settings.text("host")], metrics=metrics)
    app.add_middleware(Envelope, metrics=metrics, root_path=root_path)


def _add_routes(app: FastAPI, router: APIRouter) -> None:
    """Puts a router's routes among the application's own: one that is included is gone through twice a request."""
    app.router.routes.extend(router.routes)


def _names(setting: str) -> list[str]:
    return [name.strip() for name in settings.text(setting).split(",") if name.strip()]


def _add_page(app: FastAPI) -> None:
    """The page at /, its files under /page; a browser asks each time whether they changed."""

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return whole(request, (PAGE_FOLDER / "index.html").read_bytes(), "text/html")

    app.mount("/page", PageFiles(directory=PAGE_FOLDER), name="page")


class PageFiles(StaticFiles):
    """The page's files."""

    def file_response(self, *arguments: Any, **options: Any) -> Any:
        """A file, which the browser asks about again before it uses its copy."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _document(app: FastAPI, catalogue: Catalogue) -> None:
    """Adds to the specification the problem's schema, the key, the errors that any operation may answer, and links."""
    render = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        specification = render()
        components = specification.setdefault("components", {})
        components.setdefault("schemas", {}).update(PROBLEM_SCHEMAS)
        components["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": HEADER}}
        # Either with a key or, where the service asks for none, without.
        specification["security"] = [{}, {"key": []}]
        for operations in specification["paths"].values():
            for operation in operations.values():
                told = operation["responses"] | {str(status): told for status, told in documented(*COMMON).items()}
                operation["responses"] = dict(sorted(told.items()))
        add_links(specification["paths"], PREFIX, catalogue)
        return specification

    app.openapi = openapi  # type: ignore[method-assign]
