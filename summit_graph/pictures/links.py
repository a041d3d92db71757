"""A run's pictures in a second run of the same neurons."""

from __future__ import annotations

import shutil
from pathlib import Path

from summit_graph.errors import SummitError
from summit_graph.pictures.index import picture_paths
from summit_graph.pictures.places import PICTURES
from summit_graph.run import atomic


def link_pictures(source: Path, target: Path) -> int:
    """Brings the pictures of a run directory into another one; those that are there already stay. Returns how many.

    They take no room where the disk can link files: a picture is only ever replaced as a whole, never changed, so a
    file may belong to both. Raises SummitError for a path that leads out of its folder, and where the disk is full.
    """
    folder, paths = source / PICTURES, list(picture_paths(source / PICTURES))
    for path in paths:
        picture, place = (folder / path).resolve(), target / PICTURES / path
        if place.exists():
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                place.hardlink_to(picture)
            except OSError:
                with atomic.replacing(place, durable=False) as copy:
                    shutil.copyfile(picture, copy)
        except OSError as error:
            raise SummitError(f"cannot copy the pictures to {target}: {error.strerror or error}") from None
    return len(paths)
