"""The program of a cell: a process that opens a store read-only, gives up every right to write, open or reach
anything, and then answers one query. Started by `cells`, never by hand.

It says READY when it is confined, reads one question as a line of JSON, and writes one answer.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from summit_graph.errors import SummitError
from summit_graph.store.ladybug.engine import connected, execute
from summit_graph.store.ladybug.plain import plain
from summit_graph.store.ladybug.plans import check_plan
from summit_graph.store.ladybug.seccomp import confine

READY = "ready"


def main() -> int:
    """Opens, gives up its rights, answers."""
    with connected(Path(sys.argv[1]), read_only=True) as connection:
        # Once before: whatever the engine and Python load when they are first used, they load now.
        _answer(connection, {"text": "RETURN 1 AS one", "parameters": {}, "row_limit": 1})
        confine()
        print(READY, flush=True)
        question = sys.stdin.readline()
        if question:
            sys.stdout.write(json.dumps(_answer(connection, json.loads(question)), default=str))
            sys.stdout.flush()
    return 0


def _answer(connection: Any, question: dict[str, Any]) -> dict[str, Any]:
    try:
        check_plan(connection, question["text"], question["parameters"])
        with execute(connection, question["text"], question["parameters"]) as result:
            columns = result.get_column_names()
            rows = result.get_n(question["row_limit"] + 1)
    except SummitError as error:
        return {"error": str(error)}
    kept = [[_sendable(plain(value)) for value in row] for row in rows[: question["row_limit"]]]
    return {"columns": columns, "rows": kept, "truncated": len(rows) > len(kept)}


def _sendable(value: Any) -> Any:
    """JSON has no number that is none."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_sendable(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _sendable(entry) for key, entry in value.items()}
    return value


if __name__ == "__main__":
    sys.exit(main())
