"""Pictures of neurons: which there are, single ones and strips, and the atlas of a class's graph."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from api.answers import PICTURES_SCHEMA, documented_answer
from api.caching import conditional, whole
from api.formats import MEDIA_TYPES, json_bytes, wanted_format
from api.parameters import TEXT_BOUNDS, refuse_unknown
from api.pictures import IMMUTABLE, MEDIA_TYPE, addresses, graph_pictures
from api.problems import documented
from api.routes import PREFIX
from api.routes.graph import RunParameter
from api.service import service_of
from summit_graph.names import find_run, names_of_store
from summit_graph.pictures import NeuronPictures
from summit_graph.queries import class_graph
from summit_graph.queries.parameter import DOMAIN_MEANINGS
from summit_graph.store import Store

router = APIRouter(prefix=f"{PREFIX}/pictures", tags=["pictures"])
NeuronParameter = Annotated[str, Query(alias="neuron", description=DOMAIN_MEANINGS["neuron"], **TEXT_BOUNDS)]
OfClassParameter = Annotated[
    str | SkipJsonSchema[None],
    Query(alias="class", description="the class whose examples are told of too: number, name or id", **TEXT_BOUNDS),
]
RunOfAddress = Annotated[str, Path(description="the run's id", max_length=64)]
PictureName = Annotated[
    str, Path(description="what /graph or /pictures says: the SHA-256 of the file", pattern=r"^[0-9a-f]{64}\.webp$")
]
AtlasName = Annotated[
    str,
    Path(
        description="what /graph says: the class's number, what stands for its pixels",
        pattern=r"^[0-9]{1,9}-[0-9a-f]{64}\.webp$",
    ),
]
_IMAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "",
    summary="A neuron's pictures",
    responses=documented_answer("Addresses below /api/v1.", PICTURES_SCHEMA) | documented(404, 406, 422, 503, 504),
)
async def neuron_pictures(
    request: Request, neuron: NeuronParameter, class_: OfClassParameter = None, run: RunParameter = None
) -> Response:
    """Its visualization, diverse ones, the strip of its examples over all classes and of one; null where none is."""
    refuse_unknown(request, ("neuron", "class", "run"))
    media_type = MEDIA_TYPES[wanted_format(request, offered=("json",))]
    service = service_of(request)

    def work(store: Store) -> bytes:
        asked = find_run(store, run)
        names = names_of_store(store, asked)
        found = names.find_neuron(neuron)
        of_class = None if class_ is None else names.find_class(class_).number
        pictures = service.gallery.of_run(asked.id)
        of = pictures.of_neuron(found.layer.name, found.channel, of_class) if pictures else NeuronPictures()
        return json_bytes({"run": asked.id, "neuron": f"{found.layer.name}/{found.channel}", **addresses(asked.id, of)})

    return whole(request, await service.answer(request, "pictures", work), media_type)


@router.get(
    "/{run}/{name}",
    summary="One picture",
    response_class=Response,
    responses=_IMAGE | documented(404, 422),
)
def picture(request: Request, run: RunOfAddress, name: PictureName) -> Response:
    """A visualization, or a strip: squares side by side, the strongest patch first. What lies here never changes."""
    refuse_unknown(request)
    pictures = service_of(request).gallery.of_run(run)
    found = pictures.by_hash.get(name.removesuffix(".webp")) if pictures else None
    content = pictures.read(found) if pictures and found else None
    if found is None or content is None:
        raise HTTPException(404)
    return conditional(
        request,
        f'"{found.sha256}"',
        lambda: Response(content, media_type=MEDIA_TYPE),
        {"Cache-Control": IMMUTABLE},
    )


@router.get(
    "/{run}/atlas/{name}",
    summary="The atlas of a class's graph",
    response_class=Response,
    responses=_IMAGE | documented(404, 422, 503, 504),
)
async def atlas(request: Request, run: RunOfAddress, name: AtlasName) -> Response:
    """All neurons of the graph in one picture; which cell is whose, `/graph` says. What lies here never changes."""
    refuse_unknown(request)
    number = int(name.partition("-")[0])
    service = service_of(request)

    def work(store: Store) -> bytes | None:
        shown = graph_pictures(class_graph(store, number, run), service.gallery.shelf)
        return service.gallery.atlas(shown) if shown.atlas_name == name else None

    content = await service.answer(request, "atlas", work)
    if content is None:
        raise HTTPException(404)
    return conditional(
        request,
        f'"{name.removesuffix(".webp")}"',
        lambda: Response(content, media_type=MEDIA_TYPE),
        {"Cache-Control": IMMUTABLE},
    )
