"""A Chromium of the machine's own (Debian's package `chromium`); no browser is ever downloaded."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.services.missing import ToolMissing

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> Path:
    """Path of the browser's program. Raises ToolMissing where none of the usual names is on PATH."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ToolMissing("no Chromium on PATH: install your system's package `chromium`")
