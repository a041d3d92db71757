"""The graph from Python: connect, ask, take the rows on; a file that is dropped in becomes a call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import summit_graph
from summit_graph.errors import InvalidParameter, NotFound, StoreUnavailable, SummitError
from summit_graph.graph import Graph
from summit_graph.run import Run

SEVENTH = """\
// title: Busy neurons of a layer
// answers: Which neurons of the layer does the class activate most?
// parameter class: class, required
// parameter layer: layer, required
// parameter scope: scope = selected
// parameter least: number = 0, 0..1
// parameter limit: integer = 2, 1..10
// column neuron: neuron · share: share
MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)
WHERE n.layer = $layer AND a.share >= $least AND ($scope = 'all' OR a.selected)
RETURN n.id AS neuron, a.share AS share
ORDER BY a.share DESC, n.channel
LIMIT $limit
"""


@pytest.fixture
def graph(store_path: Path) -> Graph:
    """The embedded store, through the front door."""
    return summit_graph.connect(store_path)


def test_a_query_s_rows_are_dictionaries_tables_and_frames(graph: Graph) -> None:
    with graph:
        result = graph.query("shared_neurons", class_a="tench", class_b=4, scope="all", run="small")
    assert result.columns == ("neuron", "share_a", "share_b", "count_a", "count_b")
    assert len(result) == len(result.rows) > 3
    assert list(result) == result.rows
    assert (result.run, result.query, result.truncated, result.next) == ("small", "shared_neurons", False, None)
    table = result.to_arrow()
    assert table.to_pylist() == result.rows
    assert [str(field.type) for field in table.schema] == ["string", "double", "double", "int64", "int64"]
    frame = result.to_pandas()
    assert list(frame.columns) == list(result.columns)
    assert frame["neuron"].tolist() == [row["neuron"] for row in result.rows]


def test_an_answer_without_rows_keeps_its_columns(graph: Graph) -> None:
    with graph:
        result = graph.query("shared_neurons", class_a=9, class_b=4)
    assert result.rows == []
    assert [str(field.type) for field in result.to_arrow().schema] == ["string", "double", "double", "int64", "int64"]
    assert list(result.to_pandas().columns) == list(result.columns)


def test_an_answer_goes_on_where_it_was_cut(graph: Graph) -> None:
    with graph:
        whole = graph.query("class_edges", class_=0, scope="all")
        first = graph.query("class_edges", class_=0, scope="all", limit=5)
        then = graph.query("class_edges", class_=0, scope="all", limit=70, page=first.next)
    assert not whole.truncated
    assert first.truncated
    assert first.rows + then.rows == whole.rows[:75]


def test_a_file_that_is_dropped_in_becomes_a_call(store_path: Path, small_run: Run, tmp_path: Path) -> None:
    (tmp_path / "busy_neurons.cypher").write_text(SEVENTH)
    with summit_graph.connect(store_path, queries=tmp_path) as graph:
        assert graph.catalogue.get("busy_neurons").title == "Busy neurons of a layer"
        result = graph.query("busy_neurons", class_="tench", layer="head", scope="all")
        with pytest.raises(NotFound, match="nearest are mixed"):
            graph.query("busy_neurons", class_="tench", layer="mixed5")
        with pytest.raises(InvalidParameter, match=r"least is 2\.0: give a number from 0\.0 to 1\.0"):
            graph.query("busy_neurons", class_="tench", layer="head", least=2)
    head = [row["neuron"] for row in small_run.table("neurons").to_pylist() if row["layer_index"] == 3]
    rows = [row for row in small_run.table("activations", 0).to_pylist() if row["neuron"] in head and row["count"] > 0]
    busy = sorted((-row["count"], row["neuron"] - head[0]) for row in rows)
    assert [(row["neuron"], row["share"]) for row in result.rows] == [
        (f"head/{channel}", -count / 16) for count, channel in busy[:2]
    ]
    assert result.truncated == (len(busy) > 2)


def test_columns_other_than_the_header_s_are_refused(store_path: Path, tmp_path: Path) -> None:
    (tmp_path / "busy_neurons.cypher").write_text(SEVENTH.replace("a.share AS share", "a.share AS part"))
    with summit_graph.connect(store_path, queries=tmp_path) as graph:
        with pytest.raises(SummitError, match="the text returns neuron, part and the header says neuron, share"):
            graph.query("busy_neurons", class_=0, layer="head")


def test_a_file_that_is_wrong_is_said_in_one_line_when_it_is_asked(store_path: Path, tmp_path: Path) -> None:
    wrong = {
        "no_such_property": (SEVENTH.replace("a.share AS share", "a.shore AS share"), "shore"),
        "no_syntax": (SEVENTH.replace("ORDER BY", "ORDER IN"), "cannot stand there"),
        "no_neuron": (SEVENTH.replace("n.id AS neuron", "n.channel AS neuron"), "the column neuron is .*no neuron"),
        "no_search": (SEVENTH.replace("// column", "// search: meeting\n// column"), "search meeting reads '"),
    }
    for name, (text, _) in wrong.items():
        (tmp_path / f"{name}.cypher").write_text(text)
    with summit_graph.connect(store_path, queries=tmp_path) as graph:
        for name, (_, said) in wrong.items():
            with pytest.raises(SummitError, match=said) as refusal:
                graph.query(name, class_=0, layer="head", scope="all", run="small")
            assert "\n" not in str(refusal.value)
            assert f"{name}.cypher" in str(refusal.value)


def test_a_column_of_numbers_stays_one_where_values_are_unknown(graph: Graph) -> None:
    with graph:
        unknown = graph.query("class_neurons", class_=0, run="countless").to_pandas()
        known = graph.query("class_neurons", class_=0, run="small").to_pandas()
        classes = graph.query("classes", run="countless").to_pandas()
    assert unknown["share"].isna().all()
    types = {"count": "int64", "share": "float64", "importance": "float64", "selected": "bool", "channel": "int64"}
    for frame in (unknown, known):
        assert {name: str(frame[name].dtype) for name in types} == types
    assert classes["images"].isna().all()
    assert str(classes["images"].dtype) == "Int64"


def test_a_query_that_needs_what_a_run_lacks_says_so(store_path: Path, tmp_path: Path) -> None:
    for need in ("share", "predictions", "examples"):
        text = SEVENTH.replace("// column", f"// needs: {need}\n// column")
        (tmp_path / f"needs_{need}.cypher").write_text(text)
    with summit_graph.connect(store_path, queries=tmp_path) as graph:
        for need, said in (
            ("share", "shares (the number of images of each class)"),
            ("predictions", "predictions"),
            ("examples", "examples"),
        ):
            assert graph.query(f"needs_{need}", class_=0, layer="head", run="small").rows
            with pytest.raises(SummitError) as refusal:
                graph.query(f"needs_{need}", class_=0, layer="head", run="countless")
            assert str(refusal.value) == f"needs_{need} needs {said}, which the run countless does not have"


def test_one_s_own_cypher_has_parameters_and_a_limit(graph: Graph) -> None:
    text = "MATCH (c:Class) WHERE c.run = $run RETURN c.number AS number, c.name AS name ORDER BY c.number"
    with graph:
        result = graph.cypher(text, run="small")
        cut = graph.cypher(text, {"run": "small"}, limit_=2)
        with pytest.raises(SummitError):
            graph.cypher("CREATE (c:Class {id: 'mine'})")
        with pytest.raises(SummitError, match="two columns are called x"):
            graph.cypher("MATCH (c:Class) RETURN c.number AS x, c.name AS x")
    assert result.columns == ("number", "name")
    assert [row["number"] for row in result.rows] == [0, 1, 2, 4, 7, 9]
    assert result.to_pandas()["name"].tolist()[0] == "tench"
    assert cut.rows == result.rows[:2]
    assert (cut.truncated, result.truncated) == (True, False)


def test_a_cell_shows_rows_and_no_one_s_html(graph: Graph) -> None:
    with graph:
        shown = graph.query("classes", run="small")._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown
    assert shown.count("<tr>") == 7


def test_a_store_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="summit-graph load RUN"):
        summit_graph.connect(tmp_path / "missing.lbug")


def test_the_package_is_imported_without_engines_or_arrow() -> None:
    heavy = "{'pyarrow', 'ladybug', 'neo4j', 'pandas', 'torch', 'py2neo'}"
    program = f"import sys, summit_graph.queries; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
