"""Neo4j's own administration tool, out of the same jars as the server."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from tests.services.neo4j_jars import java, neo4j_jars


def run_admin_tool(command: str, home: Path, heap_mb: int = 512) -> subprocess.CompletedProcess[str]:
    """Runs a `neo4j-admin …` command as a shell would take it, on the server with this home folder, which is stopped.

    Raises ToolMissing where Java or the jars cannot be had.
    """
    words = shlex.split(command)
    assert words[0] == "neo4j-admin"
    options = [f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-cp", f"{neo4j_jars()}/*", "org.neo4j.cli.AdminTool"]
    places = {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    # It leaves a report where it runs.
    return subprocess.run(
        [java(), *options, *words[1:]],
        capture_output=True,
        text=True,
        cwd=home,
        env={**os.environ, **places},
        timeout=1800,
        check=False,
    )
