"""Clients that ask a service as fast as it answers, from a process of their own: `python -m benchmarks.clients`.

They speak just enough HTTP to count answers, so that on a machine with few cores the service is what is measured.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.machine import PROJECT


class Connection:
    """One connection that is kept; asks for answers as they are: not compressed, none from a cache."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host = parts.netloc
        self._socket = socket.create_connection((str(parts.hostname), parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = bytearray()

    def get(self, path: str) -> int:
        """The status; the body is read to its end."""
        return self.answer(path)[0]

    def answer(self, path: str) -> tuple[int, bytes]:
        """The status and the body."""
        self._socket.sendall(f"GET /{path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        head = self._take_until(b"\r\n\r\n").lower()
        if b"transfer-encoding: chunked" in head:
            parts = []
            while size := int(self._take_until(b"\r\n"), 16):
                parts.append(self._take(size + 2)[:-2])
            self._take(2)
        else:
            parts = [self._take(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))]
        return int(head[9:12]), b"".join(parts)

    def close(self) -> None:
        """Ends it."""
        self._socket.close()

    def _take_until(self, mark: bytes) -> bytes:
        while (end := self._held.find(mark)) < 0:
            self._more()
        return self._take(end + len(mark))

    def _take(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _more(self) -> None:
        some = self._socket.recv(1 << 18)
        if not some:
            raise ConnectionError("the service closed the connection")
        self._held += some


@dataclass(frozen=True)
class Load:
    """What some clients were answered."""

    seconds: float
    times_ms: Sequence[float]
    errors: int

    @property
    def ms_per_answer(self) -> float:
        """Time over answers: the inverse of the throughput."""
        return self.seconds * 1000 / len(self.times_ms)

    @property
    def p95_ms(self) -> float:
        """19 of 20 answers came within this."""
        return sorted(self.times_ms)[int(len(self.times_ms) * 0.95)]


def at_once(asking: Callable[[], Callable[[int], bool]], clients: int, seconds: float) -> Load:
    """So many threads ask for so long; each takes one `asking()`, which is told the turn and says whether it went well.

    The turns of all threads together go through 0, 1, 2 …
    """
    times_ms: list[float] = []
    wrong: list[int] = []
    begin = time.perf_counter()

    def ask(first: int) -> None:
        went_well, turn = asking(), first
        while (start := time.perf_counter()) < begin + seconds:
            if not went_well(turn):
                wrong.append(turn)
            times_ms.append((time.perf_counter() - start) * 1000)
            turn += clients

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(time.perf_counter() - begin, times_ms, len(wrong))


def http_load(address: str, paths: Sequence[str], clients: int, seconds: float, folder: Path) -> Load:
    """Clients of a service, in a process beside this one, ask for the paths in turn."""
    file = folder / "paths.json"
    file.write_text(json.dumps(list(paths)), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.clients", address, str(file), str(clients), str(seconds)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return Load(**json.loads(done.stdout))


def main() -> int:
    """Takes address, file of paths, clients and seconds; prints what they were answered."""
    address, file, clients, seconds = sys.argv[1:]
    paths = json.loads(Path(file).read_text(encoding="utf-8"))

    def asking() -> Callable[[int], bool]:
        connection = Connection(address)
        return lambda turn: connection.get(paths[turn % len(paths)]) == 200

    json.dump(asdict(at_once(asking, int(clients), float(seconds))), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
