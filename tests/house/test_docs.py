"""The documentation says what the code says: commands, options, settings, links."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from summit_graph.cli import app
from summit_graph.queries import packaged_catalogue
from tests.house.reference import BLOCKS, SPECIFICATION, leaf_commands, options_of, specification_text, split_page
from tests.house.sources import PROJECT, project_files

PAGES = tuple(path for path in project_files() if path.suffix == ".md")
README = Path("README.md")


@pytest.mark.parametrize("block", BLOCKS)
def test_a_table_that_says_what_the_code_says_is_up_to_date(block: str) -> None:
    _, render = BLOCKS[block]
    _, inside, _ = split_page(block)
    assert inside == render(), f"{BLOCKS[block][0]} is behind the code: run `make format`"


def test_the_committed_specification_is_the_one_that_is_served() -> None:
    committed = (PROJECT / SPECIFICATION).read_text(encoding="utf-8")
    assert committed == specification_text(), f"{SPECIFICATION} is behind the code: run `make format`"


def test_the_tables_name_every_command_option_and_setting() -> None:
    page = split_page("commands")[1]
    named = [f"### {words}" for words, _ in leaf_commands()]
    named += [f"`{option.opts[0]}" for _, command in leaf_commands() for option in options_of(command)]
    assert len(named) > 10
    assert [name for name in named if name not in page] == []


def calls(page: Path) -> Iterator[list[str]]:
    """Every `summit-graph …` and `make …` that a page tells the reader to type, in code blocks and within the text."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`((?:\.venv/bin/)?(?:summit-graph|make) [^`\n]+)`", rest)
    for line in lines:
        words = shlex.split(line, comments=True)
        if words and Path(words[0]).name in {"summit-graph", "make"}:
            yield [Path(words[0]).name, *words[1:]]


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a call as the documentation has it; None where the command line takes it."""
    if words[0] == "make":
        targets = set(re.findall(r"^([\w-]+):.*## ", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        unknown = [word for word in words[1:] if "=" not in word and word not in targets]
        return f"make has no target {unknown}" if unknown else None
    said = [word for word in words[1:] if word not in {"--debug", "--help", "--version", "…"}]
    known = {tuple(name.split()[1:]): command for name, command in leaf_commands()}
    if any(name[: len(said)] == tuple(said) for name in known):
        said_command = known.get(tuple(said))  # a group, or a command without anything more
    else:
        said_command = next((known[name] for name in known if tuple(said[: len(name)]) == name), None)
        if said_command is None:
            return f"no command {' '.join(words)!r}"
    if said_command is None:
        return None
    spellings = {spelling for option in options_of(said_command) for spelling in [*option.opts, *option.secondary_opts]}
    if said[0] == "query" and len(said) > 1 and said[1].islower():
        if said[1] not in packaged_catalogue():
            return f"no query {said[1]!r}"
        spellings |= {f"--{one.name.replace('_', '-')}" for one in packaged_catalogue().get(said[1]).parameters}
    unknown = [word for word in said if word.startswith("--") and word.split("=")[0] not in spellings]
    return f"no option {unknown} in {' '.join(words)!r}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    problems = {shlex.join(words): problem for words in calls(page) if (problem := problem_of(words))}
    assert problems == {}


def test_the_readme_begins_with_its_two_commands() -> None:
    made = [words[1] for words in calls(README) if words[0] == "make" and len(words) > 1]
    assert made[:2] == ["demo", "test"]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("summit-graph query horoscope", "no query 'horoscope'"),
        (
            "summit-graph query classes --class-c 1",
            "no option ['--class-c'] in 'summit-graph query classes --class-c 1'",
        ),
        ("make coffee", "make has no target ['coffee']"),
        ("summit-graph frobnicate RUN", "no command 'summit-graph frobnicate RUN'"),
        (
            "summit-graph import summit PATH --sideways",
            "no option ['--sideways'] in 'summit-graph import summit PATH --sideways'",
        ),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(call: str, problem: str) -> None:
    assert problem_of(shlex.split(call)) == problem


@pytest.mark.parametrize(
    "call",
    [
        "make demo",
        "summit-graph --version",
        "summit-graph query classes --search bear --db x.lbug",
        "summit-graph import",
    ],
)
def test_a_command_that_exists_is_not_complained_of(call: str) -> None:
    assert problem_of(shlex.split(call)) is None


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    assert [target for target in targets if not (PROJECT / page.parent / target).exists()] == []


def test_bare_make_lists_every_target_with_a_line() -> None:
    # Without the folder's name, which make prints when these tests run under make themselves.
    bare = ["make", "--no-print-directory"]
    listed = subprocess.run(bare, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()
    targets = [line.split()[1] for line in listed]
    assert targets == [
        "demo",
        "test",
        "test-long",
        "lint",
        "types",
        "format",
        "page",
        "neo4j",
        "bench",
        "bench-scale",
        "clean",
    ]
    assert all(len(line.split(maxsplit=2)) == 3 for line in listed)


def test_the_command_is_the_one_that_is_installed() -> None:
    assert app.info.name == "summit-graph"
