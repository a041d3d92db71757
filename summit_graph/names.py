"""Which class, neuron, layer or run is meant: what a user says, found among what a store or a run directory holds.

A class is said by its number, its name or its id (`run/number`), a neuron as `layer/channel`, a layer by name, a run
by id or name. What is not there is answered with the nearest names, what could be several with the candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from summit_graph.errors import NotFound, OtherFormat, SummitError
from summit_graph.kept import Kept
from summit_graph.nearest import nearest

if TYPE_CHECKING:
    from summit_graph.run import Run
    from summit_graph.store.base import Reader

CANDIDATES = 5
"""How many nearest names or candidates an error lists."""
READY, PARTIAL = "ready", "partial"
_NUMBER = re.compile(r"[0-9]{1,9}")
_SPAN = re.compile(r"(?P<low>[0-9]{1,9})-(?P<high>[0-9]{1,9})")


@dataclass(frozen=True)
class RunName:
    """A run that queries may see."""

    id: str
    name: str
    state: str
    digest: str
    format: int


@dataclass(frozen=True)
class ClassName:
    """A class of a run, and what is known of it."""

    id: str
    number: int
    name: str
    images: int | None
    accuracy: float | None


@dataclass(frozen=True)
class LayerName:
    """A layer of a run; `index` counts from 0 in forward order."""

    name: str
    index: int
    channels: int


@dataclass(frozen=True)
class NeuronName:
    """A neuron of a run: one channel of one layer."""

    id: str
    layer: LayerName
    channel: int


@dataclass(frozen=True)
class Names:
    """The names of one run's classes and layers."""

    run: str
    classes: tuple[ClassName, ...] = field(repr=False)
    layers: tuple[LayerName, ...] = field(repr=False)

    def find_class(self, said: str | int) -> ClassName:
        """The class that is meant; raises NotFound with the nearest names, SummitError where several could be meant."""
        if isinstance(said, int):
            found = self._by_number.get(said)
            if found is None:
                raise self._no_class(str(said))
            return found
        text = said.strip()
        if text in self._by_id:
            return self._by_id[text]
        found_all = list(self._by_name.get(text, ()))
        if _NUMBER.fullmatch(text) and int(text) in self._by_number:
            numbered = self._by_number[int(text)]
            found_all = [numbered, *(entry for entry in found_all if entry != numbered)]
        found_all = found_all or list(self._by_plain_name.get(_plain(text), ()))
        if not found_all:
            raise self._no_class(text)
        if len(found_all) > 1:
            raise SummitError(
                f"{text!r} could be {_listed(f'{entry.id} ({entry.name})' for entry in found_all)}: say an id"
            )
        return found_all[0]

    def find_classes(self, said: Iterable[str | int]) -> list[ClassName]:
        """The classes that are meant, each once, by number; `151-268` is all those with numbers from one to the other.

        Raises as `find_class` does, and NotFound where no class has a number between two.
        """
        found: dict[int, ClassName] = {}
        for entry in said:
            span = _SPAN.fullmatch(entry.strip()) if isinstance(entry, str) else None
            if span and entry not in self._by_name:
                low, high = int(span["low"]), int(span["high"])
                numbered = [one for number, one in self._by_number.items() if low <= number <= high]
                if not numbered:
                    raise self._no_class(str(entry))
            else:
                numbered = [self.find_class(entry)]
            found |= {one.number: one for one in numbered}
        return [found[number] for number in sorted(found)]

    def find_layer(self, said: str | int) -> LayerName:
        """The layer of that name; raises NotFound with the nearest names."""
        text = str(said).strip()
        found = self._layers_by_name.get(text)
        if found is None:
            close = nearest(text, self._layers_by_name, CANDIDATES)
            raise NotFound(f"{self.run} has no layer {text!r}: {_nearest_are(close)}", close)
        return found

    def find_neuron(self, said: str | int) -> NeuronName:
        """The neuron `layer/channel`; raises NotFound where the layer is not there or has fewer channels."""
        text = str(said).strip().removeprefix(f"{self.run}/")
        layer_name, slash, channel_text = text.rpartition("/")
        if not slash:
            raise NotFound(f"{text!r} is no neuron: write it as layer/channel, such as {self._some_neuron}")
        layer = self.find_layer(layer_name)
        if not _NUMBER.fullmatch(channel_text):
            raise NotFound(
                f"{text!r} is no neuron: after the layer comes its channel, a number from 0 to {layer.channels - 1}"
            )
        channel = int(channel_text)
        if channel >= layer.channels:
            last = f"{layer.name}/{layer.channels - 1}"
            raise NotFound(
                f"{layer.name} has no channel {channel}: its {layer.channels} channels are {layer.name}/0 to {last}",
                (last,),
            )
        return NeuronName(f"{self.run}/{layer.name}/{channel}", layer, channel)

    @cached_property
    def _by_id(self) -> dict[str, ClassName]:
        return {entry.id: entry for entry in self.classes}

    @cached_property
    def _by_number(self) -> dict[int, ClassName]:
        return {entry.number: entry for entry in self.classes}

    @cached_property
    def _by_name(self) -> dict[str, list[ClassName]]:
        return _grouped((entry.name, entry) for entry in self.classes)

    @cached_property
    def _by_plain_name(self) -> dict[str, list[ClassName]]:
        return _grouped((_plain(entry.name), entry) for entry in self.classes)

    @cached_property
    def _layers_by_name(self) -> dict[str, LayerName]:
        return {layer.name: layer for layer in self.layers}

    @property
    def _some_neuron(self) -> str:
        return f"{self.layers[-1].name}/0" if self.layers else "layer/0"

    def _no_class(self, text: str) -> NotFound:
        if not self.classes:
            return NotFound(f"{self.run} has no class {text!r}: it has no classes")
        if text.isdecimal():
            close = sorted(self.classes, key=lambda entry: (abs(entry.number - int(text)), entry.number))[:2]
        else:
            plain = _plain(text.removeprefix(f"{self.run}/"))
            words = set(plain.split())
            with_its_words = [name for name in self._by_plain_name if words and words <= set(name.split())]
            within = [name for name in self._by_plain_name if plain and plain in name]
            alike = nearest(plain, self._by_plain_name, CANDIDATES)
            names = dict.fromkeys([*with_its_words, *within, *alike])
            close = [entry for name in names for entry in self._by_plain_name[name]][:CANDIDATES]
        return NotFound(
            f"{self.run} has no class {text!r}: {_nearest_are(map(_described, close))}",
            tuple(entry.name for entry in close),
        )


