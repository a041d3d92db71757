"""schemathesis calls every operation of the specification, right and wrong, and finds no answer that breaks it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from summit_graph.run import Run
from summit_graph.store import open_store
from tests.api.pictured import CLASS, pictured
from tests.api.serving import PROJECT, serving
from tests.services.evidence import Section
from tests.services.neo4j_server import Neo4jServer

SEED = 1
RIGHT_CALLS = 200
"""Calls of each operation that are right by the specification, beside those of the other phases."""
SCENARIOS = 400
"""Chains of up to six right calls, each led to by a link of the one before it or made up."""
LEAST_SHARE_OF_200 = 0.3
PATIENT = ("--query-timeout-ms", "60000")
"""What is looked at is what is answered: on a busy machine the first query may take longer than the default."""
_COUNTED = re.compile(r'summit_graph_requests_total{method="(\w+)",route="([^"]+)",status="(\d+)"} (\d+)')


def call(address: str, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> str:
    """Runs schemathesis with every check; its report. Fails where it found something."""
    with urllib.request.urlopen(f"{address}api/v1/graph?class={CLASS}", timeout=60) as response:
        atlas = json.load(response)["atlas"]["path"].rpartition("/")[2]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.api.made_up_values", "MADE_UP_ATLAS": atlas}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(PROJECT / "tests" / "api" / "schemathesis.toml"), "--no-color"),
            *(
                "run",
                f"{address}openapi.json",
                "--checks",
                "all",
                "--seed",
                str(SEED),
                "--continue-on-failure",
                # Of the machine, not of the service: where much else runs, making values up and answers may be slow.
                "--suppress-health-check=too_slow",
                "--request-timeout=120",
                *options,
            ),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **hooks, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=3_000,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
    return done.stdout


def said(report: str) -> str:
    """The report's line of counts."""
    [line] = re.findall(r"^\s*(\d+ generated, .*)$", report, re.MULTILINE)
    return str(line)


def follow(address: str, folder: Path) -> tuple[str, Counter[tuple[str, int]]]:
    """Runs the stateful phase, right by the specification.

    Returns its report, and how often a call took a value by which link and was answered with which status.
    """
    events = folder / "events.ndjson"
    report = call(
        address,
        folder,
        *("--phases", "stateful", "--mode", "positive", "--max-examples", str(SCENARIOS)),
        *("--report", "ndjson", "--report-ndjson-path", str(events)),
        environment={"MADE_UP_FOLLOWING": "1"},
    )
    followed: Counter[tuple[str, int]] = Counter()
    for line in events.read_text(encoding="utf-8").splitlines():
        told = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, case in told.get("cases", {}).items():
            if case["is_transition_applied"]:
                status = told["interactions"][name]["response"]["status_code"]
                followed[case["transition"]["id"], status] += 1
    return report, followed


def operations_of(report: str) -> tuple[str, str, str]:
    """How many operations were selected, of how many, and how many were tested."""
    [told] = re.findall(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", report)
    selected, total, tested = told
    return selected, total, tested


def calls_of(address: str) -> dict[str, tuple[int, int]]:
    """How often each operation of the specification was called, and how often it answered 200, as the service counts.

    It reads that from the service twice: the second answer of /metrics knows of the first.
    """
    texts = []
    for path in ("openapi.json", "metrics", "metrics"):
        with urllib.request.urlopen(f"{address}{path}", timeout=60) as response:
            texts.append(response.read().decode())
    operations = [(method.upper(), path) for path, one in json.loads(texts[0])["paths"].items() for method in one]
    calls: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for method, route, status, count in _COUNTED.findall(texts[-1]):
        calls[method, route] += int(count)
        right[method, route] += int(count) if status == "200" else 0
    return {f"{method} {path}": (calls[method, path], right[method, path]) for method, path in operations}


def test_some_operations_hold_what_they_say(store_path: Path, tmp_path: Path) -> None:
    pictures = ("/api/v1/pictures", "/api/v1/pictures/{run}/{name}", "/api/v1/pictures/{run}/atlas/{name}")
    some = ("/api/v1/queries/shared_neurons", "/api/v1/graph", "/api/v1/runs", "/healthz", "/metrics", *pictures)
    chosen = [option for path in some for option in ("--include-path", path)]
    with serving("--db", str(pictured(store_path, tmp_path)), *PATIENT) as served:
        report = call(served.address, tmp_path, "--phases", "examples,coverage,fuzzing", "--max-examples", "5", *chosen)
    assert re.search(rf"Selected: {len(some)}/\d+", report), report


@pytest.mark.long
@pytest.mark.parametrize("engine", ["ladybug", "neo4j"])
def test_every_operation_holds_what_it_says(
    engine: str, store_path: Path, small_run: Run, tmp_path: Path, evidence: Section, request: pytest.FixtureRequest
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        url = str(pictured(store_path, tmp_path))
        patch.setenv("SUMMIT_PICTURES", f"{url}.pictures")
        if engine == "neo4j":
            server: Neo4jServer = request.getfixturevalue("neo4j_empty")
            for name, value in server.environment.items():
                patch.setenv(name, value)
            url = server.url
            store = open_store(url)
            store.load(small_run)
            store.close()
        with serving("--db", url, "--allow-cypher", "--no-request-log", *PATIENT) as served:
            everything = call(served.address, tmp_path, "--max-examples", "8")
            right = call(
                served.address,
                tmp_path,
                "--phases",
                "fuzzing",
                "--mode",
                "positive",
                "--max-examples",
                str(RIGHT_CALLS),
            )
            linked, followed = follow(served.address, tmp_path)
            calls = calls_of(served.address)
    evidence.record("schemathesis", f"{engine}: examples, coverage, fuzzing, right and wrong", said(everything))
    evidence.record("schemathesis", f"{engine}: fuzzing, right by the specification", said(right))
    evidence.record("schemathesis", f"{engine}: stateful, right by the specification", said(linked))
    [links] = re.findall(r"API Links: +(\d+ covered / \d+ selected)", linked)
    evidence.record("schemathesis", f"{engine}: links", links)
    answered = Counter[int]()
    for (_, status), count in followed.items():
        answered[status] += count
    of_statuses = ", ".join(f"{count} answered {status}" for status, count in sorted(answered.items()))
    evidence.record("schemathesis", f"{engine}: calls that a link led to", of_statuses)
    evidence.record("schemathesis", f"{engine}: operations selected, of, tested", ", ".join(operations_of(everything)))
    right_links = [link for link, status in followed if status == 200]
    for part in ("GET /api/v1/runs -> ", "[200] next -> ", "[200] graph -> ", "[200] pictures -> "):
        assert any(part in link for link in right_links), part
    assert set(operations_of(everything)) == {str(len(calls))}
    for operation, (times, right_times) in calls.items():
        said_of = f"{times:,} calls, {right_times / max(times, 1):.0%}"
        evidence.record(f"Calls of each operation on {engine}, and how many it answered 200", f"`{operation}`", said_of)
    assert {one: told for one, told in calls.items() if told[1] < LEAST_SHARE_OF_200 * max(told[0], 1)} == {}
