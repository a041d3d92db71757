"""Queries of other people's on an embedded store: each in a process of its own that has no right to write anywhere.

The engine's own read-only mode is no wall (docs/api.md): so the process gives up its rights (`seccomp`) before it sees
the query, and is killed at the time limit, at the memory limit, or when nobody waits any more. One cell stands ready,
so that a query does not wait for a process to start; a load that put another file in its place makes it stale.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from summit_graph import settings
from summit_graph.errors import QueryRefused, QueryTimeout, StoreUnavailable, SummitError
from summit_graph.store.base import Answer
from summit_graph.store.caller import TIMED_OUT, current_caller
from summit_graph.store.ladybug import seccomp
from summit_graph.store.ladybug.cell import READY
from summit_graph.store.ladybug.pool import FileKey, file_key

START_TIMEOUT_S = 30
LOOK_EVERY_S = 0.05
LARGEST_ANSWER_BYTES = 64 << 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_NO_RIGHT = "the embedded store refused the query: it may not open, make or write files"


@dataclass
class _Cell:
    """A process that is confined, or soon will be."""

    key: FileKey
    process: subprocess.Popen[bytes]
    answer: bytearray
    ready: bool = False

    def resident_bytes(self) -> int:
        """How much memory it has."""
        try:
            return int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
        except (OSError, ValueError, IndexError):
            return 0

    def end(self) -> None:
        """Kills it; nothing is lost, for it can have written nothing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


class Cells:
    """The cells of one store."""

    def __init__(self, path: Path) -> None:
        if not seccomp.is_available():
            raise SummitError(
                "queries of one's own need Linux on x86_64 or aarch64 where the store is embedded: elsewhere a process "
                "cannot give up its right to write; leave out --allow-cypher, or serve a Neo4j server"
            )
        self._path = path
        self._lock = threading.Lock()
        self._spare: _Cell | None = None
        self._closed = False

    def start(self) -> None:
        """Makes a first cell ready; raises SummitError where this machine does not confine it."""
        cell = self._made()
        try:
            self._await_ready(cell)
        except BaseException:
            cell.end()
            raise
        self._put_by(cell)

    def read(self, text: str, parameters: Mapping[str, Any], row_limit: int, timeout_ms: int) -> Answer:
        """Runs a text that was found to be one that only reads; see Store.read for what is raised."""
        caller = current_caller()
        left_ms = caller.time_left_ms(timeout_ms)
        ends_s = time.monotonic() + left_ms / 1000 if left_ms else math.inf
        cell = self._taken()
        try:
            with caller.interruptible(lambda: cell.process.send_signal(signal.SIGKILL)):
                self._await_ready(cell)
                question = {"text": text, "parameters": dict(parameters), "row_limit": row_limit}
                assert cell.process.stdin is not None
                try:
                    cell.process.stdin.write(json.dumps(question).encode() + b"\n")
                    cell.process.stdin.close()
                except BrokenPipeError:
                    raise StoreUnavailable("the process of a query ended before it began: try again") from None
                told = self._await_answer(cell, ends_s)
        finally:
            cell.end()
            self._put_by(self._made())
        if "error" in told:
            # What the process may not do is said by the engine with a path of this host.
            refused = "Operation not permitted" in told["error"] or "IO exception" in told["error"]
            raise QueryRefused(_NO_RIGHT if refused else told["error"])
        return Answer(tuple(told["columns"]), [tuple(row) for row in told["rows"]], told["truncated"])

    def close(self) -> None:
        """Ends what stands ready."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def _taken(self) -> _Cell:
        with self._lock:
            cell, self._spare = self._spare, None
        if cell is not None and cell.key == file_key(self._path) and cell.process.poll() is None:
            return cell
        if cell is not None:
            cell.end()
        return self._made()

    def _put_by(self, cell: _Cell) -> None:
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare = cell
                return
        cell.end()

    def _made(self) -> _Cell:
        # Before the process opens the file: one that another takes the place of meanwhile is then stale.
        key = file_key(self._path)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "summit_graph.store.ladybug.cell", str(self._path.resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
        )
        return _Cell(key, process, bytearray())

    @staticmethod
    def _await_ready(cell: _Cell) -> None:
        ends_s = time.monotonic() + START_TIMEOUT_S
        while not cell.ready:
            line = _read_some(cell, 0.1)
            if line is None or time.monotonic() > ends_s:
                raise StoreUnavailable("a process for a query of one's own cannot be started or confined here")
            cell.answer += line
            if cell.answer.startswith(f"{READY}\n".encode()):
                del cell.answer[: len(READY) + 1]
                cell.ready = True

    @staticmethod
    def _await_answer(cell: _Cell, ends_s: float) -> dict[str, Any]:
        limit_bytes = settings.number("cypher_memory_mb") << 20
        while True:
            if time.monotonic() >= ends_s:
                raise QueryTimeout(TIMED_OUT)
            some = _read_some(cell, LOOK_EVERY_S)
            if some is None:
                break
            cell.answer += some
            if len(cell.answer) > LARGEST_ANSWER_BYTES or cell.resident_bytes() > limit_bytes:
                raise QueryRefused("the query needs more memory than SUMMIT_CYPHER_MEMORY_MB gives: ask for less")
        current_caller().time_left_ms(0)
        try:
            told: dict[str, Any] = json.loads(cell.answer)
        except ValueError:
            raise QueryRefused("the embedded store gave up on the query: ask for less, or in another way") from None
        return told


def _read_some(cell: _Cell, timeout_s: float) -> bytes | None:
    """What came within the time, nothing where nothing did; None at the end."""
    pipe = cell.process.stdout
    assert pipe is not None
    if not select.select([pipe], [], [], timeout_s)[0]:
        return b""
    return os.read(pipe.fileno(), 1 << 16) or None


def _environment() -> dict[str, str]:
    """What a cell needs to find this package; no password or key is among it."""
    root = str(Path(__file__).resolve().parents[3])
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    variable = settings.setting("buffer_pool_mb").variable
    return {**kept, "PYTHONPATH": root, variable: str(settings.number("cypher_memory_mb"))}
