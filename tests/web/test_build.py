"""The built page is what the source gives, small enough, and typed by the service's specification."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.house.sources import PROJECT
from tests.services.node import find_npm

PAGE = PROJECT / "api" / "page"
FILES = {"index.html", "explorer.js", "explorer.css", "favicon.svg", "licences.md"}
SCRIPT_AT_MOST_BYTES = 250_000
FOLDER_AT_MOST_BYTES = 400_000


def npm(web: Path, *arguments: str) -> str:
    """What an npm script prints; fails with its last lines where it does not exit 0."""
    command = [str(find_npm()), "run", "--silent", *arguments]
    done = subprocess.run(command, cwd=web, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_the_built_page_is_what_the_source_gives(web: Path, tmp_path: Path) -> None:
    npm(web, "build", "--", "--outDir", str(tmp_path), "--logLevel", "error")
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(built) == FILES
    kept = {path.name: path.read_bytes() for path in PAGE.iterdir()}
    assert {name for name in FILES if built[name] != kept.get(name)} == set(), "run make page"
    assert set(kept) == FILES


def test_the_source_is_typed_linted_and_formatted(web: Path) -> None:
    npm(web, "check")


def test_the_sources_own_tests_pass(web: Path) -> None:
    assert " passed" in npm(web, "test")


def test_the_types_are_those_of_the_services_specification(web: Path, tmp_path: Path) -> None:
    types = tmp_path / "schema.d.ts"
    npm(web, "types", "--", str(PROJECT / "api" / "openapi.json"), str(types))
    kept = (web / "src" / "service" / "schema.d.ts").read_text(encoding="utf-8")
    assert types.read_text(encoding="utf-8") == kept, "run make page"


def test_the_page_is_small() -> None:
    script = gzip.compress((PAGE / "explorer.js").read_bytes(), mtime=0)
    assert len(script) <= SCRIPT_AT_MOST_BYTES
    assert sum(path.stat().st_size for path in PAGE.iterdir()) <= FOLDER_AT_MOST_BYTES


def test_the_page_carries_its_packages_licences() -> None:
    packages = json.loads((PROJECT / "web" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    licences = (PAGE / "licences.md").read_text(encoding="utf-8")
    assert [name for name in packages if f"## {name}" not in licences] == []


def test_the_lockfile_names_no_place() -> None:
    lock = json.loads((PROJECT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    assert len(lock["packages"]) > 20
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


@pytest.mark.parametrize(("heading", "tests_named"), [("Beside Summit's page", 20), ("When something is missing", 9)])
def test_every_row_names_tests_that_there_are(heading: str, tests_named: int) -> None:
    page = (PROJECT / "docs" / "explorer.md").read_text(encoding="utf-8")
    table = page.partition(f"## {heading}")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert {len(row) for row in rows} == {3}
    named = {name for *_, shown_by in rows for name in re.findall("`([^`]+)`", shown_by)}
    tests = {path.name for path in (PROJECT / "web" / "tests").iterdir()}
    for path in (PROJECT / "tests" / "web").glob("test_*.py"):
        tests |= set(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(named) > tests_named
    assert named - tests == set()
    assert [row for row in rows if not row[2].strip(" |") and "**" not in row[0]] == []
