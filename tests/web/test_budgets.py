"""What the explorer may cost, on Summit's 1,000 classes and on a graph of some 500 neurons."""

from __future__ import annotations

import gzip
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmarks import explorer_cost
from benchmarks.query_cost import loaded
from tests.api.serving import Serving
from tests.services.evidence import Section
from tests.web.conftest import Serve

TOPIC = "The explorer, on Summit's 1,000 classes unless another run is named"
REQUESTS_AT_MOST = 30
TIMES_THE_ANSWERS_AT_MOST = 3.0
FRAME_MS_AT_MOST = 34.0
"""Every second frame of a screen's 60 a second."""
CLASSES = 200
HEAP_GROWTH_AT_MOST = 1.1

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def large_served(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A generated run with large graphs."""
    folder = tmp_path_factory.mktemp("large")
    path = loaded(explorer_cost.a_large_run(folder / "run"), folder / "large.lbug")
    with serve("--db", str(path)) as process:
        yield process


def test_the_first_graph_takes_little_more_than_its_answers(
    browser: Browser, whole_published_served: Serving, evidence: Section
) -> None:
    first = explorer_cost.first_graph(browser, whole_published_served.address, 294)
    drawn, bare = statistics.median(first.drawn_ms), statistics.median(first.bare_ms)
    figures = f"{drawn:.0f} ms; an empty page with the bare answers {bare:.0f} ms: {drawn / bare:.2f} times"
    evidence.record(TOPIC, "first graph drawn, for a new visitor (median)", figures)
    evidence.record(TOPIC, "requests until then", first.requests)
    assert first.requests <= REQUESTS_AT_MOST
    assert drawn <= TIMES_THE_ANSWERS_AT_MOST * bare


def test_choosing_a_class_takes_little_more_than_its_answers(
    browser: Browser, whole_published_served: Serving, evidence: Section
) -> None:
    chosen, bare = explorer_cost.choosing(browser, whole_published_served.address, list(range(16)))
    ours, theirs = statistics.median(chosen), statistics.median(bare)
    figures = f"{ours:.0f} ms; the bare answers {theirs:.0f} ms: {ours / theirs:.2f} times"
    evidence.record(TOPIC, "a class chosen: graph, order and embedding there (median)", figures)
    assert ours <= TIMES_THE_ANSWERS_AT_MOST * theirs


def test_a_graph_of_500_neurons_is_dragged_smoothly(browser: Browser, large_served: Serving, evidence: Section) -> None:
    neurons, frame_ms = explorer_cost.frame_ms(browser, large_served.address)
    evidence.record(
        TOPIC,
        f"a frame while {neurons} neurons with pictures are dragged (median; generated run)",
        f"{frame_ms:.1f} ms",
    )
    assert neurons >= 480
    assert frame_ms <= FRAME_MS_AT_MOST


def test_a_long_session_does_not_grow(browser: Browser, whole_published_served: Serving, evidence: Section) -> None:
    before, after = explorer_cost.memory_bytes(browser, whole_published_served.address, CLASSES // 2, CLASSES)
    figures = f"{before / 1e6:.1f} MB, after {CLASSES} more {after / 1e6:.1f} MB"
    evidence.record(TOPIC, f"the page's heap after {CLASSES // 2} classes", figures)
    assert after <= HEAP_GROWTH_AT_MOST * before


def test_the_script_is_small(installed: Path, evidence: Section) -> None:
    script = gzip.compress((installed / "api" / "page" / "explorer.js").read_bytes(), mtime=0)
    evidence.record(TOPIC, "JavaScript, gzipped", f"{len(script) / 1000:.1f} kB")
    assert len(script) <= 250_000
