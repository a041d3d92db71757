"""An ad hoc reading query: its text is judged by the store (`summit_graph/store/reading`), its rows are named here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from summit_graph import settings
from summit_graph.errors import SummitError
from summit_graph.queries.streaming import RowStream, cut

if TYPE_CHECKING:
    from summit_graph.queries.running import Row
    from summit_graph.store.base import Store

LABEL = "summit-graph cypher"
"""What the server's list of transactions calls one's own query."""


@contextmanager
def stream_ad_hoc(
    store: Store,
    text: str,
    parameters: Mapping[str, Any],
    *,
    row_limit: int | None = None,
    timeout_ms: int | None = None,
) -> Iterator[RowStream]:
    """Runs an ad hoc query; its first rows are taken while the block lasts.

    `row_limit` None is the setting `cypher_row_limit`, `timeout_ms` None the setting `query_timeout_ms`. Raises
    SummitError where the text does not only read, the engine refuses it, or two of its columns have one name: a row
    could hold only one of them.
    """
    size = settings.number("cypher_row_limit") if row_limit is None else row_limit
    with store.stream(text, parameters, timeout_ms=timeout_ms, label=LABEL) as found:
        twice = [name for index, name in enumerate(found.columns) if name in found.columns[:index]]
        if twice:
            raise SummitError(f"two columns are called {twice[0]}: give one another name with AS")
        stream = RowStream(None, None, tuple((name, "any") for name in found.columns), iter(()))

        def batches() -> Iterator[list[Row]]:
            for batch in cut(found.batches, 0, size, stream):
                yield [dict(zip(found.columns, row, strict=True)) for row in batch]

        stream.batches = batches()
        yield stream
