"""What the long tests measured, written to a page when all of them have passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import this_machine


@dataclass
class Evidence:
    """Measurements by topic, in the order in which they were made, and what could not be measured."""

    topics: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    """Test that passed -> seconds that it took."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Test -> why it was skipped."""

    def record(self, topic: str, measured: str, value: object) -> None:
        """Note one figure, with its unit: `record("ResNet-20 on CIFAR-10", "right of 10,000 images", "81.0 %")`."""
        self.topics.setdefault(topic, []).append((measured, str(value)))

    def page(self) -> str:
        """The page: commit and machine, a table for each topic, which tests passed, what was skipped and why."""
        lines = ["# Evidence", "", "Written by `make test-long`: what the long tests measured.", ""]
        lines += [f"* {line}" for line in [f"{datetime.now(UTC):%Y-%m-%d}", *this_machine().lines()]]
        for topic, rows in self.topics.items():
            lines += ["", f"## {topic}", "", "| measured | value |", "| --- | --- |"]
            lines += [f"| {measured} | {value} |".replace("\n", " ") for measured, value in rows]
        if self.held:
            lines += ["", "## What held", "", "| test | seconds |", "| --- | --- |"]
            lines += [f"| {test} | {seconds:.0f} |" for test, seconds in self.held.items()]
        if self.skipped:
            lines += ["", "## Not measured here", "", "| test | reason |", "| --- | --- |"]
            lines += [f"| {test} | {reason} |".replace("\n", " ") for test, reason in self.skipped.items()]
        return "\n".join(lines) + "\n"

    def write(self, path: Path) -> None:
        """Write the page."""
        path.write_text(self.page(), encoding="utf-8")
