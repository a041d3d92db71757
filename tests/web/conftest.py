"""The explorer as users get it: the wheel's own files, served by the wheel's own command, in a real Chromium."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from summit_graph.exchange.published_pictures import import_pictures
from summit_graph.exchange.summit_import import import_summit
from summit_graph.loading import load_run
from summit_graph.run import Run
from tests.api.conftest import empty_store_path, store_path, two_runs_path
from tests.api.serving import Serving, serving
from tests.demo_run import demo_run
from tests.house.sources import PROJECT
from tests.published import published_files, published_run
from tests.resnet_run import cifar_files, resnet_run
from tests.runs import countless_run, small_run
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.node import web_packages
from tests.web.page import TIMEOUT_MS

__all__ = [
    "cifar_files",
    "countless_run",
    "demo_run",
    "empty_store_path",
    "published_files",
    "published_run",
    "resnet_run",
    "small_run",
    "store_path",
    "two_runs_path",
]

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
Serve = Callable[..., AbstractContextManager[Serving]]


@pytest.fixture(scope="session")
def web() -> Path:
    """The explorer's source, with its packages."""
    try:
        return web_packages()
    except ToolMissing as missing:
        skip_or_fail(str(missing))


@pytest.fixture(scope="session")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """A Chromium for the session; each test opens a context of its own in it."""
    with sync_playwright() as playwright:
        program, arguments = str(chromium_path), list(ARGUMENTS)
        browser = playwright.chromium.launch(executable_path=program, args=arguments, timeout=TIMEOUT_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel carries, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=120)
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def serve(installed: Path) -> Serve:
    """Serves with the wheel's command, away from the checkout: `with serve("--db", path) as served`.

    As patient as the page's tests: on a machine with much else to do an answer may take longer than users are let wait.
    """
    patience = {name: str(TIMEOUT_MS) for name in ("SUMMIT_QUERY_TIMEOUT_MS", "SUMMIT_QUEUE_TIMEOUT_MS")}
    return partial(serving, folder=installed, environment={"PYTHONPATH": str(installed), **patience})


@pytest.fixture(scope="session")
def served(serve: Serve, store_path: Path) -> Iterator[Serving]:
    """The generated run."""
    with serve("--db", str(store_path)) as process:
        yield process


def loaded(path: Path, *runs: Run) -> Path:
    """An embedded store with these runs and their pictures."""
    for run in runs:
        load_run(run, str(path))
    return path


@pytest.fixture(scope="session")
def real_served(
    serve: Serve, resnet_run: Run, demo_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """Two runs of trained models: the demo's digits, and ResNet-20 on CIFAR-10."""
    path = loaded(tmp_path_factory.mktemp("real") / "real.lbug", demo_run, resnet_run)
    with serve("--db", str(path)) as process:
        yield process


@pytest.fixture(scope="session")
def published_served(serve: Serve, published_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Summit's 1,000 published graphs."""
    path = loaded(tmp_path_factory.mktemp("published") / "published.lbug", published_run)
    with serve("--db", str(path)) as process:
        yield process


@pytest.fixture(scope="session")
def whole_published_served(
    serve: Serve, published_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """Summit's 1,000 published graphs with the classes' places, and the neurons' pictures."""
    embedding = pytest.importorskip("ingest.embedding", reason="the classes' places need summit-graph[ingest]")
    archives = [published_files / name for name in ("feature-visualizations.zip", "dataset-examples.zip")]
    if not all(archive.is_file() for archive in archives):
        pytest.skip(f"no published pictures in {published_files}")
    folder = tmp_path_factory.mktemp("whole")
    graphs, classes = published_files / "attribution-graphs.zip", published_files / "classes.csv"
    import_summit(graphs, folder / "run", classes=classes, embed=embedding.class_embedding)
    run = Run.open(folder / "run")
    import_pictures(archives, run)
    load_run(run, str(folder / "whole.lbug"))
    with serve("--db", str(folder / "whole.lbug")) as process:
        yield process
