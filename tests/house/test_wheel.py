"""The wheel carries what an installation needs, and works without the checkout that it was built from."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.sources import PROJECT, project_files

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
UV = [sys.executable, "-m", "uv"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], PROJECT)
    [built] = folder.glob("*.whl")
    return built


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What a command prints; fails with its last lines where it does not exit 0."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**kept, **environment}, timeout=280
    )
    assert done.returncode == 0, f"{' '.join(command[:6])}: {(done.stdout + done.stderr)[-800:]}"
    return done.stdout


def test_the_wheel_carries_the_queries_the_page_and_the_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    files = [path for path in project_files() if path.parts[0] in {"summit_graph", "ingest", "api", "cypher"}]
    queries = {f"summit_graph/{path}" for path in files if path.suffix == ".cypher"}
    page = {str(path) for path in files if path.is_relative_to("api/page")}
    modules = {str(path) for path in files if path.suffix == ".py" or path.name == "py.typed"}
    assert len(queries) >= 6
    assert "api/page/index.html" in page
    assert queries | page | modules <= carried


def test_the_wheel_carries_no_tests_and_no_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        rooms = {name.split("/")[0] for name in archive.namelist()}
    assert {room for room in rooms if not room.endswith(".dist-info")} == {"summit_graph", "ingest", "api"}
    assert wheel.stat().st_size < 2_000_000


def test_an_installation_finds_its_own_queries_and_page(wheel: Path, tmp_path: Path) -> None:
    """Unpacked away from the checkout, in front of this environment's packages."""
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    program = (
        "import summit_graph, api, importlib.resources as resources\n"
        "from summit_graph.queries import packaged_catalogue\n"
        "print(summit_graph.__file__)\n"
        "print(next(iter(packaged_catalogue())).file)\n"
        "print(resources.files(api) / 'page' / 'index.html')\n"
        "assert (resources.files(api) / 'page' / 'index.html').is_file()\n"
    )
    printed = run([sys.executable, "-c", program], elsewhere, PYTHONPATH=str(installed))
    assert [line for line in printed.splitlines() if not line.startswith(str(installed))] == []


@pytest.mark.long
def test_the_base_package_alone_imports_runs_and_answers(wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment with the base dependencies only: no torch, no pandas, no Node."""
    environment = tmp_path / "environment"
    run([*UV, "venv", "--quiet", "--python", PYTHON, str(environment)], tmp_path)
    python = str(environment / "bin" / "python")
    run(
        [*UV, "pip", "install", "--quiet", "--python", python, "-c", str(PROJECT / "constraints.txt"), str(wheel)],
        tmp_path,
    )
    listed = run([str(environment / "bin" / "summit-graph"), "queries"], tmp_path)
    assert "shared_neurons" in listed
    program = "import importlib.util as found; print([n for n in ('torch', 'pandas') if found.find_spec(n)])"
    assert run([python, "-c", program], tmp_path).strip() == "[]"
