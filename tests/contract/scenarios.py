"""The commands of docs/scenarios.md with the answers that stand under them; `python -m tests.contract.scenarios DB`
writes the answers anew from a store that holds Summit's published graphs.
"""

from __future__ import annotations

import io
import re
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from summit_graph.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
_BLOCK = re.compile(r"```console\n\$ (?P<command>summit-graph [^\n]*)\n(?P<answer>.*?)```", re.DOTALL)


class Scenario(NamedTuple):
    """A command as it is typed, and what it prints."""

    command: str
    answer: str


def scenarios() -> list[Scenario]:
    """Those of the page, in order."""
    return [Scenario(found["command"], found["answer"]) for found in _BLOCK.finditer(PAGE.read_text("utf-8"))]


def printed(words: list[str]) -> str:
    """What a command prints on standard output; the test fails where it does not succeed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", words):
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert not code, f"{words}: {err.getvalue()}"
    return out.getvalue()


def answer_of(command: str, database: str) -> str:
    """What a command of the page prints when it asks the store at `database`; the run there is `summit`."""
    return printed([*shlex.split(command), "--db", database, "--run", "summit"])


def rewrite(database: str) -> None:
    """Put every answer of the page as the store gives it."""
    text = PAGE.read_text("utf-8")
    for command, answer in scenarios():
        text = text.replace(f"$ {command}\n{answer}```", f"$ {command}\n{answer_of(command, database)}```")
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    rewrite(sys.argv[1])
