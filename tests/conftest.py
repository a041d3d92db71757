"""Fixtures for every test: the shared data, a real Neo4j server, a browser, and the place where figures are noted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.chromium import find_chromium
from tests.services.evidence import Evidence, Section
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_server import Neo4jServer, running_neo4j, temporary_home

PROJECT = Path(__file__).resolve().parents[1]
EVIDENCE = Evidence()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared test data (trained weights, images, published graphs, golden vectors); read only."""
    folder = Path(os.environ.get("SUMMIT_TEST_DATA", PROJECT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared test data at {folder}: set SUMMIT_TEST_DATA to its folder")
    return folder.resolve()


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[Neo4jServer]:
    """A Neo4j Community server of this session's own, with whatever other tests left in it."""
    with temporary_home() as home:
        try:
            with running_neo4j(Path(home)) as server:
                yield server
        except ToolMissing as missing:
            skip_or_fail(str(missing))


@pytest.fixture(scope="module")
def neo4j_empty(neo4j_server: Neo4jServer) -> Neo4jServer:
    """The session's Neo4j server, emptied (nodes, constraints, indexes) before the module's first test."""
    neo4j_server.empty()
    return neo4j_server


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The program of a Chromium that Playwright can start with `executable_path`."""
    try:
        return find_chromium()
    except ToolMissing as missing:
        skip_or_fail(str(missing))


@pytest.fixture(scope="module")
def evidence(request: pytest.FixtureRequest) -> Section:
    """Where a long test notes what it measured; `make test-long` writes it to docs/evidence.md."""
    return EVIDENCE.section(request.node.nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which tests passed, failed and were skipped, and why: a page of evidence says what it does not hold."""
    test_file, _, test = report.nodeid.partition("::")
    section = EVIDENCE.section(test_file)
    if report.failed:
        section.failed = True
    elif report.when == "call" and report.passed:
        section.held[test] = report.duration
    elif report.skipped and isinstance(report.longrepr, tuple):
        section.skipped[test] = report.longrepr[2].removeprefix("Skipped: ")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Renew the page of evidence where that is asked for: the sections of the test files that passed whole."""
    target = os.environ.get("SUMMIT_EVIDENCE")
    if target and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and _ran_whole_files(session):
        EVIDENCE.write(Path(target))


def _ran_whole_files(session: pytest.Session) -> bool:
    """Not so where somebody chose single tests, or stopped at the first that failed."""
    chosen = session.config.option.keyword or any("::" in argument for argument in session.config.args)
    return not chosen and not session.shouldfail
