"""The pictures beside a store: those of each loaded run, under the run's id, with an index of what is there.

<shelf>/<run>/index.parquet                     path, sha256, size, width, height
<shelf>/<run>/examples/…, visualizations/…      as in a run directory
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from summit_graph import settings
from summit_graph.errors import SummitError
from summit_graph.pictures.index import FILE_NAME, Picture, index_folder, read_index, write_index
from summit_graph.pictures.places import PICTURES, Place, folder_name, place_of


@dataclass(frozen=True)
class NeuronPictures:
    """The pictures of one neuron that there are."""

    examples: Picture | None = None
    """Its strongest patches over all classes, side by side: squares as high as the picture."""
    class_examples: Picture | None = None
    """Those of the class that was asked for."""
    visualization: Picture | None = None
    """An image that was optimized to excite it."""
    diverse: tuple[Picture, ...] = ()
    """Further such images, made to differ."""


class RunPictures:
    """The pictures of one run."""

    def __init__(self, folder: Path, pictures: list[Picture]) -> None:
        self.folder = folder
        self.pictures = pictures

    @cached_property
    def by_hash(self) -> Mapping[str, Picture]:
        """Each picture by the SHA-256 of its content."""
        return {picture.sha256: picture for picture in self.pictures}

    @cached_property
    def _by_place(self) -> Mapping[Place, Picture]:
        placed = ((place_of(picture.path), picture) for picture in self.pictures)
        return {place: picture for place, picture in placed if place is not None}

    def of_neuron(self, layer: str, channel: int, class_number: int | None = None) -> NeuronPictures:
        """A neuron's pictures; with a class, the examples of that class too."""
        at, drawn = self._by_place, list[Picture]()
        while found := at.get(Place("visualizations", layer, channel, variant=len(drawn))):
            drawn.append(found)
        of_class = Place("examples", layer, channel, class_number) if class_number is not None else None
        return NeuronPictures(
            examples=at.get(Place("examples", layer, channel)),
            class_examples=at.get(of_class) if of_class else None,
            visualization=at.get(Place("visualizations", layer, channel)),
            diverse=tuple(drawn),
        )

    def read(self, picture: Picture) -> bytes | None:
        """A picture's bytes; None where its file is gone or no longer what the index says."""
        try:
            content = (self.folder / picture.path).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == picture.sha256 else None


class Shelf:
    """The folder of a store's pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[tuple[int, int, int], RunPictures]] = {}

    def pictures(self, run: str) -> RunPictures:
        """The pictures of a loaded run, none where it has none; its index is read again when it has changed."""
        folder = self._folder_of(run)
        try:
            status = (folder / FILE_NAME).stat()
        except OSError:
            return RunPictures(folder, [])
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._known.get(run)
        if known is None or known[0] != state:
            known = self._known[run] = state, RunPictures(folder, read_index(folder))
        return known[1]

    def put(self, run: str, directory: Path) -> int | None:
        """Copies the pictures of a run directory, in the place of those that are there.

        Returns how many there are, None where they were the same already. Raises SummitError where a picture's path
        leads out of its folder or its file is no image, and where the disk is full; what was there then stays.
        """
        source, target = directory / PICTURES, self._folder_of(run)
        pictures = index_folder(source)
        if pictures == read_index(target):
            return None
        if not pictures:
            self.remove(run)
            return 0
        self._remove_leftovers(target.name)
        made, old = (target.with_name(f".{target.name}.{os.getpid()}.{what}") for what in ("new", "old"))
        try:
            for picture in pictures:
                copy = made / picture.path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / picture.path, copy)
            write_index(made, pictures)
            if target.exists():
                target.rename(old)
            made.rename(target)
        except OSError as error:
            raise SummitError(f"cannot copy the pictures to {self.folder}: {error.strerror or error}") from None
        finally:
            shutil.rmtree(made, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
        return len(pictures)

    def remove(self, run: str) -> None:
        """Removes the pictures of a run, if there are any."""
        shutil.rmtree(self._folder_of(run), ignore_errors=True)
        self._remove_leftovers(self._folder_of(run).name)

    def _remove_leftovers(self, name: str) -> None:
        """What a copy that was killed has left."""
        for what in ("new", "old"):
            for folder in self.folder.glob(f".{glob.escape(name)}.*.{what}"):
                shutil.rmtree(folder, ignore_errors=True)

    def _folder_of(self, run: str) -> Path:
        return self.folder / folder_name(run)


def shelf_of(db: str | None = None) -> Shelf | None:
    """The shelf of the store at a path or URL (None: the setting `db`).

    That is the setting `pictures`, else the folder `PATH.pictures` beside an embedded store; None for a Neo4j server
    for which none is set.
    """
    folder = settings.text("pictures")
    if folder:
        return Shelf(Path(folder))
    place = db if db is not None else settings.text("db")
    if not place or "://" in place:
        return None
    path = Path(place)
    return Shelf(path.with_name(f"{path.name}.pictures"))
