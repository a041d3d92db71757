"""The compose file asks for what the command and the settings have. (That it runs is unproven: no Docker engine.)"""

from __future__ import annotations

import json
import re

from summit_graph.settings import SETTINGS
from tests.house.sources import PROJECT
from tests.house.test_docs import problem_of
from tests.services.neo4j_jars import neo4j_version

TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_commands_that_its_services_run_exist() -> None:
    commands = [json.loads(found) for found in re.findall(r"^    command: (\[.*\])$", TEXT, re.MULTILINE)]
    assert [command[0] for command in commands] == ["serve", "load"]
    assert [problem for command in commands if (problem := problem_of(["summit-graph", *command]))] == []


def test_the_variables_that_it_sets_are_settings() -> None:
    block = TEXT.split("environment: &store\n")[1].split("    ports:")[0]
    variables = set(re.findall(r"^      (\w+):", block, re.MULTILINE))
    assert variables == {"SUMMIT_DB", "NEO4J_USERNAME", "NEO4J_PASSWORD"}
    assert variables <= {setting.variable for setting in SETTINGS}


def test_its_neo4j_is_the_one_that_the_tests_start() -> None:
    [version] = re.findall(r"image: neo4j:([\d.]+)-community", TEXT)
    assert neo4j_version().startswith(f"{version}.")


def test_its_neo4j_reads_no_files_and_listens_on_this_machine_only() -> None:
    assert 'NEO4J_dbms_security_allow__csv__import__from__file__urls: "false"' in TEXT
    ports = re.findall(r'^      - "([\d.:]+)"$', TEXT, re.MULTILINE)
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)
