"""Who may write into a server's database: one loader at a time, and a dead one does not block the next.

The lease is a node of its own label with the owner's token and the time, by the server's clock, until which it holds. A
thread of the owner moves that time on. Where it is over, the next loader takes the lease. Every transaction of a load
or a deletion asks for the lease and locks it: a late owner's writes nothing.
"""

from __future__ import annotations

import threading
import time
import uuid
from types import TracebackType
from typing import Self

from summit_graph import settings
from summit_graph.errors import StoreUnavailable, SummitError
from summit_graph.store.base import Progress
from summit_graph.store.neo4j.server import Server

LABEL = "SummitLease"
BEATS_PER_LEASE = 5

_CONSTRAINT = f"CREATE CONSTRAINT summit_lease_id IF NOT EXISTS FOR (l:{LABEL}) REQUIRE l.id IS UNIQUE"
# Setting `asked` first locks the node: of two who ask at once, the second reads what the first has written.
_TAKE = (
    f"MERGE (l:{LABEL} {{id: 'load'}}) SET l.asked = timestamp() "
    "WITH l, coalesce(l.until, 0) < timestamp() OR l.owner = $owner AS free "
    "SET l.run = CASE WHEN free THEN $run ELSE l.run END, "
    "l.until = CASE WHEN free THEN timestamp() + $holds_ms ELSE l.until END, "
    "l.owner = CASE WHEN free THEN $owner ELSE l.owner END, "
    "l.switching = CASE WHEN free THEN null ELSE l.switching END "
    "RETURN l.owner = $owner AS ours, l.owner AS owner, l.run AS run, l.until AS until"
)
_BEAT = f"MATCH (l:{LABEL} {{id: 'load', owner: $owner}}) SET l.until = timestamp() + $holds_ms"
GUARD = f"MATCH (l:{LABEL} {{id: 'load', owner: $owner}}) SET l.until = timestamp() + $holds_ms WITH l "
"""Before a writing text: where the lease is another's by now there is no row to go on with, and until the transaction
has ended nobody else takes it. Its parameters are `Lease.values`."""
_SWITCHING = f"MATCH (l:{LABEL} {{id: 'load', owner: $owner}}) SET l.until = timestamp() + $for_ms, l.switching = true"
_SWITCHED = f"MATCH (l:{LABEL} {{id: 'load', owner: $owner}}) REMOVE l.switching"
_GIVE_BACK = f"MATCH (l:{LABEL} {{id: 'load', owner: $owner}}) DELETE l"


class Lease:
    """Held while its block lasts: `with Lease(server, run, progress) as lease`."""

    def __init__(self, server: Server, run: str, progress: Progress = lambda line: None) -> None:
        self._server = server
        self._run = run
        self._progress = progress
        self._holds_ms = settings.number("lease_ms")
        self.values = {"owner": uuid.uuid4().hex, "holds_ms": self._holds_ms}
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="summit-graph lease", daemon=True)

    def __enter__(self) -> Self:
        """Waits where the last loader gives no sign of life; raises StoreUnavailable where another one is at work."""
        self._server.change_schema(_CONSTRAINT, {}, label="schema")
        values = {**self.values, "run": self._run}
        seen: tuple[str, int] | None = None
        while True:
            answer = self._server.write_and_answer(_TAKE, values, label="take lease")
            assert answer is not None  # the node is made where there is none
            ours, owner, run, until = answer
            if ours:
                break
            if seen is None:
                seen = (owner, until)
                self._progress(f"a load of {run} was not ended: waiting up to {self._holds_ms / 1000:.0f} s for it")
            elif seen != (owner, until):
                raise StoreUnavailable(
                    f"another load is writing the run {run} into {self._server.url}: wait until it has ended"
                )
            time.sleep(self._holds_ms / 1000 / BEATS_PER_LEASE)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        try:
            self._server.write(_GIVE_BACK, self.values, label="give lease back")
        except SummitError:
            # It ends by itself; what went wrong in the block is the better message.
            if error is None:
                raise

    def renew(self) -> None:
        """Raises StoreUnavailable where the lease is another loader's by now; else it holds from now on anew."""
        if not self._beat():
            raise self.lost()

    def mark_switching(self, for_ms: int) -> None:
        """Says that runs change places from now on, until `mark_switched`, or for so long where this loader dies.

        A server shows a commit while it is half applied: who reads looks for `switching` on a lease that holds, before
        and after. Raises StoreUnavailable where the lease is another loader's by now.
        """
        values = {**self.values, "for_ms": max(for_ms, self._holds_ms)}
        if not self._server.write(_SWITCHING, values, label="mark").counters.properties_set:
            raise self.lost()

    def mark_switched(self) -> None:
        """Takes that mark away."""
        self._server.write(_SWITCHED, self.values, label="mark")

    def check(self) -> None:
        """Raises StoreUnavailable where the lease is known to be another loader's by now."""
        if self._lost.is_set():
            raise self.lost()

    def lost(self) -> StoreUnavailable:
        """The error where the lease is another loader's by now."""
        return StoreUnavailable(
            f"this load stood still for over {self._holds_ms / 1000:.0f} s and another one has taken over "
            f"{self._server.url}: wait until that has ended, and load again"
        )

    def _keep(self) -> None:
        while not self._over.wait(self._holds_ms / 1000 / BEATS_PER_LEASE):
            try:
                beaten = self._beat()
            except SummitError:
                continue  # The load itself meets the same trouble, and says so.
            if not beaten:
                self._lost.set()
                return

    def _beat(self) -> bool:
        return bool(self._server.write(_BEAT, self.values, label="keep lease").counters.properties_set)
