"""One's own queries: hostile ones change, read and reach nothing; legitimate ones pass whatever words they hold."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import neo4j
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from summit_graph.errors import SummitError
from summit_graph.run import Run
from summit_graph.store import open_store
from summit_graph.store.ladybug.cells import Cells
from tests.api.clients import client_of
from tests.api.hostile import ANYWHERE, EMBEDDED, LEGITIMATE, NEO4J, variants
from tests.api.problem import problem_of
from tests.api.serving import PROJECT
from tests.services.evidence import Section
from tests.services.neo4j_server import Neo4jServer

ADDRESS = "/api/v1/cypher"
SECRET = "nobody-may-read-this"
GOOD = {"query": "MATCH (n:Run) RETURN n.id AS id"}


@dataclass
class Ground:
    """A place where hostile texts are let loose, and what shows that they did nothing."""

    folder: Path
    client: TestClient
    watched: Callable[[], Any]
    """What must stay as it is: files, contents, settings."""
    calls: list[Any] = field(default_factory=list)
    port: int = 0

    def filled(self, text: str) -> str:
        return text.format(port=self.port, folder=self.folder / "target", secret=self.folder / "secret.txt")


@contextlib.contextmanager
def listening(calls: list[Any]) -> Iterator[int]:
    """A listener on a free port, which notes who calls."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, address = listener.accept()
                    calls.append(address)
                    connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def tree_digest(*folders: Path) -> str:
    """Names and contents of all files below some folders."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        digest.update(f"{path} {path.is_file()}".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepared(folder: Path) -> Path:
    (folder / "target").mkdir()
    (folder / "secret.txt").write_text(f"{SECRET}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def embedded(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """An embedded store in a folder that is watched."""
    folder = prepared(tmp_path_factory.mktemp("hostile"))
    path = folder / "small.lbug"
    path.write_bytes(store_path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUMMIT_ALLOW_CYPHER", "1")
        extensions = Path.home() / ".lbdb"
        with client_of(create_app(str(path))) as client:
            ground = Ground(folder, client, lambda: tree_digest(folder, extensions))
            with listening(ground.calls) as ground.port:
                yield ground


@pytest.fixture(scope="module")
def on_server(neo4j_empty: Neo4jServer, small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A Neo4j server whose contents, settings, users and import folder are watched."""
    folder = prepared(tmp_path_factory.mktemp("hostile"))
    imports = neo4j_empty.home / "import"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**neo4j_empty.environment, "SUMMIT_ALLOW_CYPHER": "1"}.items():
            patch.setenv(name, value)
        store = open_store(neo4j_empty.url)
        store.load(small_run)
        store.close()
        driver = neo4j.GraphDatabase.driver(neo4j_empty.url, auth=(neo4j_empty.user, neo4j_empty.password))

        def watched() -> Any:
            asked = (
                "MATCH (n) RETURN labels(n) AS label, properties(n) AS kept, count(*) AS nodes ORDER BY n.id, label",
                "MATCH ()-[r]->() RETURN type(r) AS type, count(*) AS relationships ORDER BY type",
                "SHOW SETTINGS YIELD name, value RETURN name, value ORDER BY name",
                "SHOW INDEXES YIELD name RETURN name ORDER BY name",
                "SHOW USERS YIELD user RETURN user",
                "SHOW DATABASES YIELD name, access, currentStatus RETURN name, access, currentStatus ORDER BY name",
            )
            told = [driver.execute_query(text.replace(" ORDER BY n.id, label", "")).records for text in asked]
            return tree_digest(folder, imports), [sorted(map(repr, records)) for records in told]

        with driver, client_of(create_app(neo4j_empty.url)) as client:
            ground = Ground(folder, client, watched)
            with listening(ground.calls) as ground.port:
                yield ground


def let_loose(ground: Ground, texts: tuple[str, ...]) -> int:
    """Sends every text in every dress; how many were sent."""
    before, sent = ground.watched(), 0
    for text in texts:
        for index, dressed in enumerate(variants(ground.filled(text))):
            response = ground.client.post(
                ADDRESS, json={"query": dressed, "parameters": {"x": "x", "url": "file:///x"}}
            )
            sent += 1
            assert SECRET not in response.text
            assert str(ground.folder) not in response.text or str(ground.folder) in dressed
            # A word in back-ticks is a name: such a text may be a harmless question.
            assert response.status_code in {400, 422} or (index == 5 and response.status_code == 200), dressed
            if response.status_code != 200:
                problem_of(response, response.status_code)
    assert ground.client.post(ADDRESS, json=GOOD).json()["rows"] == [{"id": "small"}]
    assert ground.client.get("/api/v1/graph?class=4").status_code == 200
    assert ground.calls == []
    assert ground.watched() == before
    return sent


