"""A canned query's answer as it is read: batches of rows, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from summit_graph.queries.catalogue import Query
from summit_graph.queries.pages import page_offset, page_token
from summit_graph.queries.running import (
    Question,
    Row,
    answer_question,
    ask,
    check_columns,
    named_rows,
    naming_the_file,
    page_size,
    values_of_text,
)

if TYPE_CHECKING:
    from summit_graph.store.base import Reader


@dataclass
class RowStream:
    """An answer whose rows are still to be taken; whether there are rows after them is known once they are."""

    run: str | None
    query: str | None
    """Name of the canned query; None for one's own."""
    columns: tuple[tuple[str, str], ...]
    """Name and type of each column; the type `any` for one's own query."""
    batches: Iterator[list[Row]]
    """The rows, in order; to be taken once."""
    truncated: bool = False
    next: str | None = None
    """The token of the page after this one."""
    rows: int = 0
    """How many rows were taken."""

    @property
    def head(self) -> dict[str, Any]:
        """What is known before the rows, as the answer's JSON has it."""
        columns = [{"name": column, "type": kind} for column, kind in self.columns]
        return {"run": self.run, "query": self.query, "columns": columns}

    @property
    def tail(self) -> dict[str, Any]:
        """What is known after the rows."""
        return {"truncated": self.truncated, "next": self.next}


@contextmanager
def stream_query(
    store: Reader,
    query: Query,
    values: Mapping[str, Any],
    *,
    page: str | None = None,
) -> Iterator[RowStream]:
    """Runs a canned query as `run_query` does; its rows are taken while the block lasts."""
    with stream_answer(store, ask(store, query, values), page=page) as answer:
        yield answer


@contextmanager
def stream_answer(
    store: Reader,
    question: Question,
    *,
    page: str | None = None,
    timeout_ms: int | None = None,
) -> Iterator[RowStream]:
    """The answer of a question, or a page of it, whose rows are taken while the block lasts.

    A search holds all its rows: it ranks them before the first is known. `timeout_ms` None is the setting
    `query_timeout_ms`.
    """
    query = question.query
    stream = RowStream(question.run, query.name, question.columns, iter(()))
    if query.header.search is not None:
        answer = answer_question(store, question, page=page, timeout_ms=timeout_ms)
        stream.batches, stream.rows = iter([answer.rows]), len(answer.rows)
        stream.truncated, stream.next = answer.truncated, answer.next
        yield stream
        return
    offset = page_offset(page, question.digest)
    size = page_size(question)
    text = query.text(store.dialect)
    # One row more than the page says whether there is another page.
    used = values_of_text(text, question.bound, None if size is None else offset + size + 1)
    with naming_the_file(query), store.stream(text, used, timeout_ms=timeout_ms, label=query.name) as found:
        check_columns(query, found.columns)

        def batches() -> Iterator[list[Row]]:
            for batch in cut(found.batches, offset, size, stream):
                yield named_rows(batch, query, question.run)
            if stream.truncated:
                stream.next = page_token(offset + stream.rows, question.digest)

        stream.batches = batches()
        yield stream


def cut(
    batches: Iterator[list[tuple[Any, ...]]], offset: int, size: int | None, stream: RowStream
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows from `offset` on, at most `size`; notes in the stream how many there were and whether there are more."""
    skip = offset
    for batch in batches:
        rows, skip = batch[skip:], max(skip - len(batch), 0)
        left = len(rows) if size is None else size - stream.rows
        stream.truncated = len(rows) > left
        stream.rows += min(len(rows), left)
        if rows[:left]:
            yield rows[:left]
        if stream.truncated:
            return
