"""Running a canned query: values are checked and looked up, the store is asked, rows come back named and typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from summit_graph.errors import InvalidParameter, NotFound, QueryRefused, SummitError, WrongQueryFile
from summit_graph.kept import Kept
from summit_graph.names import Names, RunName, find_run, names_of_store, runs_of_store
from summit_graph.nearest import nearest
from summit_graph.pinned import on_last_version
from summit_graph.queries.catalogue import Query, packaged_catalogue, parameters_of
from summit_graph.queries.header import Column
from summit_graph.queries.pages import page_offset, page_token, question_digest
from summit_graph.search import SEARCHES

if TYPE_CHECKING:
    from summit_graph.store.base import Answer, Reader

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
class Question:
    """A canned query with the values that it is asked with, all of them checked and looked up."""

    query: Query
    run: str | None
    """Id of the run that is asked; None where the query is about the runs themselves."""
    bound: Mapping[str, Any]
    """The values that the text sees, defaults included."""
    digest: str
    """What a page's token is bound to: the run's content, the query's text and the values."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each column (see `header.COLUMN_TYPES`)."""
        return tuple((column.name, column.type) for column in self.query.columns)


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
    store: Reader,
    query: Query,
    values: Mapping[str, Any],
    *,
    page: str | None = None,
) -> QueryResult:
    """Runs a canned query with the values that a user gave (text or Python values; None is as if not given).

    `values` holds the query's parameters, `run` and `limit` among them. `page` is an earlier answer's `next`.
    Raises InvalidParameter, NotFound (with the nearest names), QueryTimeout, StoreUnavailable, or SummitError where the
    run lacks what the query needs.
    """
    return on_last_version(store, lambda held: answer_question(held, ask(held, query, values), page=page))


def ask(store: Reader, query: Query, values: Mapping[str, Any]) -> Question:
    """Checks the values and looks their names up, without running the query; raises as `run_query` does."""
    checked = read_values(query, values)
    run, names = choose_run(store, query, checked)
    try:
        bound = bind_values(query, checked, run, names)
    except NotFound as error:
        raise _with_other_run(error, store, query, checked, run) from None
    if run is not None:
        _check_needs(store, query, bound, run)
    digest = question_digest(run.digest if run else None, query.digest, bound)
    return Question(query, run.id if run else None, bound, digest)


def answer_question(
    store: Reader,
    question: Question,
    *,
    page: str | None = None,
    maximum_rows: int | None = None,
    timeout_ms: int | None = None,
) -> QueryResult:
    """Runs a query whose values are bound; see `run_query`. `maximum_rows` bounds a page whatever `limit` says."""
    query, bound = question.query, question.bound
    offset = page_offset(page, question.digest)
    size = page_size(question, maximum_rows)
    # One row more than the page says whether there is another page.
    rows = fetch_rows(store, query, bound, None if size is None else offset + size + 1, timeout_ms)
    shown = rows[offset:] if size is None else rows[offset : offset + size]
    truncated = offset + len(shown) < len(rows)
    return QueryResult(
        run=question.run,
        query=query.name,
        columns=question.columns,
        rows=shown,
        truncated=truncated,
        next=page_token(offset + len(shown), question.digest) if truncated else None,
        parameters=bound,
    )


def page_size(question: Question, maximum_rows: int | None = None) -> int | None:
    """How many rows an answer may have; None where nothing bounds it."""
    limits = [limit for limit in (question.bound.get("limit"), maximum_rows) if limit is not None]
    return min(limits) if limits else None


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


def choose_run(store: Reader, query: Query, checked: Mapping[str, Any]) -> tuple[RunName | None, Names | None]:
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
        if value is None and parameter.type == "classes":
            # A list may be empty: neither engine can ask whether something is in null.
            bound[parameter.name] = []
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
    error: NotFound, store: Reader, query: Query, checked: Mapping[str, Any], asked: RunName | None
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
    store: Reader, query: Query, bound: Mapping[str, Any], row_limit: int | None = None, timeout_ms: int | None = None
) -> list[Row]:
    """The first rows (all without a limit) of a query whose values are bound, as `bind_values` binds them."""
    if query.header.search is not None:

        def fetch(name: str, values: Mapping[str, Any]) -> list[Row]:
            other = packaged_catalogue().get(name)
            return _read(store, other, {**bound, **values}, None, timeout_ms).by_name()

        fetched = _read(store, query, bound, None, timeout_ms, row_limit).by_name()
        try:
            return SEARCHES[query.header.search](fetched, bound, fetch)[:row_limit]
        except KeyError as error:
            raise WrongQueryFile(
                f"{query.file}: the search {query.header.search} reads {error}, which the text does not return"
            ) from None
    answer = _read(store, query, bound, row_limit, timeout_ms)
    check_columns(query, answer.columns)
    return named_rows(answer.rows, query, bound["run"])


