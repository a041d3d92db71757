"""Neo4j Community as plain jars, got once with Maven into the git-ignored `build/` folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

from tests.services.missing import ToolMissing

PROJECT = Path(__file__).resolve().parents[2]
POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17
FETCH_TIMEOUT_S = 900


def neo4j_version() -> str:
    """The version that `pom.xml` names: it stands in one place."""
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
    tree = xml.etree.ElementTree.parse(POM)
    version = tree.findtext(".//m:dependency[m:artifactId='neo4j']/m:version", namespaces=namespace)
    assert version, f"{POM} names no version of org.neo4j:neo4j"
    return version


def java() -> str:
    """Path of a `java` that Neo4j 5 runs on. Raises ToolMissing where there is none, or only an older one."""
    found = shutil.which("java")
    if found is None:
        raise ToolMissing(f"no `java` on PATH: Neo4j needs Java {OLDEST_JAVA} or newer")
    # `java -version` writes to stderr: openjdk version "17.0.15" 2025-04-15
    said = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version.group(1)) < OLDEST_JAVA:
        raise ToolMissing(f"`java` is not version {OLDEST_JAVA} or newer: {said.strip().splitlines()[:1]}")
    return found


def neo4j_jars() -> Path:
    """Folder that holds Neo4j's jars; fetched where it is not there yet (118 MB, under a minute).

    Raises ToolMissing where Maven is absent or cannot fetch them.
    """
    target = PROJECT / "build" / f"neo4j-{neo4j_version()}"
    if target.is_dir():
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolMissing("no `mvn` on PATH: Maven fetches the Neo4j server that the tests start")
    target.parent.mkdir(exist_ok=True)
    # Fetched beside the target and renamed, so that a folder of that name is always whole, whoever else fetches.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="neo4j-fetch-") as folder:
        fetched = Path(folder) / "jars"
        command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
        if done.returncode != 0:
            complaint = (done.stdout + done.stderr).strip().splitlines()[:3]
            raise ToolMissing(f"Maven could not fetch Neo4j {neo4j_version()}: {' '.join(complaint)}")
        try:
            fetched.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    return target


def main() -> int:
    """Fetch the jars before the tests run; a machine that cannot is told, and its tests skip."""
    try:
        java()
        neo4j_jars()
    except ToolMissing as missing:
        print(f"no Neo4j for the tests: {missing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
