"""A file system that is full or may not be written, for real: a small one that the test mounts where it may."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from summit_graph.run import Run
from tests.ingest.stopped_ingests import COMMAND, IngestServer, Stop


@pytest.fixture
def small_disk(tiny_place: Path) -> Iterator[Path]:
    """A file system of its own, 2 MB."""
    disk = tiny_place / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system of one's own is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", disk], check=True)


def test_a_full_and_a_read_only_disk_are_one_line_and_the_same_command_goes_on(
    server: IngestServer, tiny_place: Path, small_disk: Path, undisturbed: Run
) -> None:
    command = [word if word != "run" else "disk/run" for word in COMMAND] + ["--name", "run"]
    # One class is written; then other files leave no room.
    assert server.run(command, tiny_place, Stop("images", 4)).code < 0
    finished = len(list((small_disk / "run" / "checkpoints").glob("0*.json")))
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "other").write_bytes(b"\0" * 4_000_000)
    full = server.run(command, tiny_place)
    assert (full.code, full.output) == (1, "")
    assert "cannot write disk/run: No space left on device" in full.errors.splitlines()[-1].replace(str(tiny_place), "")
    assert len(list((small_disk / "run" / "checkpoints").glob("0*.json"))) >= finished
    (small_disk / "other").unlink()

    remount(small_disk, "ro")
    locked = server.run(command, tiny_place)
    assert (locked.code, locked.output) == (1, "")
    assert "cannot write disk/run: Read-only file system" in locked.errors.splitlines()[-1]
    remount(small_disk, "rw")
    assert server.run(command, tiny_place).code == 0
    assert Run.open(small_disk / "run").manifest.digest == undisturbed.manifest.digest