@pytest.mark.measured
def test_hostile_texts_do_nothing_on_the_embedded_engine(embedded: Ground, evidence: Section) -> None:
    texts = (*ANYWHERE, *EMBEDDED)
    assert len(texts) >= 80
    sent = let_loose(embedded, texts)
    evidence.record(
        "Hostile queries", "embedded: statements, texts sent, that did anything", f"{len(texts)}, {sent}, 0"
    )


@pytest.mark.measured
def test_hostile_texts_do_nothing_on_neo4j(on_server: Ground, evidence: Section) -> None:
    texts = (*ANYWHERE, *NEO4J)
    assert len(texts) >= 80
    sent = let_loose(on_server, texts)
    evidence.record("Hostile queries", "Neo4j: statements, texts sent, that did anything", f"{len(texts)}, {sent}, 0")


@pytest.mark.measured
def test_legitimate_texts_with_such_words_pass_on_neo4j(on_server: Ground, evidence: Section) -> None:
    assert len(LEGITIMATE) >= 40
    for text in LEGITIMATE:
        response = on_server.client.post(ADDRESS, json={"query": text})
        assert response.status_code == 200, (text, response.text)
    evidence.record("Hostile queries", "Neo4j: legitimate statements with such words, refused", f"{len(LEGITIMATE)}, 0")


@pytest.mark.long
def test_legitimate_texts_with_such_words_pass_on_the_embedded_engine(embedded: Ground, evidence: Section) -> None:
    answers = {text: embedded.client.post(ADDRESS, json={"query": text}) for text in LEGITIMATE}
    assert {text: answer.text for text, answer in answers.items() if answer.status_code != 200} == {}
    told = f"{len(LEGITIMATE)}, 0"
    evidence.record("Hostile queries", "embedded: legitimate statements with such words, refused", told)


def test_the_engine_takes_legitimate_texts_once_they_are_judged(store_path: Path) -> None:
    store = open_store(str(store_path))
    try:
        assert [text for text in LEGITIMATE if not store.read(text, {}).columns] == []
    finally:
        store.close()


@pytest.mark.long
def test_the_process_itself_is_a_wall(embedded: Ground, store_path: Path, evidence: Section) -> None:
    """As if the judge of texts had let all of them through."""
    before = embedded.watched()
    cells = Cells(embedded.folder / "small.lbug")
    cells.start()
    answered = 0
    try:
        for text in (*ANYWHERE, *EMBEDDED):
            with contextlib.suppress(SummitError):
                answer = cells.read(embedded.filled(text), {}, 100, 3_000)
                assert SECRET not in str(answer.rows)
                answered += 1
        assert cells.read(GOOD["query"], {}, 10, 3_000).rows == [("small",)]
    finally:
        cells.close()
    assert embedded.calls == []
    assert embedded.watched() == before
    evidence.record(
        "Hostile queries",
        "embedded, unjudged, in the confined process: statements, answered, that wrote, read or reached anything",
        f"{len((*ANYWHERE, *EMBEDDED))}, {answered}, 0",
    )


def test_a_confined_process_may_neither_open_nor_start_nor_reach(embedded: Ground) -> None:
    program = (
        "import os, socket, subprocess, sys, threading\n"
        "from summit_graph.store.ladybug.seccomp import confine\n"
        "held = os.open(sys.argv[1], os.O_WRONLY)\n"
        "confine()\n"
        "def tried(name, call):\n"
        "    try:\n"
        "        call()\n"
        "    except OSError as error:\n"
        "        print(name, error.errno)\n"
        "    else:\n"
        "        print(name, 'went through')\n"
        "tried('read', lambda: os.open(sys.argv[1], os.O_RDONLY))\n"
        "tried('write', lambda: os.open(sys.argv[1] + '.new', os.O_WRONLY | os.O_CREAT))\n"
        "tried('held', lambda: os.write(held, b'x'))\n"
        "tried('remove', lambda: os.unlink(sys.argv[1]))\n"
        "tried('rename', lambda: os.rename(sys.argv[1], sys.argv[1] + '.old'))\n"
        "tried('folder', lambda: os.mkdir(sys.argv[1] + '.folder'))\n"
        "tried('truncate', lambda: os.ftruncate(held, 0))\n"
        "tried('mode', lambda: os.chmod(sys.argv[1], 0o777))\n"
        "tried('link', lambda: os.symlink(sys.argv[1], sys.argv[1] + '.link'))\n"
        "tried('fork', os.fork)\n"
        "tried('program', lambda: os.execv('/bin/true', ['true']))\n"
        "tried('socket', socket.socket)\n"
        "tried('kill', lambda: os.kill(os.getppid(), 0))\n"
        "thread = threading.Thread(target=lambda: tried('thread', lambda: os.open(sys.argv[1], os.O_RDONLY)))\n"
        "thread.start(); thread.join()\n"
    )
    before = embedded.watched()
    secret = str(embedded.folder / "secret.txt")
    done = subprocess.run(
        [sys.executable, "-c", program, secret], capture_output=True, text=True, check=True, cwd=PROJECT, timeout=60
    )
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert len(told) == 14
    assert set(told.values()) == {"1"}, told
    assert embedded.watched() == before