_kept_runs: Kept[tuple[RunName, ...]] = Kept(256)
_kept_names: Kept[Names] = Kept(32)


def runs_of_store(store: Reader, said: str | None = None) -> tuple[RunName, ...]:
    """The ready runs, the newest first; with an id or a name those that have it, partial ones too.

    They are kept for as long as the store says that its runs are the same.
    """

    def look_up() -> tuple[RunName, ...]:
        rows = _read(store, "run_names", {"run": said})
        return tuple(RunName(row["run"], row["name"], row["state"], row["digest"], row["format"]) for row in rows)

    version = store.version()
    return look_up() if version is None else _kept_runs.get((version, said), look_up)


def find_run(store: Reader, said: str | int | None = None) -> RunName:
    """The run of that id or name; by default the only one, or the newest that is ready.

    Raises NotFound with the nearest names, SummitError where several runs have the name or the store holds none, and
    OtherFormat where the run lies there in another format than this version's.
    """
    # Imported when called: it brings Arrow, and a question asked on a terminal does not wait for that.
    from summit_graph import schema

    run = _the_run(store, said)
    if run.format != schema.FORMAT:
        raise OtherFormat(
            f"the run {run.id} is loaded in format {run.format}, and this version reads {schema.FORMAT}: load it anew "
            f"(summit-graph load RUN --replace) or remove it (summit-graph delete-run {run.id})"
        )
    return run


def _the_run(store: Reader, said: str | int | None) -> RunName:
    if said is None:
        ready = runs_of_store(store)
        if not ready:
            raise NotFound("the store holds no run that is ready: load one with `summit-graph load RUN`")
        return ready[0]
    text = str(said).strip()
    found = runs_of_store(store, text)
    exact = [run for run in found if run.id == text]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if found:
        raise SummitError(f"{text!r} could be {_listed(run.id for run in found)}: say its id")
    names = [name for run in runs_of_store(store) for name in dict.fromkeys((run.id, run.name))]
    close = nearest(text, names, CANDIDATES)
    hint = _nearest_are(close) if close else "the store holds none that is ready"
    raise NotFound(f"there is no run {text!r}: {hint}", close)


def names_of_store(store: Reader, run: RunName) -> Names:
    """The names of a loaded run. They are kept by the run's digest, which stands for the same content in any store."""

    def look_up() -> Names:
        classes = _read(store, "classes", {"run": run.id, "search": None, "sort": "number"})
        layers = _read(store, "layers", {"run": run.id})
        return Names(
            run.id,
            tuple(
                ClassName(f"{run.id}/{row['class']}", row["class"], row["name"], row["images"], row["accuracy"])
                for row in classes
            ),
            tuple(LayerName(row["layer"], row["layer_index"], row["channels"]) for row in layers),
        )

    return _kept_names.get((run.id, run.digest), look_up)


def names_of_directory(run: Run) -> Names:
    """The names of a run directory."""
    run_id = run.manifest.run
    classes = []
    for row in run.table("classes").to_pylist():
        seen = bool(row["images"]) and row["correct"] is not None
        accuracy = row["correct"] / row["images"] if seen else None
        classes.append(ClassName(f"{run_id}/{row['class']}", row["class"], row["name"], row["images"], accuracy))
    layers = tuple(LayerName(entry.name, entry.index, entry.channels) for entry in run.manifest.layers)
    return Names(run_id, tuple(sorted(classes, key=lambda entry: entry.number)), layers)


def _read(store: Reader, query: str, values: dict[str, object]) -> list[dict[str, Any]]:
    # Imported when called: queries look names up here, and names are looked up by queries.
    from summit_graph.queries.catalogue import packaged_catalogue

    text = packaged_catalogue().get(query).text(store.dialect)
    return store.read(text, values, label=query).by_name()


def _plain(name: str) -> str:
    """A name as it is compared where it is not said exactly: small letters, one space for underscores and spaces."""
    return " ".join(name.replace("_", " ").casefold().split())


def _grouped(pairs: Iterable[tuple[str, ClassName]]) -> dict[str, list[ClassName]]:
    groups: dict[str, list[ClassName]] = {}
    for name, entry in pairs:
        groups.setdefault(name, []).append(entry)
    return groups


def _nearest_are(names: Iterable[str]) -> str:
    known = list(names)
    return f"the nearest {'is' if len(known) == 1 else 'are'} {', '.join(known)}"


def _described(entry: ClassName) -> str:
    return f"{entry.name} ({entry.number})"


def _listed(words: Iterable[str]) -> str:
    all_words: Sequence[str] = list(words)
    shown = ", ".join(all_words[:CANDIDATES])
    return shown if len(all_words) <= CANDIDATES else f"{shown} and {len(all_words) - CANDIDATES} more"
