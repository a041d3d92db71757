"""Pictures as the service tells of them: addresses by content, and the atlas of a class's graph.

An address holds the hash of what lies there, so that a browser never asks twice; nothing of a path comes from outside.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from api.problems import logger
from summit_graph.errors import SummitError
from summit_graph.pictures import Atlas, NeuronPictures, Picture, RunPictures, Shelf, draw, plan
from summit_graph.queries import ClassGraph

KEPT_ATLASES = 32
MEDIA_TYPE = "image/webp"
IMMUTABLE = "private, max-age=31536000, immutable"
"""What lies at such an address never changes. Private: where a key is needed, no proxy hands it on."""


@dataclass(frozen=True)
class GraphPictures:
    """The pictures of a class graph's neurons, and the atlas that shows them all."""

    run: str
    of_class: int
    atlas: Atlas | None
    neurons: dict[tuple[str, int], NeuronPictures]

    @property
    def atlas_name(self) -> str:
        """The atlas's file: the class, and what stands for its pixels."""
        return f"{self.of_class}-{self.atlas.digest if self.atlas else ''}.webp"

    def atlas_entry(self) -> dict[str, Any] | None:
        """Where the atlas is, and its sizes in pixels."""
        if self.atlas is None:
            return None
        path = f"pictures/{self.run}/atlas/{self.atlas_name}"
        return {"path": path, "side": self.atlas.cell_px, "width": self.atlas.width, "height": self.atlas.height}

    def node_entry(self, layer: str, channel: int) -> dict[str, Any] | None:
        """A neuron's cell in the atlas, and its pictures' addresses; None where it has none."""
        cell = self.atlas.cells.get((layer, channel)) if self.atlas else None
        if cell is None:
            return None
        place = {"x": cell.x, "y": cell.y, "kind": cell.kind}
        return place | addresses(self.run, self.neurons[layer, channel])


def graph_pictures(graph: ClassGraph, shelf: Shelf | None) -> GraphPictures:
    """The pictures that there are of a graph's neurons, in the order of its nodes."""
    run, number = _pictures(shelf, graph.run), graph.of_class.number
    found = {}
    if run is not None and run.pictures:
        found = {(node.layer, node.channel): run.of_neuron(node.layer, node.channel, number) for node in graph.nodes}
    return GraphPictures(graph.run, number, plan((*neuron, of) for neuron, of in found.items()), found)


def addresses(run: str, pictures: NeuronPictures) -> dict[str, Any]:
    """The addresses of a neuron's pictures, below /api/v1; null where there is none."""

    def address(picture: Picture | None) -> str | None:
        return None if picture is None else f"pictures/{run}/{picture.sha256}.webp"

    return {
        "visualization": address(pictures.visualization),
        "diverse": [address(picture) for picture in pictures.diverse],
        "examples": address(pictures.examples),
        "class_examples": address(pictures.class_examples),
    }


@dataclass
class Gallery:
    """One process's way to the pictures beside its store, and the atlases that it drew last."""

    shelf: Shelf | None
    _drawn: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of_run(self, run: str) -> RunPictures | None:
        """The pictures of a run."""
        return _pictures(self.shelf, run)

    def atlas(self, pictures: GraphPictures) -> bytes | None:
        """An atlas's WebP file; None where nothing is to be shown."""
        run = _pictures(self.shelf, pictures.run)
        if pictures.atlas is None or run is None:
            return None
        digest = pictures.atlas.digest
        with self._lock:
            if digest in self._drawn:
                self._drawn.move_to_end(digest)
                return self._drawn[digest]
        content = draw(pictures.atlas, run)
        with self._lock:
            self._drawn[digest] = content
            while len(self._drawn) > KEPT_ATLASES:
                self._drawn.popitem(last=False)
        return content


def _pictures(shelf: Shelf | None, run: str) -> RunPictures | None:
    """A run's pictures; a damaged index is for who runs the service to mend, and no reason to draw no graph."""
    try:
        return None if shelf is None else shelf.pictures(run)
    except SummitError as error:
        logger.error("%s", error)
        return None
