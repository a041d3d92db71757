"""The command `serve`, as a user starts and stops it, and `settings`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner

from summit_graph.cli import app
from summit_graph.settings import SETTINGS
from tests.api.serving import PROJECT, Serving, command_line, serving
from tests.api.test_openapi import STRONG_NEURONS
from tests.services.evidence import Section

FIRST_ANSWER_CPU_S = 5
"""Processor time, since a wall clock measures what else the machine does; about two seconds where it does much."""


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=30) as response:
        return json.load(response)


def refused(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """The one line of a `serve` that does not start."""
    ended = subprocess.run(
        command_line("serve", *arguments),
        cwd=PROJECT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("summit-graph: ")
    return line


@pytest.mark.measured
def test_it_answers_once_it_has_printed_its_address(served: Serving, evidence: Section) -> None:
    assert served.address.startswith("http://127.0.0.1:")
    assert get(f"{served.address}readyz") == {"status": "ready", "runs": 1}
    times = psutil.Process(served.process.pid).cpu_times()
    used_s = times.user + times.system
    assert 0 < used_s < FIRST_ANSWER_CPU_S
    told = f"{served.start_s:.1f} s, {used_s:.1f} s"
    evidence.record("Start", "answers after its start, of which the processor worked", told)


def test_it_stops_in_order_when_it_is_told_to(store_path: Path) -> None:
    for stop in (signal.SIGTERM, signal.SIGINT):
        with serving("--db", str(store_path)) as served:
            served.process.send_signal(stop)
            assert served.process.wait(30) == 0


def test_a_folder_of_queries_is_served_too(store_path: Path, tmp_path: Path) -> None:
    (tmp_path / "strong_neurons.cypher").write_text(STRONG_NEURONS, encoding="utf-8")
    with serving("--db", str(store_path), "--queries", str(tmp_path), "--root-path", "/summit") as served:
        specification = get(f"{served.address}openapi.json")
        assert "/api/v1/queries/strong_neurons" in specification["paths"]
        assert specification["servers"] == [{"url": "/summit"}]
        assert get(f"{served.address}api/v1/queries/strong_neurons?class=4&least=5&scope=all")["rows"]
        assert get(f"{served.address}summit/api/v1/runs")["runs"]


def test_options_may_come_from_the_environment(store_path: Path) -> None:
    with serving(environment={"SUMMIT_DB": str(store_path), "SUMMIT_HOST": "::1"}) as served:
        assert served.address.startswith("http://[::1]:")
        assert get(f"{served.address}api/v1/runs")["runs"][0]["run"] == "small"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--db", "{folder}/none.lbug"), "load"),
        (("--db", "{store}", "--host", "0.0.0.0"), "--no-auth"),
        (("--db", "{store}", "--queries", "{folder}/none"), "no folder"),
        (("--db", "{store}", "--root-path", "summit"), "/summit"),
        (("--db", "{store}", "--root-path", "/api"), "--root-path"),
        (("--db", "{store}", "--host", "no.such.host.invalid", "--no-auth"), "no.such.host.invalid"),
    ],
)
def test_what_keeps_it_from_starting_is_one_line(
    store_path: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    assert said in refused(*(option.format(store=store_path, folder=tmp_path) for option in options))


def test_a_port_that_is_taken_is_said(store_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        line = refused("--db", str(store_path), "--port", port)
    assert port in line
    assert "--port" in line


def test_a_port_that_is_none_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["serve", "--port", "70000"]).exit_code == 2


def test_settings_prints_every_row_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMIT_PORT", "8123")
    monkeypatch.setenv("NEO4J_PASSWORD", "a-secret")
    printed = CliRunner().invoke(app, ["settings"]).stdout
    rows = {line.split()[0]: line for line in printed.splitlines()[1:]}
    assert list(rows) == [row.variable for row in SETTINGS]
    assert "8123" in rows["SUMMIT_PORT"]
    assert "a-secret" not in printed
    assert all(row.meaning in rows[row.variable] for row in SETTINGS)


def test_every_limit_is_an_option_but_the_loads() -> None:
    assert [row.name for row in SETTINGS if isinstance(row.default, int) and not row.of_service] == ["lease_ms"]
