"""The graph from Python: `graph = summit_graph.connect(url)`, then a canned query or one's own, rows as a DataFrame."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from summit_graph.drawing import DrawnGraph
from summit_graph.errors import SummitError
from summit_graph.queries import Catalogue, class_graph, load_catalogue, run_query
from summit_graph.queries.ad_hoc import stream_ad_hoc
from summit_graph.queries.formats import arrow_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from summit_graph.store.base import Store

PANDAS_TYPES = {
    "class": ("int64", "Int64"),
    "integer": ("int64", "Int64"),
    "count": ("int64", "Int64"),
    "number": ("float64", "float64"),
    "share": ("float64", "float64"),
    "boolean": ("bool", "boolean"),
}
"""A column's type in a DataFrame where all its values are known, and where some are not: numbers stay numbers."""
ROWS_SHOWN = 20
"""Rows of a result that a notebook's cell shows."""


@dataclass(frozen=True)
class Result:
    """What a query answered."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    types: tuple[str, ...] = field(repr=False)
    """The type of each column, as its query's header names it; `any` for one's own query."""
    run: str | None = None
    query: str | None = None
    truncated: bool = False
    """Whether there are rows after these."""
    next: str | None = None
    """Where there are: the `page` to give for them."""

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return arrow_table(tuple(zip(self.columns, self.types, strict=True)), self.rows)

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame; raises SummitError where pandas is not installed."""
        try:
            import pandas as pd
        except ImportError:
            raise SummitError("pandas is not installed: pip install 'summit-graph[notebook]'") from None
        frame = pd.DataFrame([list(row.values()) for row in self.rows], columns=list(self.columns))
        unknown = {name: bool(frame[name].isna().any()) for name in self.columns}
        return frame.astype(
            {
                name: PANDAS_TYPES[kind][unknown[name]]
                for name, kind in zip(self.columns, self.types, strict=True)
                if kind in PANDAS_TYPES
            }
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def _repr_html_(self) -> str:
        """The first rows as a table, for a notebook's cell."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row.values()) + "</tr>"
            for row in self.rows[:ROWS_SHOWN]
        )
        shown = f"{min(len(self.rows), ROWS_SHOWN)} of {len(self.rows)}{' and more' if self.truncated else ''} rows"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{shown}</p>"


class Graph:
    """An open store and the queries that may be asked of it. Use it in a `with` block, or close it."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self.store = store
        self.catalogue = catalogue

    def query(self, name: str, /, *, page: str | None = None, **parameters: Any) -> Result:
        """The answer of a canned query; `graph.catalogue.get(name)` says what it takes and answers.

        A parameter that is a word of Python's own is written with `_` at its end: `class_="tench"`.
        Raises NotFound and InvalidParameter with the nearest names, QueryTimeout, StoreUnavailable, or SummitError
        where the run lacks what the query needs.
        """
        values = {parameter.removesuffix("_"): value for parameter, value in parameters.items()}
        answer = run_query(self.store, self.catalogue.get(name), values, page=page)
        return Result(
            columns=tuple(column for column, _ in answer.columns),
            types=tuple(kind for _, kind in answer.columns),
            rows=answer.rows,
            run=answer.run,
            query=answer.query,
            truncated=answer.truncated,
            next=answer.next,
        )

    def cypher(
        self,
        text: str,
        /,
        parameters_: Mapping[str, Any] | None = None,
        *,
        limit_: int | None = None,
        **parameters: Any,
    ) -> Result:
        """The answer of one's own reading query, in the store's own Cypher, with its `$parameters` by name.

        `limit_` bounds the rows (by default the setting `cypher_row_limit`); `parameters_` is for names that Python
        cannot spell. Raises SummitError with the engine's first line where it refuses the text.
        """
        values = {**(parameters_ or {}), **parameters}
        with stream_ad_hoc(self.store, text, values, row_limit=limit_) as answer:
            return Result(
                columns=tuple(column for column, _ in answer.columns),
                types=tuple(kind for _, kind in answer.columns),
                rows=[row for batch in answer.batches for row in batch],
                truncated=answer.truncated,
            )

    def class_graph(self, class_: str | int, run: str | None = None) -> DrawnGraph:
        """One class's attribution graph; a notebook's cell draws it, and `to_svg()` is the drawing."""
        return DrawnGraph.of(class_graph(self.store, class_, run))

    def close(self) -> None:
        """Lets go of the store."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def connect(url: str | Path | None = None, *, queries: str | Path | None = None) -> Graph:
    """Opens the store at a path or a neo4j://, neo4j+s:// or bolt:// URL; by default that of the setting `db`.

    `queries` is a folder of further query files. Raises StoreUnavailable where no store answers there.
    """
    from summit_graph.store import open_store

    catalogue = load_catalogue(*([queries] if queries is not None else []))
    return Graph(open_store(None if url is None else str(url)), catalogue)
