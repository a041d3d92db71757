"""What a file of the project may look like, whatever its room."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest

from tests.house.sources import PROJECT, project_files

LINES_AT_MOST = 400
LONGER_FILES: frozenset[str] = frozenset()
"""Source files that are one noun and yet longer; each with its reason beside it here."""

SOURCES = {".py", ".js", ".ts", ".css", ".html", ".cypher", ".sh"}
TEXTS = SOURCES | {".md", ".toml", ".txt", ".yml", ".yaml", ".xml", ".json", ".svg", ""}
GENERATED = {"openapi.json"}

UNWELCOME = {
    "an address of a package index": r"index[-]url|find[-]links|trusted[-]host|\"resol[v]ed\"\s*:|^\s*regis[t]ry\s*=",
    "a path of somebody's machine": r"(?<![\w.~])/(work|root|Users)/\w",
    "a note to self": r"\b(TODO|FIXME|XXX)\b",
    "a word about how the project was made": r"design\.md|\bissues? #?\d|\bthis brief\b",
    "a credential": r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(ghp|github_pat|pypi)[_-]\w{16}",
}


def _texts() -> list[Path]:
    this = Path(__file__).resolve().relative_to(PROJECT)
    return [path for path in project_files() if path.suffix in TEXTS and path != this and path.name not in GENERATED]


def test_a_source_file_stays_within_its_length() -> None:
    sources = [path for path in project_files() if path.suffix in SOURCES and str(path) not in LONGER_FILES]
    lengths = {str(path): len((PROJECT / path).read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_AT_MOST} == {}


def test_a_longer_file_that_is_excused_is_there_and_needs_it() -> None:
    lengths = {name: len((PROJECT / name).read_text(encoding="utf-8").splitlines()) for name in LONGER_FILES}
    assert all(lines > LINES_AT_MOST for lines in lengths.values())


@pytest.mark.parametrize("kind", UNWELCOME)
def test_no_file_holds(kind: str) -> None:
    pattern = re.compile(UNWELCOME[kind], re.MULTILINE)
    found = [
        f"{path}: {match.group(0)}"
        for path in _texts()
        if (match := pattern.search((PROJECT / path).read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("an address of a package index", "-".join(["--find", "links", "wheels"])),
        ("a path of somebody's machine", "see /root/models"),
        ("a note to self", "# TODO: later"),
        ("a word about how the project was made", "left to issue 7"),
        ("a credential", "-----BEGIN RSA PRIVATE KEY"),
    ],
)
def test_what_is_unwelcome_is_recognized(kind: str, text: str) -> None:
    assert re.search(UNWELCOME[kind], text, re.MULTILINE)


def test_data_files_stay_out_of_the_project() -> None:
    heavy = {str(path): size for path in project_files() if (size := (PROJECT / path).stat().st_size) > 1_000_000}
    assert heavy == {}


def test_every_constraint_is_one_exact_version_and_names_no_place() -> None:
    pinned = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.!+]+( ; [\w '\".<>=!()]+)?")
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not pinned.fullmatch(line)] == []
    assert len(lines) > 50


def test_every_dependency_is_constrained_and_the_embedded_engine_exactly() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[<>=!~ \[]", requirement)[0].lower() for requirement in asked}
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert names - {line.split("==")[0] for line in lines} == set()
    assert "ladybug==0.22.0" in asked
