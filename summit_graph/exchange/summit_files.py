"""Reading the class graphs that Summit (Hohman et al., TVCG 2020) published: a file `ag-<class>.json` for each class.

A file maps each layer, the last first, to its nodes `{channel, count, layer, pagerank, prev_channels: [{prev_channel,
inf}], attr_channels}`. `prev_channels` are the edges from the layer below. `attr_channels` is not read: for three nodes
out of four it numbers the channels of a bottleneck as if they were those of the layer below.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summit_graph.errors import SummitError

_FILE_NAME = re.compile(r"ag-(0|[1-9][0-9]{0,5})\.json")
_LARGEST_COUNT = 2**31 - 1


@dataclass(frozen=True)
class Node:
    """A neuron of a class's graph."""

    channel: int
    count: int
    """Images of the class that have the channel among their top channels."""
    importance: float
    """Its PageRank in the class's whole graph."""


@dataclass(frozen=True)
class Edge:
    """An influence between a channel and one of the layer above."""

    source: int
    target: int
    count: int


@dataclass(frozen=True)
class PublishedGraph:
    """One class's graph; layers in forward order."""

    number: int
    nodes: Mapping[str, tuple[Node, ...]]
    edges: Mapping[str, tuple[Edge, ...]]
    """By the target's layer; sources are channels of the layer before it."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers' names in forward order."""
        return tuple(self.nodes)


@dataclass(frozen=True)
class PublishedGraphs:
    """All classes' graphs, ascending by class number, and the SHA-256 of the files they were read from."""

    graphs: tuple[PublishedGraph, ...]
    digest: str

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers' names in forward order, the same in every graph."""
        return self.graphs[0].layers


def read_published_graphs(path: Path) -> PublishedGraphs:
    """Reads a zip or a folder of `ag-<class>.json`; other files in it are passed over.

    Raises SummitError, naming the file, where one is damaged or holds what no graph of this kind can.
    """
    digest = hashlib.sha256()
    graphs: dict[int, PublishedGraph] = {}
    for name, content in _files(path):
        match = _FILE_NAME.fullmatch(name.rpartition("/")[2])
        assert match is not None, name
        number = int(match[1])
        if number in graphs:
            raise SummitError(f"{path} holds {match[0]} twice: leave one")
        graphs[number] = _parse(number, f"{match[0]} in {path}", content)
        digest.update(f"{match[0]} {hashlib.sha256(content).hexdigest()}\n".encode())
    if not graphs:
        raise SummitError(f"{path} holds no file ag-<class>.json: give Summit's attribution graphs, a zip or a folder")
    first, *others = (graphs[number] for number in sorted(graphs))
    for other in others:
        if other.layers != first.layers:
            raise SummitError(f"ag-{other.number}.json in {path} has other layers than ag-{first.number}.json")
    return PublishedGraphs((first, *others), digest.hexdigest())


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each class's file, in an order that a zip and a folder of the same files share."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if _FILE_NAME.fullmatch(file.name):
                try:
                    yield file.name, file.read_bytes()
                except OSError as error:
                    raise SummitError(f"{file} cannot be read: {error.strerror}") from None
        return
    if not path.exists():
        raise SummitError(f"{path} does not exist: give Summit's attribution graphs, a zip or a folder")
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist(), key=lambda name: (name.rpartition("/")[2], name)):
                if _FILE_NAME.fullmatch(name.rpartition("/")[2]):
                    try:
                        content = archive.read(name)
                    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
                        raise SummitError(f"{name} in {path} cannot be unpacked: {error}") from None
                    yield name, content
    except OSError as error:
        raise SummitError(f"{path} cannot be read: {error.strerror or error}") from None
    except zipfile.BadZipFile:
        raise SummitError(f"{path} is neither a folder nor a zip file: give Summit's attribution graphs") from None


def _parse(number: int, where: str, content: bytes) -> PublishedGraph:
    try:
        stored = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SummitError(f"{where} is damaged: {error}") from None
    if not isinstance(stored, dict) or not stored or not all(isinstance(rows, list) for rows in stored.values()):
        raise SummitError(f"{where} is no attribution graph: it must map each layer to a list of nodes")
    nodes: dict[str, tuple[Node, ...]] = {}
    edges: dict[str, tuple[Edge, ...]] = {}
    below: set[int] = set()
    for layer, rows in reversed(stored.items()):
        nodes[layer], edges[layer] = _parse_layer(f"{where}: {layer}", rows, below)
        below = {node.channel for node in nodes[layer]}
    return PublishedGraph(number, nodes, edges)


def _parse_layer(where: str, rows: list[Any], below: set[int]) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    nodes: dict[int, Node] = {}
    edges: dict[tuple[int, int], Edge] = {}
    for row in rows:
        channel = _whole_number(where, row, "channel", least=0)
        if channel in nodes:
            raise SummitError(f"{where} has the node {channel} twice")
        importance = row.get("pagerank")
        if type(importance) not in (int, float) or not math.isfinite(importance) or importance < 0:
            raise SummitError(f"{where}/{channel}: pagerank is {importance!r}, it must be a number from 0")
        nodes[channel] = Node(channel, _whole_number(f"{where}/{channel}", row, "count", least=0), float(importance))
        entries = row.get("prev_channels")
        if not isinstance(entries, list):
            raise SummitError(f"{where}/{channel}: prev_channels is {entries!r}, it must be a list")
        for entry in entries:
            source = _whole_number(f"{where}/{channel}", entry, "prev_channel", least=0)
            if source not in below:
                raise SummitError(f"{where}/{channel}: prev_channel {source} is no node of the layer below")
            if (source, channel) in edges:
                raise SummitError(f"{where}/{channel} has prev_channel {source} twice")
            # An edge of count 0 does not exist, so a file that has one is not what it says.
            count = _whole_number(f"{where}/{channel}, prev_channel {source}", entry, "inf", least=1)
            edges[source, channel] = Edge(source, channel, count)
    return tuple(nodes.values()), tuple(edges.values())


def _whole_number(where: str, row: Any, key: str, *, least: int) -> int:
    value = row.get(key) if isinstance(row, dict) else None
    if type(value) is not int or not least <= value <= _LARGEST_COUNT:
        raise SummitError(f"{where}: {key} is {value!r}, it must be a whole number from {least}")
    return value
