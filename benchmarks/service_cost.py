"""What the service costs: what it adds to the engine's own call, and what is left of its speed with many clients.

A mix of what the page and programs ask, over Summit's published graphs; nothing compressed, nothing from a cache.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil  # type: ignore[import-untyped]

from benchmarks.clients import Connection, Load, at_once, http_load
from benchmarks.constant import FOLDER, kept
from benchmarks.query_cost import Bare, a_run, bare_embedded, bare_neo4j, loaded
from benchmarks.ratio import Ratio, milliseconds
from summit_graph.queries import packaged_catalogue
from summit_graph.queries.running import ask, page_size, run_query, values_of_text
from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.ladybug.literals import planned, spelled
from tests.api.serving import Serving, serving
from tests.services.missing import ToolMissing
from tests.services.neo4j_server import Neo4jServer, running_neo4j, temporary_home

SECONDS = 60.0
CLIENTS = 8
QUESTIONS = 240
MAXIMUM_ROWS = 10_000
GROWTH_MB = 48
"""How much more memory the service may have after the load than after its first tenth."""
MIX = {
    "graph": 40,
    "class_neurons": 15,
    "class_edges": 15,
    "shared_neurons": 10,
    "sharing_classes": 10,
    "neuron_details": 10,
}
"""Of a hundred questions."""
BEHIND_GRAPH = ("class_neurons", "class_edges", "class_layers")


@dataclass(frozen=True)
class Asked:
    """A question as it goes over HTTP, and the engine's own calls that it needs: texts with their values."""

    path: str
    calls: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def kind(self) -> str:
        """What `MIX` calls it."""
        return self.path.partition("?")[0].rpartition("/")[2]

    def bare(self, send: Bare) -> None:
        """Asks the engine itself."""
        for text, values in self.calls:
            send(text, values)


def ratios(seconds: float = SECONDS) -> Iterator[Ratio]:
    """For each engine: one client beside the engine's own call; eight clients beside what bounds them."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as name:
        folder = Path(name)
        run = a_run(folder)
        yield from embedded_ratios(run, folder, seconds)
        try:
            with temporary_home() as home, running_neo4j(Path(home), heap_mb=1024, page_cache_mb=512) as server:
                yield from neo4j_ratios(run, server, folder, seconds)
        except ToolMissing as missing:
            print(f"no Neo4j to compare with: {missing}", file=sys.stderr)


def embedded_ratios(run: Run, folder: Path, seconds: float) -> Iterator[Ratio]:
    """Beside the embedded engine's own connection, and beside the same application that answers what is kept."""
    path = loaded(run, folder / "bench.lbug")
    with closing(open_store(str(path))) as store:
        questions = mix(store)
    with serving("--db", str(path)) as served:
        with bare_embedded(path) as bare:
            alone = one_client("embedded", served, questions, bare)
        yield alone
        answers = folder / "kept"
        keep(served, questions, answers)
        ours = many_clients("embedded", served, questions, seconds, folder)
    command = [sys.executable, "-m", "benchmarks.constant", str(answers)]
    with serving(command=command, environment={"SUMMIT_DB": str(path), FOLDER: str(answers)}) as constant:
        constant_ms = one_client_ms(constant, questions)
        theirs = many_clients("constant", constant, questions, seconds, folder)
    yield Ratio("embedded: one client", "the same application answering constants", alone.measured_ms, constant_ms)
    what = f"embedded: an answer of {CLIENTS} clients"
    yield Ratio(what, "the same application answering constants", ours.ms_per_answer, theirs.ms_per_answer)
    with ExitStack() as stack:
        theirs = at_once(lambda: _asking(questions, stack.enter_context(bare_embedded(path))), CLIENTS, seconds)
    yield Ratio(what, "the engine's own calls, as many threads", ours.ms_per_answer, theirs.ms_per_answer)


def neo4j_ratios(run: Run, server: Neo4jServer, folder: Path, seconds: float) -> Iterator[Ratio]:
    """Beside Neo4j's own driver, alone and with as many threads."""
    os.environ.update(server.environment)
    with closing(open_store(server.url)) as store:
        store.load(run)
        questions = mix(store)
    with serving("--db", server.url) as served, bare_neo4j(server) as bare:
        yield one_client("neo4j", served, questions, bare)
        ours = many_clients("neo4j", served, questions, seconds, folder)
        theirs = at_once(lambda: _asking(questions, bare), CLIENTS, seconds)
    yield Ratio(f"neo4j: p95 of {CLIENTS} clients", "its own driver, as many threads", ours.p95_ms, theirs.p95_ms)


