"""The page of evidence says what was measured, on what, and what was not."""

from __future__ import annotations

from pathlib import Path

from benchmarks.machine import this_machine
from tests.services.evidence import Evidence


def test_the_page_holds_figures_by_topic_the_commit_and_what_was_skipped(tmp_path: Path) -> None:
    evidence = Evidence()
    evidence.record("Accuracy", "right of 10,000 images", "81.0 %")
    evidence.record("Memory", "growth", "3 MB")
    evidence.record("Accuracy", "wrong", 1900)
    evidence.held["test_the_whole_set"] = 61.4
    evidence.skipped["test_on_a_gpu"] = "no GPU"
    evidence.write(tmp_path / "evidence.md")
    text = (tmp_path / "evidence.md").read_text(encoding="utf-8")
    accuracy = text.split("## Accuracy")[1].split("##")[0]
    assert "| right of 10,000 images | 81.0 % |\n| wrong | 1900 |" in accuracy
    assert "| test_the_whole_set | 61 |" in text.split("## What held")[1]
    assert "| test_on_a_gpu | no GPU |" in text.split("## Not measured here")[1]
    assert this_machine().commit in text


def test_a_machine_is_described_without_its_name() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory_gb > 0.1
    assert machine.processor
