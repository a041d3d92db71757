"""What the installed command says when it cannot do what it was asked: one line, and an exit code of its kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from contextlib import closing

    from summit_graph.run import Run
    from summit_graph.store import open_store
    from tests.runs import make_run

    folder = tmp_path_factory.mktemp("errors")
    make_run(folder / "run")
    with closing(open_store(str(folder / "errors.lbug"), must_exist=False)) as store:
        store.load(Run.open(folder / "run"))
    return folder / "errors.lbug"


def run(*words: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "summit_graph", *words]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nosuch",), 2, "No such command 'nosuch'"),
        (("runs", "--format", "csv"), 2, "'csv' is not one of"),
        (("load",), 2, "Missing argument"),
        (("query", "layers", "--limit"), 2, "--limit has no value"),
        (("runs", "--db", "neo4j://"), 1, "give a host and a port"),
        (("runs", "--db", "bolt://127.0.0.1:99999"), 1, "give a host and a port"),
        (("runs", "--db", "bolt://127.0.0.1:1"), 1, "does not answer: start it"),
        (("query", "layers", "--limit", "many"), 2, "a whole number from 1 to"),
        (("ingest", "resnet18", ".", "--out", "run", "--damping", "1"), 2, "give a number above 0 and below 1"),
        (("ingest", "resnet18", ".", "--out", "run", "--attribution-mass", "0.0751"), 2, "in whole thousandths"),
        (("ingest", "resnet18", ".", "--out", "run", "--mean", "0.5"), 2, "--mean and --std go together"),
    ],
)
def test_an_error_is_one_line_and_its_code_tells_usage_from_failure(
    database: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    place = () if "--db" in words or words[0] != "query" else ("--db", str(database))
    done = run(words[0], *words[1:2], *place, *words[2:])
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.startswith("summit-graph: ")
    assert done.stderr.count("\n") == 1


def test_the_bare_command_shows_its_help() -> None:
    done = run()
    assert done.returncode == 2
    assert "Commands:\n" in done.stdout + done.stderr


def test_output_that_cannot_be_written_is_one_line(database: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    with full.open("w") as sink:
        done = run("query", "classes", "--db", str(database), "--format", "csv", stdout=sink.fileno())
    assert (done.returncode, done.stderr) == (1, "summit-graph: No space left on device\n")


def test_a_path_in_parquet_is_refused_in_one_line(database: Path) -> None:
    text = "MATCH p = (c:Class)-[:HAS_VERTEX]->(v:Vertex) RETURN p LIMIT 1"
    done = run("cypher", text, "--db", str(database), "--format", "parquet")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("summit-graph: a column holds values that Parquet cannot")
    assert done.stderr.count("\n") == 1
