"""Real ingests that stop where a test wants it: forked from one process that has loaded everything, which is cheap.

`python -m tests.ingest.stopped_ingests` reads requests from its input, a line of JSON each, forks a process for each
that runs the command `summit-graph` as it is typed, and answers with how that process ended. The places where it can be
stopped are put around the product's functions here, in the forked process; the product knows nothing of them.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pyarrow
import torch

from tests.services.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = (
    *("ingest", "tiny_model.py:tiny", "images", "--out", "run", "--layers", "first,second,third", "--accept-labels"),
    *("--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25", "--batch-size", "4", "--activation-mass", "0.5"),
)
"""An ingest of the fixture `tiny_place`."""
ELSEWHERE = "elsewhere"
"""Before the images, and between the phases."""
PHASES = ("images", "pictures", "rename", "manifest", "merge", "embedding")


@dataclass(frozen=True)
class Stop:
    """When to stop: `delay_ms` after the `nth` time that `phase` begins (`anywhere`: after the command's start)."""

    phase: str
    nth: int = 1
    delay_ms: float = 0.0
    signal: int = signal.SIGKILL
    victim: str = "ingest"
    """Who gets the signal: the ingest, or its `decoders`."""


@dataclass(frozen=True)
class End:
    """How an ingest ended."""

    code: int
    """Exit code, or minus the signal's number."""
    phase: str
    """Where it was when it was stopped; empty where it was not."""
    output: str
    errors: str


class IngestServer:
    """The process that ingests are forked from; a context manager."""

    def __enter__(self) -> IngestServer:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.stopped_ingests"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # One thread, so that nothing is lost in a fork.
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def run(self, words: Sequence[object], folder: Path, stop: Stop | None = None) -> End:
        """Runs `summit-graph WORDS` in a folder, to its end or to where it is stopped."""
        return self.ranks(1, words, folder, stop)[0]

    def ranks(
        self, size: int, words: Sequence[object], folder: Path, stop: Stop | None = None, stopped: int = 0
    ) -> list[End]:
        """Runs it as so many ranks side by side, of which the one with the number `stopped` is stopped."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {
            "size": size,
            "port": free_port(),
            "words": [str(word) for word in words],
            "folder": str(folder),
            "stop": stop and vars(stop),
            "stopped": stopped,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that ingests are forked from has died"
        return [End(**end) for end in json.loads(answer)]


# -- in the server ----------------------------------------------------------------------------------------------------


def serve() -> None:
    """Answers requests until the input ends."""
    import ingest.images.arrays
    import ingest.pipeline
    import ingest.whole_run  # noqa: F401  loaded once, for all that are forked

    # What these load when they are first used takes longer than a small ingest.
    pyarrow.table({"number": [0]}).to_pandas()
    torch.export.export(torch.nn.Linear(1, 1), (torch.zeros(1, 1),), strict=False).run_decompositions({})
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)


def _forked(request: dict[str, Any]) -> list[dict[str, Any]]:
    folder, size = Path(request["folder"]), request["size"]
    children = []
    for rank in range(size):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            if size > 1:
                here = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": request["port"], "GLOO_SOCKET_IFNAME": "lo"}
                os.environ |= {name: str(value) for name, value in (here | {"RANK": rank, "WORLD_SIZE": size}).items()}
            os.close(reading)
            _be_the_command(
                request["words"], folder, rank, request["stop"] if rank == request["stopped"] else None, writing
            )
        os.close(writing)
        children.append((child, reading))
    return [_ended(*child, folder, rank) for rank, child in enumerate(children)]


def _ended(child: int, reading: int, folder: Path, rank: int) -> dict[str, Any]:
    with os.fdopen(reading) as pipe:
        phase = pipe.read()
    _, status = os.waitpid(child, 0)
    output, errors = ((folder / f"{name}-{rank}.txt").read_text() for name in ("stdout", "stderr"))
    return {"code": os.waitstatus_to_exitcode(status), "phase": phase, "output": output, "errors": errors}


def _be_the_command(words: list[str], folder: Path, rank: int, stop: dict[str, Any] | None, said: int) -> None:
    os.chdir(folder)
    for number, name in ((0, os.devnull), (1, f"stdout-{rank}.txt"), (2, f"stderr-{rank}.txt")):
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(name, mode, 0o644), number)
    sys.argv = ["summit-graph", *words]
    # Not the interpreter's own streams, whose buffers may hold what the server had to say.
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    if stop is not None:
        _stop_there(Stop(**stop), said)
    code: object = 1
    try:
        from summit_graph.cli import main

        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


def _stop_there(stop: Stop, said: int) -> None:
    active, counts = [ELSEWHERE], dict.fromkeys(PHASES, 0)

    def kill() -> None:
        os.write(said, active[-1].encode())
        myself = psutil.Process()
        for victim in myself.children() if stop.victim == "decoders" else [myself]:
            victim.send_signal(stop.signal)

    def begins(phase: str) -> None:
        counts[phase] += 1
        active.append(phase)
        if (phase, counts[phase]) != (stop.phase, stop.nth):
            return
        if stop.delay_ms:
            threading.Timer(stop.delay_ms / 1000, kill).start()
        else:
            kill()

    def during(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*arguments: Any, **options: Any) -> Any:
            begins(phase)
            try:
                return function(*arguments, **options)
            finally:
                active.remove(phase)

        return wrapped

    _put_around(during, begins, active)
    if stop.phase == "anywhere":
        threading.Timer(stop.delay_ms / 1000, kill).start()


def _put_around(
    during: Callable[[str, Callable[..., Any]], Callable[..., Any]],
    begins: Callable[[str], None],
    active: list[str],
) -> None:
    from ingest import whole_run
    from ingest.counting import Counter
    from ingest.embedding import class_embedding
    from ingest.examples import merged_examples

    Counter.add = during("images", Counter.add)  # type: ignore[method-assign]
    renaming = Path.replace

    def replace(path: Path, target: Path) -> Path:
        phase = "pictures" if target.suffix == ".webp" else "manifest" if target.stem == "manifest" else "rename"
        begins(phase)
        try:
            moved = renaming(path, target)
            # Once more: the file is in its place, and whatever should follow has not.
            begins(phase)
            active.remove(phase)
            return moved
        finally:
            active.remove(phase)

    Path.replace = replace  # type: ignore[method-assign, assignment]
    whole_run.class_embedding = during("embedding", class_embedding)  # type: ignore[attr-defined]

    def merged(classes: Iterable[Any], neurons: int) -> Any:
        def noticed() -> Iterator[Any]:
            for table in classes:
                begins("merge")
                yield table
                active.remove("merge")

        return merged_examples(noticed(), neurons)

    whole_run.merged_examples = merged  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve()
