"""Node and npm of the machine's own, for the explorer's source; no user of the project needs them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.services.missing import ToolMissing

WEB = Path(__file__).resolve().parents[2] / "web"
MARKER = WEB / "node_modules" / ".installed"
OLDEST = (20, 19)


def find_npm() -> Path:
    """Path of npm. Raises ToolMissing where there is none, or where its Node is too old for the explorer's build."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise ToolMissing("no Node with npm on PATH: the explorer's build needs Node 20.19 or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
        raise ToolMissing(f"Node {version} is too old: the explorer's build needs Node 20.19 or newer")
    return Path(npm)


def web_packages() -> Path:
    """The folder web/ with its packages installed as the lockfile says. Raises ToolMissing where they cannot be."""
    npm = find_npm()
    lockfile = WEB / "package-lock.json"
    if not MARKER.is_file() or MARKER.stat().st_mtime < lockfile.stat().st_mtime:
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"], cwd=WEB, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ToolMissing(f"npm ci failed in web/: {_reason(done.stdout + done.stderr)}")
        MARKER.touch()
    return WEB


def _reason(said: str) -> str:
    """The first lines of npm's errors."""
    return "; ".join(line for line in said.splitlines() if line.startswith("npm error") and len(line) > 10)[:300]


if __name__ == "__main__":
    try:
        web_packages()
    except ToolMissing as missing:
        print(f"{missing}; the tests that need it skip", file=sys.stderr)
