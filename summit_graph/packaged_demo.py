"""The run of handwritten digits that comes with the package, so that somebody without torch sees a graph at once.

It is the demo's own run, packed into one file beside this one by

    summit-graph demo demo && python -m summit_graph.packaged_demo demo/run
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

from summit_graph.errors import SummitError
from summit_graph.loading import load_run
from summit_graph.pictures import PICTURES
from summit_graph.run import Run

FILE = Path(__file__).with_name("demo_run.zip")
LARGEST_BYTES = 1_000_000
_LEFT_OUT = f"{PICTURES}/examples/class-"
"""Strips of single classes: with them it would be too large."""
_DATE = (2026, 1, 1, 0, 0, 0)


def load_demo(database: Path) -> None:
    """Loads the packaged run into an embedded store at this path."""
    with tempfile.TemporaryDirectory(prefix="summit-demo-") as folder:
        with zipfile.ZipFile(FILE) as archive:
            archive.extractall(folder)
        load_run(Run.open(Path(folder)), str(database))


def pack(run: Path, target: Path = FILE) -> None:
    """Writes the file anew from a run directory; the same run gives the same bytes. Raises SummitError past 1 MB."""
    Run.open(run)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in run.rglob("*") if path.is_file() and not path.name.startswith(".")):
            name = file.relative_to(run).as_posix()
            if name.startswith(_LEFT_OUT):
                continue
            entry = zipfile.ZipInfo(name, _DATE)
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    size = target.stat().st_size
    if size > LARGEST_BYTES:
        target.unlink()
        raise SummitError(f"the packed run of {run} has {size:,} bytes: {LARGEST_BYTES:,} is the most that is carried")


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
