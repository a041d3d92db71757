"""Connections to an embedded store for several threads, which notice when a load has put a new file in its place.

A connection serves one thread at a time. Every file that was opened is a generation; when the file at the path is
another one (a load renamed it there), the next connection is of a new generation, and the old one is closed once its
last connection comes back. A query that runs meanwhile ends on the file it began on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import ladybug

from summit_graph.errors import StoreUnavailable
from summit_graph.store.ladybug.engine import check_tables, open_database

FileKey = tuple[int, int, int, int]
"""Device, inode, size and time of change: what tells one file at a path from the next."""


def file_key(path: Path) -> FileKey:
    """The file that lies at a path now; raises StoreUnavailable where there is none."""
    try:
        status = path.stat()
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass
class _Generation:
    key: FileKey
    database: ladybug.Database
    idle: list[ladybug.Connection] = field(default_factory=list)
    in_use: int = 0


class ConnectionPool:
    """Read-only connections to the file at a path; opened at once, so that a wrong path is noticed early."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._closed = False
        self._current = self._open()

    @contextmanager
    def connection(self) -> Iterator[tuple[ladybug.Connection, FileKey]]:
        """A connection for this thread, of the file that lies at the path now, and that file's key."""
        generation, connection = self._check_out()
        try:
            yield connection, generation.key
        finally:
            self._check_in(generation, connection)

    def close(self) -> None:
        """Closes what is idle now, and the rest when it comes back."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._retire(self._current)

    def _check_out(self) -> tuple[_Generation, ladybug.Connection]:
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store was closed")
            if file_key(self._path) != self._current.key:
                old, self._current = self._current, self._open()
                self._retire(old)
            generation = self._current
            generation.in_use += 1
            if generation.idle:
                return generation, generation.idle.pop()
            try:
                return generation, ladybug.Connection(generation.database, num_threads=1)
            except BaseException:
                generation.in_use -= 1
                raise

    def _check_in(self, generation: _Generation, connection: ladybug.Connection) -> None:
        with self._lock:
            generation.in_use -= 1
            generation.idle.append(connection)
            if self._closed or generation is not self._current:
                self._retire(generation)

    @staticmethod
    def _retire(generation: _Generation) -> None:
        for connection in generation.idle:
            connection.close()
        generation.idle.clear()
        if generation.in_use == 0:
            generation.database.close()

    def _open(self) -> _Generation:
        """Opens the file; where a load renames another one into its place meanwhile, that one."""
        while True:
            key = file_key(self._path)
            database = open_database(self._path, read_only=True)
            if file_key(self._path) != key:
                database.close()
                continue
            try:
                connection = ladybug.Connection(database, num_threads=1)
                check_tables(connection, self._path)
            except BaseException:
                database.close()
                raise
            return _Generation(key, database, [connection])
