"""Files that appear whole or not at all: written under a temporary name beside their place, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TEMPORARY_SUFFIX = ".partial"
"""Ends the name of a file that is being written; one found later was left by a process that was killed."""


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yields a temporary path; when the block ends well it takes the place of `path`.

    A durable one is flushed to disk before, so that it is whole after a power cut too; thousands of small files that
    can be made again need not wait for that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        if durable:
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON with sorted keys, so that equal values are equal bytes."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def write_parquet(path: Path, table: pa.Table) -> None:
    """Writes a table as one zstd-compressed Parquet file."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_leftovers(directory: Path) -> None:
    """Removes temporary files that a killed process left in a run directory."""
    for leftover in directory.rglob(f".*{TEMPORARY_SUFFIX}"):
        leftover.unlink(missing_ok=True)