def one_client_ms(served: Serving, questions: Sequence[Asked]) -> float:
    """The median of one client's answers."""
    connection = Connection(served.address)
    for question in questions[:20]:
        connection.get(question.path)
    times_ms = [milliseconds(partial(connection.get, question.path)) for question in questions]
    connection.close()
    return statistics.median(times_ms)


def one_client(engine: str, served: Serving, questions: Sequence[Asked], bare: Bare) -> Ratio:
    """Each question over HTTP and all the engine's own calls that it needs, in turn; says what the service adds."""
    connection = Connection(served.address)

    def both(question: Asked) -> tuple[float, float]:
        return milliseconds(lambda: connection.get(question.path)), milliseconds(lambda: question.bare(bare))

    for question in questions[:20]:
        both(question)
    pairs = [both(question) for question in questions]
    connection.close()
    for kind in MIX:
        added = [
            ours - theirs for question, (ours, theirs) in zip(questions, pairs, strict=True) if question.kind == kind
        ]
        print(f"  {engine}: {kind}, +{statistics.median(added):.1f} ms each", file=sys.stderr)
    added_ms = statistics.median(ours - theirs for ours, theirs in pairs)
    ours_ms, theirs_ms = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Ratio(f"{engine}: one client, +{added_ms:.1f} ms each", f"{engine}: its own calls", ours_ms, theirs_ms)


def _asking(questions: Sequence[Asked], bare: Bare) -> Callable[[int], bool]:
    def went_well(turn: int) -> bool:
        questions[turn % len(questions)].bare(bare)
        return True

    return went_well


def many_clients(what: str, served: Serving, questions: Sequence[Asked], seconds: float, folder: Path) -> Load:
    """Eight clients; fails where one was answered anything but 200, or the service's memory grew."""
    paths = [question.path for question in questions]
    http_load(served.address, paths, CLIENTS, seconds / 10, folder)
    before_mb = resident_mb(served)
    load = http_load(served.address, paths, CLIENTS, seconds, folder)
    after_mb = resident_mb(served)
    told = f"{len(load.times_ms) / load.seconds:,.0f} answers/s, p95 {load.p95_ms:.1f} ms"
    print(f"  {what}: {told}, {load.errors} errors, {before_mb:.0f} MB, then {after_mb:.0f} MB", file=sys.stderr)
    if load.errors or after_mb > before_mb + GROWTH_MB:
        raise AssertionError(f"{what}: {load.errors} errors, {before_mb:.0f} MB became {after_mb:.0f} MB")
    return load


def resident_mb(served: Serving) -> float:
    """The service's memory."""
    return float(psutil.Process(served.process.pid).memory_info().rss) / 2**20


def keep(served: Serving, questions: Sequence[Asked], folder: Path) -> None:
    """Writes down what the service answers, for the constant one."""
    folder.mkdir()
    connection = Connection(served.address)
    for question in questions:
        kept(folder, question.path).write_bytes(connection.answer(question.path)[1])
    connection.close()


def mix(store: Store) -> list[Asked]:
    """The questions, in a made-up order that is the same every time."""
    chance = random.Random(5)
    catalogue = packaged_catalogue()
    numbers = [row["class"] for row in run_query(store, catalogue.get("classes"), {}).rows]
    kinds = [kind for kind, share in MIX.items() for _ in range(share * QUESTIONS // 100)]
    chance.shuffle(kinds)
    asked = []
    for kind in kinds:
        first, second = chance.sample(numbers, 2)
        values: dict[str, Any] = {"class": first}
        if kind == "shared_neurons":
            values = {"class_a": first, "class_b": second}
        if kind == "neuron_details":
            rows = run_query(store, catalogue.get("class_neurons"), {"class": first}).rows
            values = {"neuron": chance.choice(rows)["neuron"]}
        asked.append(question(store, kind, values))
    return asked


def question(store: Store, kind: str, values: Mapping[str, Any]) -> Asked:
    """A question with what the engine is asked for it."""
    route = "graph" if kind == "graph" else f"queries/{kind}"
    return Asked(
        f"api/v1/{route}?{urlencode(values)}",
        tuple(_call(store, name, values) for name in (BEHIND_GRAPH if kind == "graph" else (kind,))),
    )


def _call(store: Store, name: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What the store sends the engine."""
    query = packaged_catalogue().get(name)
    bound = ask(store, query, values)
    size = page_size(bound, MAXIMUM_ROWS)
    text = query.text(store.dialect)
    # We ask for one row more than the page, to know whether there is another.
    sent = values_of_text(text, bound.bound, None if size is None else size + 1)
    return spelled(*planned(text, sent)) if store.dialect == "ladybug" else (text, sent)