def test_a_runaway_is_killed_at_its_limit(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_ALLOW_CYPHER", "1")
    monkeypatch.setenv("SUMMIT_QUERY_TIMEOUT_MS", "5000")
    vertices = ", ".join(f"({name}:Vertex)" for name in "abcdefg")
    counts = " + ".join(f"{name}.count" for name in "abcdefg")
    runaway = {"query": f"MATCH {vertices} WHERE {counts} > 3 RETURN count(*) AS sevens"}
    with client_of(create_app(str(store_path))) as client:
        assert client.post(ADDRESS, json=GOOD).status_code == 200
        begin = time.monotonic()
        problem_of(client.post(ADDRESS, json=runaway), 504)
        # The process is killed at once; a busy machine starts the next one late.
        assert time.monotonic() - begin < 12
        assert client.post(ADDRESS, json=GOOD).status_code == 200


def test_a_load_is_picked_up_by_the_next_query(
    store_path: Path, countless_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMIT_ALLOW_CYPHER", "1")
    path = tmp_path / "small.lbug"
    path.write_bytes(store_path.read_bytes())
    with client_of(create_app(str(path))) as client:
        assert len(client.post(ADDRESS, json=GOOD).json()["rows"]) == 1
        store = open_store(str(path))
        store.load(countless_run)
        store.close()
        assert len(client.post(ADDRESS, json=GOOD).json()["rows"]) == 2


def test_it_is_off_unless_it_is_allowed(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUMMIT_ALLOW_CYPHER", raising=False)
    with client_of(create_app(str(store_path))) as client:
        problem_of(client.post(ADDRESS, json=GOOD), 404)
        assert ADDRESS not in client.get("/openapi.json").json()["paths"]


def test_a_body_that_is_no_question_is_refused(on_server: Ground) -> None:
    json_type = {"Content-Type": "application/json"}
    client = on_server.client
    wrong = [b"", b"{", b"[]", b'"x"', b"{}", b'{"query": 1}', b'{"query": ""}', b"[" * 100_000, b"\xff\xfe"]
    wrong += [b'{"query": "RETURN 1 AS x", "y": 1}', b'{"query": "RETURN 1 AS x", "parameters": [1]}']
    for body in wrong:
        problem_of(client.post(ADDRESS, content=body, headers=json_type), 422)
    for value in ("1e999", "NaN", "9" * 26, "-" + "9" * 26, '{"a": Infinity}'):
        body = f'{{"query": "RETURN $x AS x", "parameters": {{"x": {value}}}}}'.encode()
        problem_of(client.post(ADDRESS, content=body, headers=json_type), 422)
    problem_of(client.post(ADDRESS, content=b"{}"), 415)
    problem_of(client.post(ADDRESS, content=b"{}", headers={"Content-Type": "text/plain"}), 415)
    problem_of(client.post(ADDRESS, content=b" " * 300_000, headers=json_type), 413)
    problem_of(client.get(ADDRESS), 405)
    problem_of(client.post(ADDRESS, json={"query": "RETURN 1 AS x, 2 AS x"}), 400)


def test_rows_are_cut_at_the_limit_and_values_travel(on_server: Ground) -> None:
    asked = {
        "query": "UNWIND range(1, 20000) AS x RETURN x, $y AS y, 0.0 / 0.0 AS z",
        "parameters": {"y": ["ä", None, 1.5]},
    }
    told = on_server.client.post(ADDRESS, json=asked).json()
    assert told["truncated"]
    assert len(told["rows"]) == 10_000
    assert told["rows"][0] == {"x": 1, "y": ["ä", None, 1.5], "z": None}
    assert told["columns"] == [{"name": name, "type": "any"} for name in ("x", "y", "z")]
