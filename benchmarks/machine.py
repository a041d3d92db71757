"""What a measurement was made on: commit, processor, memory; no names of hosts or people."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Machine:
    """A commit and the machine it was measured on."""

    commit: str
    changed: bool
    """Whether the checkout held changes that were not committed."""
    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str

    def lines(self) -> list[str]:
        """As lines of a report."""
        state = " with changes that are not committed" if self.changed else ""
        return [
            f"commit {self.commit}{state}",
            f"{self.cores} cores, {self.processor}, {self.memory_gb:.0f} GB of memory",
            f"{self.system}, Python {self.python}",
        ]


def this_machine() -> Machine:
    """The machine that this process runs on, and the commit of the checkout."""
    # A report that is being rewritten is no change of what is measured.
    changes = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/evidence.md")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        commit=_git("rev-parse", "--short=12", "HEAD") or "unknown",
        changed=bool(changes),
        processor=_processor(),
        cores=cores,
        memory_gb=memory_bytes / 2**30,
        system=platform.system(),
        python=platform.python_version(),
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