def fetch_packaged(
    store: Reader, name: str, run: str, bound: Mapping[str, Any] | None = None, timeout_ms: int | None = None
) -> list[Row]:
    """Every row of one of the project's own queries; what is not bound has its default, as for whoever asks it."""
    query = packaged_catalogue().get(name)
    defaults = {parameter.name: parameter.default for parameter in query.parameters}
    return fetch_rows(store, query, {**defaults, **(bound or {}), "run": run}, timeout_ms=timeout_ms)


def check_columns(query: Query, returned: tuple[str, ...]) -> None:
    """Raises SummitError unless the text returned the columns that the header names."""
    declared = tuple(column.name for column in query.columns)
    if returned != declared:
        raise WrongQueryFile(
            f"{query.file}: the text returns {', '.join(returned)} and the header says {', '.join(declared)}"
        )


def _read(
    store: Reader,
    query: Query,
    bound: Mapping[str, Any],
    row_limit: int | None,
    timeout_ms: int | None,
    limit: int | None = None,
) -> Answer:
    """What a query's text returns, as the store answers it.

    `limit` is what the text sees where it is not `row_limit`: what a search fetches is not what it answers.
    """
    text = query.text(store.dialect)
    with naming_the_file(query):
        return store.read(
            text,
            values_of_text(text, bound, limit if row_limit is None else row_limit),
            row_limit=row_limit,
            timeout_ms=timeout_ms,
            label=query.name,
        )


@contextmanager
def naming_the_file(query: Query) -> Iterator[None]:
    """A text that does not only read, or that the engine refuses, is its file's fault: the error says which."""
    try:
        yield
    except SummitError as error:
        if type(error) not in {SummitError, QueryRefused}:
            raise
        raise WrongQueryFile(f"{query.file}: {error}") from None


def values_of_text(text: str, bound: Mapping[str, Any], row_limit: int | None) -> dict[str, Any]:
    """The values that a text uses, `$limit` among them as the number of rows that are wanted."""
    used = {name: bound[name] for name in parameters_of(text)}
    if "limit" in used:
        used["limit"] = NO_LIMIT if row_limit is None else row_limit
    return used


def named_rows(rows: list[tuple[Any, ...]], query: Query, run: str | None) -> list[Row]:
    """Rows by column name; a neuron's id loses the run that it begins with.

    Raises SummitError, naming the file, where a value is not of the type that the header says.
    """
    names = [column.name for column in query.columns]
    named = [dict(zip(names, values, strict=True)) for values in rows]
    prefix = f"{run}/" if run else ""
    for column in query.columns:
        if column.type in {"neuron", "neurons"}:
            for row in named:
                if row[column.name] is not None:
                    row[column.name] = _without_run(row[column.name], prefix, query, column)
        elif column.type == "classes":
            # A set: engines collect it in an order of their own.
            for row in named:
                row[column.name] = sorted(row[column.name])
    return named


def _without_run(value: Any, prefix: str, query: Query, column: Column) -> Any:
    if column.type == "neuron" and isinstance(value, str):
        return value.removeprefix(prefix)
    if column.type == "neurons" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [neuron.removeprefix(prefix) for neuron in value]
    raise WrongQueryFile(f"{query.file}: the column {column.name} is {value!r}, which is no {column.type}")


def _check_needs(store: Reader, query: Query, bound: Mapping[str, Any], run: RunName) -> None:
    """Raises SummitError in one line where the run lacks what the query, or a value given to it, cannot do without."""
    needs = dict.fromkeys(query.header.needs, query.name)
    for parameter in query.parameters:
        if parameter.type == "share" and bound[parameter.name] is not None:
            needs.setdefault("share", parameter.name)
    if not needs:
        return
    holdings = _kept_holdings.get((run.id, run.digest), lambda: _holdings(store, run))
    for need, what in needs.items():
        if not holdings[need]:
            raise SummitError(f"{what} needs {_NEEDED[need]}, which the run {run.id} does not have")


def _holdings(store: Reader, run: RunName) -> Row:
    [row] = fetch_packaged(store, "run_contents", run.id)
    return row


_kept_holdings: Kept[Row] = Kept(32)
"""What a run holds, by its digest, which stands for the same content in any store."""
