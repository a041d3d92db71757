"""A database URL in, a store out."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from summit_graph import settings
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.store.base import Store

NEO4J_SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")


def open_store(url: str | None = None, *, must_exist: bool = True) -> Store:
    """The store at a path (embedded) or a Neo4j URL; None means the setting `db`.

    With `must_exist` False a path may be new: a load makes the file. Raises StoreUnavailable where nothing answers
    there, the file is none of ours or Neo4j refuses the password, and SummitError for a URL of another kind.
    """
    place = url if url is not None else settings.text("db")
    # The engines are imported when a store is opened: the command and its help must not wait for them.
    if "://" in place:
        scheme = place.split("://", 1)[0].lower()
        if scheme not in NEO4J_SCHEMES:
            raise SummitError(f"--db {place}: give a path, or a URL that begins with {'://, '.join(NEO4J_SCHEMES)}://")
        _check_address(place)
        from summit_graph.store.neo4j import Neo4jStore

        return Neo4jStore(place)
    if not place:
        raise SummitError("--db is empty: give a path or a neo4j:// URL")
    path = Path(place)
    if must_exist and not path.exists():
        raise StoreUnavailable(
            f"there is no graph store at {path}: load a run first: summit-graph load RUN --db {path}"
        )
    from summit_graph.store.ladybug import LadybugStore

    return LadybugStore(path)


def _check_address(url: str) -> None:
    """Raises SummitError for a URL without a host or with a port that is none: the driver would try another one."""
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise SummitError(f"--db {url}: give a host and a port up to 65535, such as neo4j://127.0.0.1:7687")
