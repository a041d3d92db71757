"""What a store holds, read back by queries of the tests' own."""

from __future__ import annotations

from typing import Any

from summit_graph import schema
from summit_graph.store import Store


def stored_rows(store: Store, table: str, run: str) -> list[tuple[Any, ...]]:
    """A run's rows of a table, in no order."""
    entry = schema.TABLES[table]
    if isinstance(entry, schema.Label):
        owner = "id" if table == "Run" else "run"
        columns = ", ".join(f"n.`{column.name}` AS c{place}" for place, column in enumerate(entry.properties))
        text = f"MATCH (n:{table}) WHERE n.{owner} = $run RETURN {columns}"
    else:
        owner = "id" if entry.source == "Run" else "run"
        columns = "".join(f", r.`{column.name}` AS c{place}" for place, column in enumerate(entry.properties))
        text = (
            f"MATCH (s:{entry.source})-[r:{table}]->(t:{entry.target}) WHERE s.{owner} = $run "
            f"RETURN s.id AS source, t.id AS target{columns}"
        )
    return store.read(text, {"run": run}).rows


def count_nodes(store: Store) -> int:
    """Nodes of all labels and runs."""
    return int(store.read("MATCH (n) RETURN count(n) AS nodes", {}).rows[0][0])


def run_states(store: Store) -> dict[str, str]:
    """The state of every run."""
    return dict(store.read("MATCH (r:Run) RETURN r.id AS run, r.state AS state", {}).rows)
