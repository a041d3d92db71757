"""The command with stop points, for tests that kill it: `python -m tests.store.stop_points PHASE EVENT WHEN load …`.

The command itself runs, untouched; around the calls that make a phase it says `STOP` on stderr at the wanted event, and
stands still: before the call, after it, or within (it says so, makes the call, and stands still after it). SIGUSR1 lets
it go on.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from summit_graph import schema
from summit_graph.cli import main
from summit_graph.store.ladybug import building, engine
from summit_graph.store.neo4j.server import Server

When = Literal["before", "within", "after"]

PHASES = {
    "ladybug": ("nodes", "relationships", "commit", "checkpoint", "reading back", "rename"),
    "neo4j": ("constraints", "nodes", "relationships", "reading back", "ready flag"),
}
"""Where a load is killed, by engine, in the order of the load."""

REPLACING = {
    "ladybug": PHASES["ladybug"],
    "neo4j": ("nodes", "relationships", "reading back", "switch", "deletion"),
}
"""The same of a load that puts a run in the place of another one."""

_STATEMENTS = {"COMMIT": "commit", "CHECKPOINT": "checkpoint"}


class StopPoint:
    """Stands still at one event of a phase; events of a phase count from 0."""

    def __init__(self, phase: str, event: int, when: When) -> None:
        self._phase = phase
        self._left = event
        self._when = when
        self._released = False

    def around(self, call: Callable[..., Any], phase_of: Callable[..., str | None]) -> Callable[..., Any]:
        """The call with the stop point around it."""

        def stopping(*arguments: Any, **named: Any) -> Any:
            if phase_of(*arguments, **named) != self._phase:
                return call(*arguments, **named)
            self._left -= 1
            if self._left >= 0:
                return call(*arguments, **named)
            if self._when != "after":
                print("STOP", file=sys.stderr, flush=True)
            if self._when == "before":
                self._stand()
            answer = call(*arguments, **named)
            if self._when == "after":
                print("STOP", file=sys.stderr, flush=True)
            self._stand()
            return answer

        return stopping

    def _stand(self) -> None:
        # Asleep for moments: a signal may reach another thread, and then wakes no sleeper.
        while not self._released:
            time.sleep(0.01)

    def _release(self, *_: object) -> None:
        self._released = True

    def install(self) -> None:
        """Puts itself around the calls of every phase, on both engines."""
        signal.signal(signal.SIGUSR1, self._release)
        building.execute = self.around(engine.execute, _phase_of_statement)  # type: ignore[attr-defined]
        building._verify = self.around(building._verify, lambda *arguments, **named: "reading back")
        Path.replace = self.around(Path.replace, _phase_of_rename)  # type: ignore[method-assign]
        Server.write = self.around(Server.write, _phase_of_label)  # type: ignore[method-assign]
        Server.write_and_answer = self.around(Server.write_and_answer, _phase_of_label)  # type: ignore[method-assign]
        Server.write_together = self.around(Server.write_together, _phase_of_label)  # type: ignore[method-assign]
        Server.read = self.around(Server.read, _phase_of_label)  # type: ignore[method-assign]
        Server.change_schema = self.around(Server.change_schema, _phase_of_label)  # type: ignore[method-assign]


def _phase_of_statement(connection: object, text: str, *parameters: object) -> str | None:
    if text.startswith("COPY"):
        return _phase_of_table(text.split("`")[1])
    return _STATEMENTS.get(text)


def _phase_of_rename(file: Path, target: Path) -> str | None:
    return "rename" if file.name == building.BUILT else None


def _phase_of_label(server: Server, text: str, *arguments: object, label: str, **named: object) -> str | None:
    kind, _, table = label.partition(" ")
    if kind == "delete" or label == f"state {schema.DELETING}":
        return "deletion"
    if kind == "load" and table in schema.TABLES:
        return _phase_of_table(table)
    return {"schema": "constraints", "read": "reading back", "state": "ready flag", "switch": "switch"}.get(kind)


def _phase_of_table(table: str) -> str:
    return "nodes" if isinstance(schema.TABLES[table], schema.Label) else "relationships"


@contextmanager
def standing_load(
    run: Path, place: str, phase: str, event: int, when: When, *options: str
) -> Iterator[subprocess.Popen[str]]:
    """A load in a process of its own, from where it has reached the stop point; killed (SIGKILL) with the block."""
    words = [sys.executable, "-m", "tests.store.stop_points", phase, str(event), when, "load", str(run), "--db", place]
    words += options
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # What it says until it stands; where it never does, until its end.
        said = list(takewhile(lambda line: line != "STOP\n", process.stderr))
        try:
            assert process.poll() is None, f"the load ended before {phase} {event}: {said}"
            yield process
        finally:
            process.kill()


def kill_a_load(run: Path, place: str, phase: str, event: int, when: When) -> None:
    """Kills a load as soon as it has reached the stop point."""
    with standing_load(run, place, phase, event, when) as process:
        pass
    assert process.returncode == -signal.SIGKILL


if __name__ == "__main__":
    StopPoint(sys.argv[1], int(sys.argv[2]), sys.argv[3]).install()  # type: ignore[arg-type]
    sys.argv = ["summit-graph", *sys.argv[4:]]
    main()
