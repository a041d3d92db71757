"""The compose file asks for what the command, the settings and a real Neo4j have. (That it runs is unproven.)"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import neo4j
import pytest
import yaml  # type: ignore[import-untyped]

from summit_graph.settings import SETTINGS
from tests.house.sources import PROJECT
from tests.house.test_docs import problem_of
from tests.services.missing import ToolMissing, skip_or_fail
from tests.services.neo4j_jars import neo4j_version
from tests.services.neo4j_server import running_neo4j

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
IMAGE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")


def neo4j_settings() -> dict[str, str]:
    """Neo4j's own settings, as its image reads them from variables: `_` for `.`, `__` for `_`."""
    names = {name: value for name, value in SERVICES["neo4j"]["environment"].items() if name != "NEO4J_AUTH"}
    return {
        name.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_"): str(value)
        for name, value in names.items()
    }


def test_it_is_valid_by_the_compose_specification(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("services: {a: {image: b, command: 3}}\n", encoding="utf-8")
    for file, valid in ((PROJECT / "docker-compose.yml", True), (tmp_path / "wrong.yml", False)):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == valid, done.stdout


def test_it_has_neo4j_the_service_and_a_loader_that_is_asked_for() -> None:
    assert set(SERVICES) == {"neo4j", "service", "load"}
    assert SERVICES["load"]["profiles"] == ["load"]
    for name in ("service", "load"):
        assert SERVICES[name]["build"] == "."
        assert SERVICES[name]["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    assert "healthcheck" in SERVICES["neo4j"]
    assert "NEO4J_PLUGINS" not in SERVICES["neo4j"]["environment"]


def test_the_commands_that_its_services_run_exist() -> None:
    commands = [SERVICES[name]["command"] for name in ("service", "load")]
    commands.append(json.loads(re.findall(r"^CMD (\[.*\])$", IMAGE, re.MULTILINE)[0]))
    assert [command[0] for command in commands] == ["serve", "load", "serve"]
    assert [problem for command in commands if (problem := problem_of(["summit-graph", *command]))] == []


def test_the_variables_that_it_sets_are_settings() -> None:
    known = {setting.variable for setting in SETTINGS}
    for name in ("service", "load"):
        assert set(SERVICES[name]["environment"]) <= known
    assert SERVICES["service"]["environment"]["SUMMIT_API_KEY"]


def test_its_neo4j_is_the_one_that_the_tests_start() -> None:
    [version] = re.findall(r"neo4j:([\d.]+)-community", SERVICES["neo4j"]["image"])
    assert neo4j_version().startswith(f"{version}.")


def test_its_neo4j_reads_no_files_and_listens_on_this_machine_only() -> None:
    assert neo4j_settings()["dbms.security.allow_csv_import_from_file_urls"] == "false"
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.long
def test_a_real_neo4j_takes_its_settings(tmp_path: Path) -> None:
    """Started with them and with strict checks: an unknown name or a wrong value keeps the server from starting."""
    asked = neo4j_settings()
    try:
        with running_neo4j(tmp_path, further={**asked, "server.config.strict_validation.enabled": "true"}) as server:
            with neo4j.GraphDatabase.driver(server.url, auth=(server.user, server.password)) as driver:
                rows = driver.execute_query("SHOW SETTINGS YIELD name, value RETURN name, value").records
    except ToolMissing as missing:
        skip_or_fail(str(missing))
    taken = {row["name"]: row["value"] for row in rows}
    spelled = {"1G": "1.00GiB", "2G": "2.00GiB"}
    assert {name: taken[name] for name in asked} == {name: spelled.get(value, value) for name, value in asked.items()}


def copied() -> list[str]:
    """What the image copies from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.*)$", IMAGE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_the_image_is_of_what_lies_in_the_checkout_and_runs_as_nobody_in_particular() -> None:
    assert all((PROJECT / source).exists() for source in copied())
    kept = {line[1:] for line in (PROJECT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert kept == set(copied())
    assert re.search(r"^USER summit$", IMAGE, re.MULTILINE)
    assert "[ingest]" not in IMAGE


@pytest.mark.long
def test_the_images_steps_install_a_command_that_serves(tmp_path: Path) -> None:
    """What its RUN line does, on a copy of what it copies, with this machine's Python."""
    source, target = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    for name in copied():
        subprocess.run(["cp", "-r", str(PROJECT / name), str(source / name)], check=True)
    [step] = re.findall(r"^RUN (python -m venv .*)$", IMAGE, re.MULTILINE)
    step = step.replace("/opt/summit-graph", str(target)).replace("python -m venv", "python3 -m venv")
    done = subprocess.run(
        ["bash", "-euc", step], cwd=source, capture_output=True, text=True, timeout=1_200, check=False
    )
    assert done.returncode == 0, done.stdout[-800:] + done.stderr[-800:]
    listed = subprocess.run(
        [str(target / "bin" / "summit-graph"), "queries"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "shared_neurons" in listed.stdout
    assert not list(target.glob("lib/python3*/site-packages/torch"))
