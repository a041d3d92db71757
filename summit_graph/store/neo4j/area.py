"""Where a run's rows lie in a server: served under the schema's labels, or aside under labels that no query names.

What is aside has its true ids already, so that a load puts a run in another's place by changing labels alone: of all
nodes in one transaction, as constraints on ids hold for each label by itself. Relationships are seen from their nodes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import Enum

from summit_graph import schema
from summit_graph.errors import StoreUnavailable
from summit_graph.store.neo4j.lease import GUARD, Lease
from summit_graph.store.neo4j.server import OutOfMemory, Server

LONGEST_COMMIT = 3
"""How often the time of changing all labels a commit of these changes may take."""


class Area(Enum):
    """Served; or new, until it is whole and takes the old one's place; or old, until it is deleted."""

    SERVED = ""
    NEW = "new"
    OLD = "old"

    def label(self, name: str) -> str:
        """A label of the schema as nodes of this area have it."""
        return f"Summit{self.value.capitalize()}{name}" if self.value else name

    def schema_name(self, label: str, property_name: str) -> str:
        """The name of the constraint or index on a label's property."""
        return f"{self._prefix}{label.lower()}_{property_name}"

    @property
    def _prefix(self) -> str:
        return f"summit_{self.value}_" if self.value else "summit_"


def create_schema(server: Server, area: Area = Area.SERVED) -> None:
    """Makes the constraints on ids and the indexes on runs that are not there yet, and waits until they can be used.

    Rows that lie aside are found by their ids alone.
    """
    for label in schema.LABELS:
        name = area.schema_name(label.name, "id")
        constraint = f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{area.label(label.name)}) REQUIRE n.id IS UNIQUE"
        server.change_schema(constraint, {}, label="schema")
        if label.run_property != "id" and area is Area.SERVED:
            name = area.schema_name(label.name, "run")
            index = f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label.name}) ON (n.run)"
            server.change_schema(index, {}, label="schema")
    server.change_schema("CALL db.awaitIndexes(600)", {}, label="schema")


def drop_schema(server: Server, area: Area) -> None:
    """Takes away the constraints of an area that is not the served one, as far as they are there."""
    text = "SHOW CONSTRAINTS YIELD name RETURN collect(name)"
    there = server.read(text, {}, lambda result: result.single(strict=True)[0], label="constraints")
    for label in schema.LABELS:
        name = area.schema_name(label.name, "id")
        if name in there:
            server.change_schema(f"DROP CONSTRAINT {name} IF EXISTS", {}, label="schema")


def switch(server: Server, run: str, state: str, lease: Lease) -> None:
    """Puts the new run in the place of the one that is served, in one transaction in which the lease is ours.

    Raises StoreUnavailable where the server's memory does not suffice for it; then nothing has changed.
    """
    # Each node is changed in the transaction's memory, and fewer indexes make less of that.
    lease.renew()
    drop_schema(server, Area.NEW)
    values = {"run": run, "state": state, **lease.values}
    try:
        if not server.write_together(_texts(lease), values, label="switch"):
            raise lease.lost()
    except OutOfMemory as error:
        lease.mark_switched()
        raise StoreUnavailable(
            f"{run} is written but {error}; what was served still is: after that load it again with --replace, which "
            f"goes on from here, or remove the old one first (summit-graph delete-run {run})"
        ) from None
    lease.mark_switched()


def _texts(lease: Lease) -> Iterator[str]:
    """What takes the old nodes away, all of them before a new one comes, as ids are unique; then what makes it seen.

    Nobody sees the changes before they are committed, so readers are told to wait only then.
    """
    began_s = time.monotonic()
    for source, target in ((Area.SERVED, Area.OLD), (Area.NEW, Area.SERVED)):
        for label in schema.LABELS:
            here, there = source.label(label.name), target.label(label.name)
            yield f"MATCH (n:{here} {{{label.run_property}: $run}}) REMOVE n:{here} SET n:{there}"
    lease.mark_switching(for_ms=round(LONGEST_COMMIT * 1000 * (time.monotonic() - began_s)))
    yield f"{GUARD} MATCH (r:Run {{id: $run}}) SET r.state = $state REMOVE r.loading"
