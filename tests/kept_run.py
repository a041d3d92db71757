"""Runs that take long to make are made once and kept in build/ until the code that computes them changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

PROJECT = Path(__file__).resolve().parents[1]
BUILDS = PROJECT / "build"
DAY_S = 24 * 3600


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` filled with the code as it is; made now if it is not there.

    With SUMMIT_TEST_KEEP=1 the newest one will do, whatever has changed since: for work on rooms that only read runs.
    """
    made = sorted(BUILDS.glob(f"{name}-*"), key=lambda place: place.stat().st_mtime)
    if made and os.environ.get("SUMMIT_TEST_KEEP") == "1":
        return made[-1]
    place = BUILDS / f"{name}-{_code_digest()[:16]}"
    if not place.is_dir():
        BUILDS.mkdir(exist_ok=True)
        _remove_yesterdays(name)
        unfinished = Path(mkdtemp(prefix=f"unfinished-{name}-", dir=BUILDS))
        try:
            make(unfinished)
            unfinished.rename(place)
        except OSError:
            # Another test session was faster; its run is the same.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _code_digest() -> str:
    """SHA-256 of everything a run is computed by: the room ingest, and the run directory's own files."""
    digest = hashlib.sha256()
    for folder in ("ingest", "summit_graph/run"):
        for source in sorted((PROJECT / folder).rglob("*.py")):
            digest.update(f"{source.relative_to(PROJECT)}\0".encode() + source.read_bytes())
    return digest.hexdigest()


def _remove_yesterdays(name: str) -> None:
    """Those of today may be in use by another session."""
    for older in BUILDS.glob(f"*{name}-*"):
        if time.time() - older.stat().st_mtime > DAY_S:
            shutil.rmtree(older, ignore_errors=True)
