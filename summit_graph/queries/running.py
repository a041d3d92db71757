"""Running a canned query: values are checked and looked up, the store is asked, rows come back named and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from summit_graph import settings
from summit_graph.errors import InvalidParameter, NotFound, SummitError
from summit_graph.names import Names, RunName, find_run, names_of_store, runs_of_store
from summit_graph.nearest import nearest
from summit_graph.queries.catalogue import Query, packaged_catalogue, parameters_of
from summit_graph.queries.pages import page_offset, page_token, question_digest
from summit_graph.search import SEARCHES

if TYPE_CHECKING:
    from summit_graph.store.base import Answer, Store

Row = dict[str, Any]
NO_LIMIT = 2**31 - 1
"""What `$limit` is where all rows are asked for."""
OTHER_RUNS = 20
"""In how many other runs a name is looked for that the asked one does not have."""
_NEEDED = {
    "share": "shares (the number of images of each class)",
    "predictions": "predictions",
    "examples": "examples",
}


@dataclass(frozen=True)
class QueryResult:
    """A query's answer, or a page of it."""

    run: str | None
    """Id of the run that was asked; None where the query is about the runs themselves."""
    query: str
    columns: tuple[tuple[str, str], ...]
    """Name and type of each column (see `header.COLUMN_TYPES`)."""
    rows: list[Row]
    truncated: bool
    """Whether there are rows after these."""
    next: str | None
    """The token of the page after this one."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The values the query was run with, defaults included, names looked up."""


def run_query(
    store: Store,
    query: Query,
    values: Mapping[str, Any],
    *,
    page: str | None = None,
    maximum_rows: int | None = None,
    timeout_ms: int | None = None,
) -> QueryResult:
    """Runs a canned query with the values that a user gave (text or Python values; None is as if not given).

    `values` holds the query's parameters, `run` and `limit` among them. `page` is an earlier answer's `next`.
    `maximum_rows` bounds a page whatever `limit` says. Raises InvalidParameter, NotFound (with the nearest names),
    QueryTimeout, StoreUnavailable, or SummitError where the run lacks what the query needs.
    """
    checked = read_values(query, values)
    run, names = choose_run(store, query, checked)
    try:
        bound = bind_values(query, checked, run, names)
    except NotFound as error:
        raise _with_other_run(error, store, query, checked, run) from None
    if run is not None:
        _check_needs(store, query, run)
    question = question_digest(run.digest if run else None, query.digest, bound)
    offset = page_offset(page, question)
    limits = [limit for limit in (bound.get("limit"), maximum_rows) if limit is not None]
    size = min(limits) if limits else None
    # One row more than the page says whether there is another page.
    rows = fetch_rows(store, query, bound, None if size is None else offset + size + 1, timeout_ms)
    shown = rows[offset:] if size is None else rows[offset : offset + size]
    truncated = offset + len(shown) < len(rows)
    return QueryResult(
        run=run.id if run else None,
        query=query.name,
        columns=tuple((column.name, column.type) for column in query.columns),
        rows=shown,
        truncated=truncated,
        next=page_token(offset + len(shown), question) if truncated else None,
        parameters=bound,
    )


