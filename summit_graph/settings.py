"""Every option and limit, a row each: an environment variable (SUMMIT_ and the name in capitals); docs/settings.md."""

from __future__ import annotations

import os
from dataclasses import dataclass

from summit_graph.errors import SummitError

Value = str | int | bool


@dataclass(frozen=True)
class Setting:
    """One option: its name (with its unit), its default and what it means."""

    name: str
    default: Value
    meaning: str
    variable: str
    of_service: bool = False
    """Whether it is an option of `serve` too."""

    def value(self) -> Value:
        """What the environment says, else the default; raises SummitError where it is of another type."""
        text = os.environ.get(self.variable)
        if text is None or text == "":
            return self.default
        if isinstance(self.default, bool):
            if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
                raise SummitError(f"{self.variable} is {text!r}: say 1 or 0")
            return text.lower() in {"1", "true", "yes"}
        if isinstance(self.default, int):
            if not text.isascii() or not text.isdigit():
                raise SummitError(f"{self.variable} is {text!r}: give a whole number")
            return int(text)
        return text


def _row(name: str, default: Value, meaning: str, variable: str | None = None, *, of_service: bool = False) -> Setting:
    return Setting(name, default, meaning, variable or f"SUMMIT_{name.upper()}", of_service)


def _served(name: str, default: Value, meaning: str) -> Setting:
    return _row(name, default, meaning, of_service=True)


SETTINGS: tuple[Setting, ...] = (
    _served("db", "summit.lbug", "The graph store: a path (embedded) or a neo4j://, neo4j+s:// or bolt:// URL."),
    _served(
        "pictures", "", "The folder of the store's pictures; by default PATH.pictures beside an embedded store at PATH."
    ),
    _row("neo4j_username", "neo4j", "User name for a Neo4j server.", "NEO4J_USERNAME"),
    _row("neo4j_password", "", "Password for a Neo4j server.", "NEO4J_PASSWORD"),
    _row("neo4j_database", "neo4j", "Database on a Neo4j server.", "NEO4J_DATABASE"),
    _served("neo4j_connect_timeout_ms", 5_000, "How long to wait for a Neo4j server to answer."),
    _row("lease_ms", 10_000, "How long a Neo4j server is kept for a load that gives no sign of life any more."),
    _served("query_timeout_ms", 10_000, "How long a query may run before it is stopped."),
    _served("cypher_row_limit", 10_000, "Rows that an ad hoc query may answer."),
    _served("cypher_memory_mb", 1_024, "Memory that an ad hoc query on an embedded store may take."),
    _served("buffer_pool_mb", 2_048, "Memory of the embedded store's buffer pool."),
    _served("host", "127.0.0.1", "Address that the service listens on."),
    _served("port", 8_000, "Port that the service listens on."),
    _served("root_path", "", "Path under which a proxy serves the service, such as /summit."),
    _served("queries", "", "A folder of further query files."),
    _served("maximum_rows", 10_000, "Rows that one page of a query's answer over HTTP may hold."),
    _served("concurrent_queries", 8, "Queries that one service process runs at once; further requests wait."),
    _served("concurrent_downloads", 2, "Whole results that one service process sends at once."),
    _served("download_timeout_ms", 60_000, "How long a whole result may take to be sent before it is broken off."),
    _served("queue_timeout_ms", 2_000, "How long a request waits for its turn before it is answered 503."),
    _row("api_key", "", "The key that requests must have: 16 characters or more. Without one nobody is asked."),
    _served("allowed_hosts", "", "Host names, with commas between them, that the service goes by; any address is one."),
    _served("cors_origins", "", "Origins, with commas between them, whose pages may read answers."),
    _served("request_log", True, "Whether each request is a line of JSON on standard error."),
    _served("maximum_body_kb", 256, "How long a request's body may be."),
    _served("workers", 1, "Processes that answer, each with its own connections to the store."),
    _served("allow_cypher", False, "Whether queries of one's own may be sent: POST /api/v1/cypher."),
    _served("receive_timeout_ms", 10_000, "How long a request may take to arrive."),
    _served("session_minutes", 720, "How long a browser that gave the key is let in."),
    _served(
        "wrong_keys_per_minute", 20, "Wrong keys that are answered 401 in a minute; further ones are answered 429."
    ),
    _served("shutdown_timeout_ms", 10_000, "How long what runs may take to end when the service is told to stop."),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def setting(name: str) -> Setting:
    """The row of that name."""
    return _BY_NAME[name]


def text(name: str) -> str:
    """The value of a setting that is text."""
    return str(setting(name).value())


def number(name: str) -> int:
    """The value of a setting that is a whole number."""
    return int(setting(name).value())
