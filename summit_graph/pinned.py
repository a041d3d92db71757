"""A store held to one version, so that names need not be looked up again before every read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from summit_graph.errors import QueryTimeout, StoreChanged, StoreUnavailable, SummitError

if TYPE_CHECKING:
    from summit_graph.store.base import Answer, Reader, Stream

CHANGED = "the runs in the graph store changed while it was asked: ask again"
MOST_CHANGES = 4
"""How often the runs may change meanwhile: the beginning of a load does it twice, and its end."""
_Result = TypeVar("_Result")


class PinnedStore:
    """A store whose reads raise StoreChanged where it has another version by now; a stream begins at that version."""

    def __init__(self, store: Reader, version: Hashable) -> None:
        self.dialect = store.dialect
        self._store = store
        self._version = version

    def version(self) -> Hashable:
        """The one that it is held to."""
        return self._version

    def last_version(self) -> None:
        """None: it is held to a version already."""

    def read(self, text: str, parameters: Mapping[str, Any], **options: Any) -> Answer:
        """See Reader.read, whose `options` they are."""
        return self._store.read(text, parameters, **{"version": self._version, **options})

    @contextmanager
    def stream(self, text: str, parameters: Mapping[str, Any], **options: Any) -> Iterator[Stream]:
        """See Reader.stream, whose `options` they are."""
        if self._store.version() != self._version:
            raise StoreChanged(CHANGED)
        with self._store.stream(text, parameters, **options) as found:
            yield found


def on_last_version(store: Reader, work: Callable[[Reader], _Result]) -> _Result:
    """What `work` finds in the store at the version that was seen last; where that is over, at the one there is now.

    So what was looked up before (which run is meant, its classes) is used without asking the server whether it still
    holds: the read that follows says so. `work` is done again where it was over, or where it found something missing
    or wrong that may be there by now.
    """
    version = store.last_version()
    if version is None:
        return work(store)
    for _ in range(MOST_CHANGES):
        try:
            return work(PinnedStore(store, version))
        except SummitError as error:
            if type(error) in {StoreUnavailable, QueryTimeout}:
                raise
            now = store.version()
            if now == version:
                raise
            version = now
    return work(PinnedStore(store, version))
