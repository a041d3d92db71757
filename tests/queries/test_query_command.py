"""`summit-graph query`, `queries` and `cypher` as typed: rows on stdout, the rest on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import summit_graph
from summit_graph.cli import main
from tests.queries.test_graph import SEVENTH

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, store_path: Path) -> Call:
    """Runs the command on the store: the exit code, stdout (Latin-1, so that bytes pass) and stderr."""
    monkeypatch.setenv("SUMMIT_DB", str(store_path))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["summit-graph", *map(str, words)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert isinstance(code, int)
        return code, out.decode("latin-1"), err.decode()

    return run


@pytest.fixture
def rows(store_path: Path) -> list[dict[str, object]]:
    """What `shared_neurons` answers from Python."""
    with summit_graph.connect(store_path) as graph:
        return graph.query("shared_neurons", class_a="tench", class_b=4, scope="all").rows


RUNAWAY = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS s"
ASKED = ("query", "shared_neurons", "--class-a", "tench", "--class_b=4", "--scope", "all")


def test_the_formats_say_the_same(call: Call, rows: list[dict[str, object]]) -> None:
    code, out, err = call(*ASKED, "--format", "json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer["rows"] == rows
    assert {name: answer[name] for name in ("run", "query", "truncated", "next")} == {
        "run": "small",
        "query": "shared_neurons",
        "truncated": False,
        "next": None,
    }
    assert answer["columns"][0] == {"name": "neuron", "type": "neuron"}
    assert [json.loads(line) for line in call(*ASKED, "--format", "jsonl")[1].splitlines()] == rows
    read = list(csv.DictReader(io.StringIO(call(*ASKED, "--format", "csv")[1])))
    assert [row["neuron"] for row in read] == [row["neuron"] for row in rows]
    written = call(*ASKED, "--format", "parquet")[1].encode("latin-1")
    assert pq.read_table(io.BytesIO(written)).to_pylist() == rows
    code, out, err = call(*ASKED)
    assert len(out.splitlines()) == 2 + len(rows)
    assert (code, err) == (0, f"{len(rows)} rows of run small\n")


def test_a_page_goes_on_where_the_last_one_ended(call: Call, rows: list[dict[str, object]]) -> None:
    _, first, said = call(*ASKED, "--limit", 2, "--format", "jsonl")
    token = said.split("--page ")[1].strip()
    _, second, _ = call(*ASKED, "--limit", 3, "--page", token, "--format", "jsonl")
    assert [json.loads(line) for line in (first + second).splitlines()] == rows[:5]


def test_a_query_says_what_it_takes(call: Call) -> None:
    code, out, err = call("query", "shared_neurons", "--help")
    assert (code, err) == (0, "")
    assert "Usage: summit-graph query shared_neurons --class-a CLASS --class-b CLASS [OPTIONS]" in out
    for option in ("--class-a", "--layer", "--scope", "--limit", "--run", "--page", "--db", "--format"):
        assert f"\n  {option} " in out
    assert "(default selected)" in out
    assert "Example: summit-graph query shared_neurons --class-a 294 --class-b 295" in out
    assert call("queries", "shared_neurons")[1] == out


def test_the_catalogue_is_listed(call: Call) -> None:
    code, out, _ = call("queries")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == sorted(line.split()[0] for line in out.splitlines())
    assert "shared_neurons" in out
    code, out, _ = call("query", "--help")
    assert code == 0
    assert "shared_neurons" in out
    assert "--format" in out


def test_a_file_that_is_dropped_in_becomes_a_command(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "busy_neurons.cypher").write_text(SEVENTH)
    asked = ("query", "busy_neurons", "--class", "tench", "--layer", "head", "--scope", "all", "--format", "jsonl")
    code, out, _ = call(*asked, "--queries", tmp_path)
    assert (code, len(out.splitlines())) == (0, 2)
    listed = [line.split(maxsplit=1) for line in call("queries", "--queries", tmp_path)[1].splitlines()]
    assert ["busy_neurons", "Busy neurons of a layer"] in listed
    assert "--least" in call("query", "busy_neurons", "--queries", tmp_path, "--help")[1]
    monkeypatch.setenv("SUMMIT_QUERIES", str(tmp_path))
    assert call(*asked)[1] == out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("query", "shard_neurons"), 1, "there is no query 'shard_neurons': did you mean shared_neurons"),
        (("query", "layers", "--run", "countless", "--layer", "x"), 2, "has no parameter 'layer': did you mean"),
        (("query", "nosuch"), 1, "there is no query 'nosuch': did you mean"),
        (("query", "class_edges", "--class", "b", "--run", "small"), 1, "the nearest are brown bear (4), O'Brien"),
        (("query", "shared_neurons", "--class-a", "tnch", "--class-b", 4), 1, "the nearest is tench (0)"),
        (("query", "shared_neurons", "--class-a", "crane", "--class-b", 4), 1, "small/1 (crane), small/2 (crane)"),
        (("query", "shared_neurons", "--class-a", 0), 2, "class_b is missing: give a class"),
        (("query", "shared_neurons", "--clas-a", 0), 2, "has no parameter 'clas_a': did you mean class_a?"),
        (("query", "neuron_classes", "--neuron", "hed/0"), 1, "small has no layer 'hed': the nearest is head"),
        (
            ("query", "neuron_classes", "--neuron", "head/9"),
            1,
            "head has no channel 9: its 5 channels are head/0 to head/4",
        ),
        (("query", "layers", "--run", "smal"), 1, "there is no run 'smal': the nearest is small"),
        (("query", "class_edges", "--class", 0, "--limit", "0"), 2, "limit is 0: give a number from 1"),
        (("query", "class_edges", "--class", 0, "--page", "x"), 2, "page is no token of this query"),
        (("query", "layers", "--db", "missing.lbug"), 1, "there is no graph store at missing.lbug"),
        (("query", "layers", "--queries", "missing"), 1, "missing is no folder of queries"),
        (("cypher", "MATCH (n:Neuron) RETURN n.unknown"), 1, "unknown"),
        (("cypher", "MATCH (c:Class) RETURN c.id AS x, c.name AS x"), 1, "two columns are called x: give one another"),
        (("cypher", RUNAWAY, "--timeout-ms", 50), 1, "stopped at its time limit"),
        (("cypher", "CREATE (c:Class {id: 'x'})"), 1, ""),
        (("query",), 2, "Usage: summit-graph query NAME"),
        (("query", "layers", "--limit"), 2, "--limit has no value"),
        (("query", "layers", "extra"), 2, "'extra' belongs to no option"),
        (("query", "layers", "--run", "small", "--run", "small"), 2, "--run is given twice"),
        (("query", "layers", "--format", "xml"), 2, "xml"),
        (("cypher",), 2, "TEXT"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(call: Call, words: tuple[object, ...], code: int, said: str) -> None:
    found, out, err = call(*words)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    if code == 1:
        assert err.startswith("summit-graph: ")
        assert err.count("\n") == 1


def test_one_s_own_cypher_is_answered_in_every_format(call: Call) -> None:
    text = "MATCH (c:Class) WHERE c.run = 'small' RETURN c.number AS number, c.name AS name ORDER BY c.number"
    code, out, _ = call("cypher", text)
    assert code == 0
    assert out.splitlines()[2].split() == ["0", "tench"]
    answer = json.loads(call("cypher", text, "--format", "json")[1])
    assert answer["columns"] == [{"name": "number", "type": "any"}, {"name": "name", "type": "any"}]
    assert [answer[name] for name in ("run", "query", "truncated", "next")] == [None, None, False, None]
    assert [row["number"] for row in answer["rows"]] == [0, 1, 2, 4, 7, 9]
    code, out, err = call("cypher", text, "--limit", 2, "--format", "csv")
    assert out == "number,name\n0,tench\n1,crane\n"
    assert "the first 2 rows" in err
