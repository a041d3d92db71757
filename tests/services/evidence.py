"""What the long tests measured: a page with one section for each test file, renewed whenever that file passes whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import this_machine

HEAD = """# Evidence

What the long tests measured: one section for each test file, written by `make test-long` when all of the file's tests
passed (`make test-long TESTS=tests/ingest` runs, and renews, a part).
"""


@dataclass
class Section:
    """What the long tests of one file measured, in the order in which they did, and what could not be measured."""

    topics: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    """Test that passed -> seconds that it took."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Test -> why it was skipped."""
    failed: bool = False

    def record(self, topic: str, measured: str, value: object) -> None:
        """Note one figure, with its unit: `record("ResNet-20 on CIFAR-10", "right of 10,000 images", "81.0 %")`."""
        self.topics.setdefault(topic, []).append((measured, str(value)))

    @property
    def complete(self) -> bool:
        """Whether something was shown and nothing failed: only then is the page's section renewed."""
        return bool(self.held) and not self.failed

    def text(self) -> str:
        """Date, commit and machine, a table for each topic, which tests passed, what was skipped and why."""
        lines = ["", f"{datetime.now(UTC):%Y-%m-%d}, {', '.join(this_machine().lines())}"]
        for topic, rows in self.topics.items():
            lines += ["", f"### {topic}", "", "| measured | value |", "| --- | --- |"]
            lines += [f"| {measured} | {value} |".replace("\n", " ") for measured, value in rows]
        lines += ["", "| test that held | seconds |", "| --- | --- |"]
        lines += [f"| {test} | {seconds:.0f} |" for test, seconds in self.held.items()]
        if self.skipped:
            lines += ["", "| not measured here | reason |", "| --- | --- |"]
            lines += [f"| {test} | {reason} |".replace("\n", " ") for test, reason in self.skipped.items()]
        return "\n".join(lines) + "\n"


@dataclass
class Evidence:
    """The sections of one session of tests, by test file."""

    sections: dict[str, Section] = field(default_factory=dict)

    def section(self, test_file: str) -> Section:
        """The section of a test file, named as pytest names it: `tests/ingest/test_families.py`."""
        return self.sections.setdefault(test_file, Section())

    def write(self, path: Path) -> None:
        """Renew the sections of the files that passed whole; those of all others stay as they are on the page."""
        texts = _sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
        texts |= {name: section.text() for name, section in self.sections.items() if section.complete}
        page = HEAD + "".join(f"\n## {name}\n{texts[name]}" for name in sorted(texts))
        path.write_text(page, encoding="utf-8")


def _sections_of(page: str) -> dict[str, str]:
    """Test file -> the text under its heading."""
    found = re.split(r"^## (\S+)\n", page, flags=re.MULTILINE)[1:]
    return {name: text.rstrip("\n") + "\n" for name, text in zip(found[::2], found[1::2], strict=True)}