def read_values(query: Query, values: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of the query with its checked value; raises InvalidParameter."""
    names = [parameter.name for parameter in query.parameters]
    for name in values:
        if name not in names:
            raise InvalidParameter(
                f"{query.name} has no parameter {name!r}: did you mean {nearest(name, names)[0]}? "
                f"It takes {', '.join(names)}",
                name,
            )
    return {parameter.name: parameter.read(values.get(parameter.name)) for parameter in query.parameters}


def choose_run(store: Store, query: Query, checked: Mapping[str, Any]) -> tuple[RunName | None, Names | None]:
    """The run that is meant, and its names; None where the query is about runs and none is named."""
    if checked["run"] is None and not query.chooses_run:
        return None, None
    run = find_run(store, checked["run"])
    return run, names_of_store(store, run)


def bind_values(query: Query, checked: Mapping[str, Any], run: RunName | None, names: Names | None) -> dict[str, Any]:
    """The values that the text sees: classes and a neuron as ids in the graph, a layer as its name, a run as its id."""
    bound = dict(checked)
    bound["run"] = run.id if run else None
    for parameter in query.parameters:
        value = checked[parameter.name]
        if value is None or names is None:
            continue
        if parameter.type == "class":
            bound[parameter.name] = names.find_class(value).id
        elif parameter.type == "classes":
            bound[parameter.name] = [entry.id for entry in names.find_classes(value)]
        elif parameter.type == "layer":
            bound[parameter.name] = names.find_layer(value).name
        elif parameter.type == "neuron":
            bound[parameter.name] = names.find_neuron(value).id
    return bound


def _with_other_run(
    error: NotFound, store: Store, query: Query, checked: Mapping[str, Any], asked: RunName | None
) -> NotFound:
    """The error, with the newest other run in which everything that was named is there."""
    for other in runs_of_store(store)[:OTHER_RUNS]:
        if asked is not None and other.id != asked.id:
            try:
                bind_values(query, checked, other, names_of_store(store, other))
            except SummitError:
                continue
            return NotFound(f"{error}; the run {other.id} has it: say run {other.id}", error.nearest)
    return error


def fetch_rows(
    store: Store, query: Query, bound: Mapping[str, Any], row_limit: int | None = None, timeout_ms: int | None = None
) -> list[Row]:
    """The first rows (all without a limit) of a query whose values are bound, as `bind_values` binds them."""
    if query.header.search is not None:

        def fetch(name: str, values: Mapping[str, Any]) -> list[Row]:
            other = packaged_catalogue().get(name)
            return _rows_by_name(_read(store, other, {**bound, **values}, None, timeout_ms))

        fetched = _rows_by_name(_read(store, query, bound, None, timeout_ms))
        return SEARCHES[query.header.search](fetched, bound, fetch)[:row_limit]
    answer = _read(store, query, bound, row_limit, timeout_ms)
    declared = tuple(column.name for column in query.columns)
    if answer.columns != declared:
        raise SummitError(
            f"{query.file}: the text returns {', '.join(answer.columns)} and the header says {', '.join(declared)}"
        )
    return _named_rows(answer, query, bound["run"])


def _read(
    store: Store, query: Query, bound: Mapping[str, Any], row_limit: int | None, timeout_ms: int | None
) -> Answer:
    """What a query's text returns, as the store answers it."""
    text = query.text(store.dialect)
    used = {name: bound[name] for name in parameters_of(text)}
    if "limit" in used:
        used["limit"] = NO_LIMIT if row_limit is None else row_limit
    return store.read(
        text,
        used,
        row_limit=row_limit,
        timeout_ms=settings.number("query_timeout_ms") if timeout_ms is None else timeout_ms,
        label=query.name,
    )


def _rows_by_name(answer: Answer) -> list[Row]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _named_rows(answer: Answer, query: Query, run: str | None) -> list[Row]:
    """Rows by column name; a neuron's id loses the run that it begins with."""
    names = answer.columns
    neurons = [index for index, column in enumerate(query.columns) if column.type == "neuron"]
    lists = [index for index, column in enumerate(query.columns) if column.type == "neurons"]
    if run is None or not (neurons or lists):
        return _rows_by_name(answer)
    prefix = f"{run}/"
    rows = []
    for values in answer.rows:
        row = dict(zip(names, values, strict=True))
        for index in neurons:
            if values[index] is not None:
                row[names[index]] = values[index].removeprefix(prefix)
        for index in lists:
            if values[index] is not None:
                row[names[index]] = [neuron.removeprefix(prefix) for neuron in values[index]]
        rows.append(row)
    return rows


def _check_needs(store: Store, query: Query, run: RunName) -> None:
    """Raises SummitError in one line where the run has not what the query cannot do without."""
    if not query.header.needs:
        return
    holdings = fetch_rows(store, packaged_catalogue().get("run_contents"), {"run": run.id})[0]
    for need in query.header.needs:
        if not holdings[need]:
            raise SummitError(f"{query.name} needs {_NEEDED[need]}, which the run {run.id} does not have")
