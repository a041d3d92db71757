"""Every row of the table of refusals in docs/models.md, as it is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ingest.trace import trace
from summit_graph.errors import Unsupported
from tests.ingest.refusals import REFUSED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"


def _rows() -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| what | what is said |") + 2
    return lines[start : lines.index("", start)]


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_said_as_documented(what: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        trace(REFUSED[what]().eval(), torch.randn(2, 3, 8, 8), ["first", "last"], influence_top=5)
    assert f"| {what} | `{refusal.value}` |" in _rows()


def test_the_table_has_no_other_rows() -> None:
    assert [row.split(" | ")[0].removeprefix("| ") for row in _rows()] == list(REFUSED)
