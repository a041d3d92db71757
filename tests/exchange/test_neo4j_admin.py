"""`export neo4j-admin`: what Neo4j's own import tool makes of the files is the run, row by row."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from summit_graph import schema
from summit_graph.cli import main
from summit_graph.errors import SummitError
from summit_graph.exchange.neo4j_admin import export_neo4j_admin
from summit_graph.run import Run
from summit_graph.store import open_store
from summit_graph.store.neo4j import Neo4jStore, content
from tests.runs import small_run
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_admin import run_admin_tool
from tests.services.neo4j_server import running_neo4j, temporary_home, write_configuration
from tests.services.ports import free_port
from tests.store.naive_rows import naive_rows
from tests.store.test_contract import assert_holds

__all__ = ["small_run"]


def test_what_neo4js_own_tool_imports_is_the_run(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows of a run"
    monkeypatch.setattr(
        "sys.argv", ["summit-graph", "export", "neo4j-admin", str(small_run.directory), "--out", str(out)]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    said = capsys.readouterr()
    assert "OVERWRITES the database neo4j" in said.err
    with temporary_home() as folder:
        home = Path(folder)
        write_configuration(home, free_port(), page_cache_mb=64)
        try:
            imported = run_admin_tool(said.out.strip(), home)
        except ToolMissing as missing:
            skip_or_fail(str(missing))
        assert imported.returncode == 0, imported.stdout + imported.stderr
        with running_neo4j(home) as server:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            with closing(open_store(server.url)) as store:
                assert isinstance(store, Neo4jStore)
                assert_holds(store, small_run)
                assert not content.has_constraints(store._server)
                lines: list[str] = []
                assert store.load(small_run, progress=lines.append).already_loaded
                assert "reading back what was written" in lines
                assert content.has_constraints(store._server)
                assert_holds(store, small_run)
                _change_one_value(store)
                with pytest.raises(SummitError, match="other values in FEEDS"):
                    store.load(small_run)
                assert content.run_ids(store._server) == []


def _change_one_value(store: Neo4jStore) -> None:
    """As a faulty import would: without constraints, so that the next load reads back."""
    text = "MATCH (:Vertex)-[f:FEEDS]->(:Vertex) WITH f LIMIT 1 SET f.count = f.count + 1"
    store._server.write(text, {}, label="mutation")
    store._server.change_schema("DROP CONSTRAINT summit_vertex_id", {}, label="schema")


def test_files_have_typed_headers_and_the_rows_of_the_definition(small_run: Run, tmp_path: Path) -> None:
    report = export_neo4j_admin(small_run, tmp_path / "out", scope="all", progress=lambda line: None)
    expected = naive_rows(small_run, "all")
    assert set(report.files) == set(schema.TABLES)
    for table, file in report.files.items():
        assert pq.ParquetFile(file).metadata.num_rows == len(expected[table]) == report.counts[table]
    assert pq.read_schema(report.files["Class"]).names[:3] == ["id:ID(Class)", "run:string", "number:long"]
    assert pq.read_schema(report.files["Class"]).names[-1] == "probabilities:long[]"
    assert pq.read_schema(report.files["FEEDS"]).names[:3] == [":START_ID(Vertex)", ":END_ID(Vertex)", "count:long"]


def test_a_folder_that_holds_something_is_left_alone(small_run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SummitError, match="empty or new"):
        export_neo4j_admin(small_run, tmp_path, progress=lambda line: None)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_a_damaged_run_leaves_no_file(small_run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_run.directory, copy)
    table = copy / "influences" / "00004.parquet"
    table.write_bytes(table.read_bytes()[:-20])
    with pytest.raises(SummitError, match=r"00004\.parquet"):
        export_neo4j_admin(Run.open(copy), tmp_path / "out", progress=lambda line: None)
    assert not (tmp_path / "out").exists()
