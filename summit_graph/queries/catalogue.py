"""The catalogue of canned queries: every `*.cypher` file of the packaged folder and of the folders a user adds.

`NAME.cypher` is one query in Neo4j's Cypher with a header; `NAME.ladybug.cypher`, without one, stands beside it where
the embedded engine needs other text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from summit_graph import settings
from summit_graph.errors import NotFound, SummitError
from summit_graph.nearest import alternatives, nearest
from summit_graph.queries.header import Column, Header, parse_header
from summit_graph.queries.parameter import Parameter
from summit_graph.search import SEARCHES

if TYPE_CHECKING:
    from summit_graph.store.base import Dialect

SUFFIX = ".cypher"
LADYBUG_SUFFIX = ".ladybug.cypher"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`""", re.DOTALL)
_PARAMETER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Query:
    """One canned query: its header and its text in each dialect."""

    name: str
    header: Header
    texts: Mapping[Dialect, str]
    file: Path

    @property
    def title(self) -> str:
        """What it is called."""
        return self.header.title

    @property
    def answers(self) -> str:
        """The question it answers."""
        return self.header.answers

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes: its own parameters, `limit` and `run`. `page` goes beside them (see `run_query`)."""
        return self.header.parameters

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it answers, column by column."""
        return self.header.columns

    @property
    def example(self) -> Mapping[str, str]:
        """Values, as text, for which it answers something on a graph of ImageNet's classes."""
        return self.header.example

    @property
    def chooses_run(self) -> bool:
        """Whether a run is chosen where none is named; not so for a query about the runs themselves."""
        return not self.header.declares_run

    @cached_property
    def digest(self) -> str:
        """SHA-256 over its header's and both dialects' text."""
        return hashlib.sha256(repr((self.header, sorted(self.texts.items()))).encode()).hexdigest()

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name; raises NotFound with the nearest names."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = tuple(parameter.name for parameter in self.parameters)
        raise NotFound(f"{self.name} has no parameter {name!r}: it takes {', '.join(names)}", nearest(name, names))

    def text(self, dialect: Dialect) -> str:
        """The query without its header, as the engine takes it."""
        return self.texts[dialect]


class Catalogue:
    """Queries by name, in the order of their names."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self._queries = {query.name: query for query in sorted(queries, key=lambda query: query.name)}

    def __iter__(self) -> Iterator[Query]:
        return iter(self._queries.values())

    def __len__(self) -> int:
        return len(self._queries)

    def __contains__(self, name: object) -> bool:
        return name in self._queries

    @property
    def names(self) -> tuple[str, ...]:
        """The queries' names, in order."""
        return tuple(self._queries)

    def get(self, name: str) -> Query:
        """The query of that name (with _ or -); raises NotFound with the nearest names."""
        query = self._queries.get(name.replace("-", "_"))
        if query is None:
            close = nearest(name.replace("-", "_"), self.names)
            hint = f"did you mean {alternatives(close)}? `summit-graph queries` lists them all"
            raise NotFound(f"there is no query {name!r}: {hint}", close)
        return query

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all queries."""
        return hashlib.sha256("".join(query.name + query.digest for query in self).encode()).hexdigest()


def packaged_folder() -> Path:
    """Where the project's own queries lie: in the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "cypher", package.parent / "cypher"):
        if folder.is_dir():
            return folder
    raise SummitError(f"the folder of canned queries is missing beside {package}: install summit-graph again")


@lru_cache(maxsize=1)
def packaged_catalogue() -> Catalogue:
    """The project's own queries."""
    return Catalogue(read_folder(packaged_folder()))


def load_catalogue(*folders: str | Path) -> Catalogue:
    """The project's own queries with those of further folders (and of the setting `queries`).

    Raises SummitError where a folder is missing, a file is wrong, or two files have one name.
    """
    more = [Path(folder) for folder in folders]
    if settings.text("queries"):
        more.append(Path(settings.text("queries")))
    by_name = {query.name: query for query in packaged_catalogue()}
    for folder in dict.fromkeys(path.resolve() for path in more):
        for query in read_folder(folder):
            if query.name in by_name:
                raise SummitError(
                    f"{query.file} has the name of {by_name[query.name].file}: rename it, names are taken once"
                )
            by_name[query.name] = query
    return Catalogue(by_name.values())


def read_folder(folder: Path) -> list[Query]:
    """The queries of a folder; raises SummitError where there is none or a file in it is wrong."""
    if not folder.is_dir():
        raise SummitError(f"{folder} is no folder of queries")
    files = sorted(folder.glob(f"*{SUFFIX}"))
    queries = [read_query(file) for file in files if not file.name.endswith(LADYBUG_SUFFIX)]
    names = {query.name for query in queries}
    for file in files:
        stem = file.name.removesuffix(LADYBUG_SUFFIX)
        if file.name.endswith(LADYBUG_SUFFIX) and stem not in names:
            raise SummitError(f"{file} stands beside no {stem}{SUFFIX}, which holds the header")
    return queries


def read_query(file: Path) -> Query:
    """The query of a file, and its embedded twin's text; raises SummitError naming the file where it is wrong."""
    name = file.name.removesuffix(SUFFIX)
    if not _NAME.fullmatch(name):
        raise SummitError(f"{file}: a query's name is small letters, digits and _, beginning with a letter")
    text = _read(file)
    header = parse_header(text, file)
    body = "\n".join(text.splitlines()[header.lines :]).strip()
    twin = file.with_name(name + LADYBUG_SUFFIX)
    texts: dict[Dialect, str] = {"neo4j": body, "ladybug": _read(twin).strip() if twin.is_file() else body}
    declared = {parameter.name for parameter in header.parameters}
    for part in texts.values():
        if not part:
            raise SummitError(f"{file}: there is no query under the header")
        unknown = sorted(parameters_of(part) - declared)
        if unknown:
            raise SummitError(f"{file}: the text has ${unknown[0]}, which the header does not declare")
    if header.search is None:
        unused = sorted(declared - {"run", "limit"} - set().union(*map(parameters_of, texts.values())))
        if unused:
            raise SummitError(f"{file}: the header declares {unused[0]}, which the text does not use")
    elif header.search not in SEARCHES:
        raise SummitError(f"{file}: there is no search {header.search!r}: there are {', '.join(sorted(SEARCHES))}")
    return Query(name, header, texts, file)


@lru_cache(maxsize=256)
def parameters_of(text: str) -> frozenset[str]:
    """The parameters that a query's text uses: its `$names` outside strings, comments and back-ticks."""
    return frozenset(_PARAMETER.findall(_NO_CODE.sub(" ", text)))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SummitError(f"{file} cannot be read: {error}") from None
