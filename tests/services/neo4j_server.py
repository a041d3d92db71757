"""A real Neo4j Community server on loopback ports: for the tests, and by hand as `make neo4j`."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from neo4j import GraphDatabase
from neo4j.exceptions import ServiceUnavailable, TransientError

from tests.services.missing import ToolMissing
from tests.services.neo4j_jars import PROJECT, java, neo4j_jars, neo4j_version
from tests.services.ports import free_port, is_free

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
DELETE_BATCH = 10_000

# Neo4j is started here without its own script, so what that script opens for it is named here.
JAVA_OPTIONS = (
    "-XX:+UseSerialGC",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
)


@dataclass(frozen=True)
class Neo4jServer:
    """A running server: how to reach it, and where it lies."""

    url: str
    user: str
    password: str
    database: str
    home: Path
    """The server's home: data, logs and conf; gone with the server where the tests made it."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which `summit-graph --db URL` finds user, password and database."""
        return {"NEO4J_USERNAME": self.user, "NEO4J_PASSWORD": self.password, "NEO4J_DATABASE": self.database}

    def delete_nodes(self) -> None:
        """Delete every node in bounded transactions."""
        with GraphDatabase.driver(self.url, auth=(self.user, self.password)) as driver:
            with driver.session(database=self.database) as session:
                # Relationships first: a batch of nodes may hold so many that one transaction's memory does not suffice.
                for pattern in ("()-[x]->()", "(x)"):
                    delete = f"MATCH {pattern} WITH x LIMIT {DELETE_BATCH} DELETE x RETURN count(*) AS deleted"
                    while session.run(delete).single(strict=True)["deleted"]:
                        pass

    def empty(self) -> None:
        """Delete every node, and every constraint and index that somebody made."""
        self.delete_nodes()
        with GraphDatabase.driver(self.url, auth=(self.user, self.password)) as driver:
            with driver.session(database=self.database) as session:
                for record in session.run("SHOW CONSTRAINTS YIELD name").data():
                    session.run(f"DROP CONSTRAINT `{record['name']}`").consume()
                made = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"
                for record in session.run(made).data():
                    session.run(f"DROP INDEX `{record['name']}`").consume()


@contextlib.contextmanager
def running_neo4j(
    home: Path,
    *,
    bolt_port: int | None = None,
    heap_mb: int = 512,
    page_cache_mb: int = 128,
    further: Mapping[str, str] | None = None,
) -> Iterator[Neo4jServer]:
    """A server with this home folder and `further` settings, stopped (by its own process id) when the block is left.

    Raises ToolMissing where Java or the jars cannot be had, RuntimeError with the log's end where it does not come up.
    """
    program, jars = java(), neo4j_jars()
    port = bolt_port or free_port()
    configuration = write_configuration(home, port, page_cache_mb, further)
    log = home / "console.log"
    memory = (f"-Xms{min(256, heap_mb)}m", f"-Xmx{heap_mb}m")
    entry = ["org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}", f"--config-dir={configuration}"]
    with log.open("ab") as console:
        process = subprocess.Popen(
            [program, *memory, *JAVA_OPTIONS, "-cp", f"{jars}/*", *entry],
            stdout=console,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            url = f"bolt://127.0.0.1:{port}"
            password = _first_password(url, home, process, log)
            yield Neo4jServer(url, "neo4j", password, "neo4j", home)
        finally:
            _stop(process)


def write_configuration(
    home: Path, bolt_port: int, page_cache_mb: int, further: Mapping[str, str] | None = None
) -> Path:
    """Write `conf/neo4j.conf` below the home folder and return the folder that holds it."""
    folder = home / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.listen_address": f"127.0.0.1:{bolt_port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "server.memory.pagecache.size": f"{page_cache_mb}m",
        # Reading transactions alone do not stop LOAD CSV from reading the host's files.
        "dbms.security.allow_csv_import_from_file_urls": "false",
        "dbms.usage_report.enabled": "false",
        # A test's database is small: no quarter of a gigabyte of log ahead of the first write.
        "db.tx_log.preallocate": "false",
    } | dict(further or {})
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    (folder / "neo4j.conf").write_text("".join(lines), encoding="utf-8")
    return folder


def _first_password(url: str, home: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server answers, and set its password where it still has the one it was born with."""
    kept = home / "password"
    password = kept.read_text(encoding="utf-8") if kept.exists() else None
    if password is None:
        password = secrets.token_urlsafe(12)
        change = f"ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO '{password}'"
        _run_when_up(url, ("neo4j", "neo4j"), "system", change, process, log)
        kept.touch(mode=0o600)
        kept.write_text(password, encoding="utf-8")
    _run_when_up(url, ("neo4j", password), "neo4j", "RETURN 1", process, log)
    return password


def _run_when_up(
    url: str, auth: tuple[str, str], database: str, statement: str, process: subprocess.Popen[bytes], log: Path
) -> None:
    """Run one statement as soon as the database takes it (unmanaged: managed ones retry with growing pauses)."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with GraphDatabase.driver(url, auth=auth) as driver, driver.session(database=database) as session:
                session.run(statement).consume()
            return
        except (ServiceUnavailable, TransientError):
            time.sleep(0.2)
    end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"Neo4j did not come up within {START_TIMEOUT_S:.0f} s; its log ends with:\n{end}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    """Serve in the foreground until Ctrl-C; the data stays in the home folder for the next time."""
    parser = argparse.ArgumentParser(prog="make neo4j", description=main.__doc__)
    parser.add_argument("--home", type=Path, default=PROJECT / "build" / "neo4j-home", help="where its data lies")
    parser.add_argument("--port", type=int, default=7687, help="Bolt port (another free one where it is taken)")
    options = parser.parse_args()
    port = options.port if is_free(options.port) else free_port()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Neo4j Community {neo4j_version()} is starting; its data lies in {options.home}", file=sys.stderr)
    try:
        with running_neo4j(options.home, bolt_port=port, heap_mb=1024, page_cache_mb=512) as server:
            print(f"URL       {server.url}\nuser      {server.user}\npassword  {server.password}\n")
            print(f"export NEO4J_USERNAME={server.user} NEO4J_PASSWORD={server.password} SUMMIT_DB={server.url}")
            print("Ctrl-C stops it.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except ToolMissing as missing:
        print(f"make neo4j: {missing}", file=sys.stderr)
        return 1
    return 0


def temporary_home() -> tempfile.TemporaryDirectory[str]:
    """A home folder that goes away with its context."""
    return tempfile.TemporaryDirectory(prefix="summit-neo4j-", ignore_cleanup_errors=True)


if __name__ == "__main__":
    sys.exit(main())
