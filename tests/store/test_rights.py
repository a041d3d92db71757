"""A Neo4j server that lets nobody write: a load says which right it lacks and changes nothing, and reads go on.

Community Edition has no roles: a wrong password, a database that is not there (both in test_places) and a database that
its server holds to reading are what can be missing.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from summit_graph.errors import StoreUnavailable
from summit_graph.run import Run
from summit_graph.store import open_store
from tests.services.evidence import Section
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_server import running_neo4j, temporary_home
from tests.store.stored import run_states
from tests.store.test_contract import assert_holds


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_database_that_may_only_be_read_is_read_and_a_load_says_so(
    small_run: Run, other_run: Run, monkeypatch: pytest.MonkeyPatch, evidence: Section
) -> None:
    try:
        with temporary_home() as home:
            with running_neo4j(Path(home)) as server:
                for name, value in server.environment.items():
                    monkeypatch.setenv(name, value)
                with closing(open_store(server.url)) as store:
                    store.load(small_run)
            with running_neo4j(Path(home), further={"server.databases.read_only": server.database}) as server:
                with closing(open_store(server.url)) as store:
                    for change in (lambda: store.load(other_run), lambda: store.delete_run("small")):
                        with pytest.raises(
                            StoreUnavailable, match=r"may only be read.*server\.databases\.read_only"
                        ) as said:
                            change()
                        assert "\n" not in str(said.value)
                    assert store.load(small_run).already_loaded
                    assert run_states(store) == {"small": "ready"}
                    assert_holds(store, small_run)
                    told = "one line that names server.databases.read_only; nothing changed"
                    evidence.record(
                        "Rights on a Neo4j server", "a load, a deletion where only reading is allowed", told
                    )
    except ToolMissing as missing:
        skip_or_fail(str(missing))
