"""The page of evidence says what was measured, on what, and what was not."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from benchmarks.machine import this_machine
from tests.services.evidence import Evidence


def test_a_section_holds_figures_by_topic_the_commit_and_what_was_skipped(tmp_path: Path) -> None:
    evidence = Evidence()
    section = evidence.section("tests/ingest/test_whole_set.py")
    section.record("Accuracy", "right of 10,000 images", "81.0 %")
    section.record("Memory", "growth", "3 MB")
    section.record("Accuracy", "wrong", 1900)
    section.held["test_the_whole_set"] = 61.4
    section.skipped["test_on_a_gpu"] = "no GPU"
    evidence.write(tmp_path / "evidence.md")
    text = (tmp_path / "evidence.md").read_text(encoding="utf-8").split("## tests/ingest/test_whole_set.py")[1]
    accuracy = text.split("### Accuracy")[1].split("###")[0]
    assert "| right of 10,000 images | 81.0 % |\n| wrong | 1900 |" in accuracy
    assert "| test_the_whole_set | 61 |" in text
    assert "| test_on_a_gpu | no GPU |" in text
    assert this_machine().commit in text


def test_only_the_sections_of_files_that_passed_whole_are_renewed(tmp_path: Path) -> None:
    page = tmp_path / "evidence.md"
    first = Evidence()
    for name in ("tests/a/test_one.py", "tests/a/test_two.py"):
        first.section(name).record("Topic", "figure", f"old of {name}")
        first.section(name).held["test_it"] = 1.0
    first.write(page)
    again = Evidence()
    again.section("tests/a/test_one.py").record("Topic", "figure", "new of one")
    again.section("tests/a/test_one.py").held["test_it"] = 1.0
    again.section("tests/a/test_two.py").record("Topic", "figure", "new of two")
    again.section("tests/a/test_two.py").held["test_it"] = 1.0
    again.section("tests/a/test_two.py").failed = True
    again.section("tests/a/test_three.py").skipped["test_it"] = "no GPU"
    again.write(page)
    text = page.read_text(encoding="utf-8")
    assert "new of one" in text
    assert "old of tests/a/test_one.py" not in text
    assert "old of tests/a/test_two.py" in text
    assert "new of two" not in text
    assert "test_three" not in text
    assert text.index("test_one.py") < text.index("test_two.py")
    again.write(page)
    assert page.read_text(encoding="utf-8") == text


def test_a_machine_is_described_without_its_name() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory_gb > 0.1
    assert machine.processor
    assert platform.node() not in re.findall(r"[\w.-]+", " ".join(machine.lines()))
