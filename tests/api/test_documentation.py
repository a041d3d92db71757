"""docs/api.md says what the service does, its examples run, and /docs opens with no network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import sync_playwright

from api.formats import MEDIA_TYPES
from summit_graph.queries import packaged_catalogue
from tests.api.serving import PROJECT, Serving
from tests.services.missing import skip_or_fail

PAGE = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
OUTSIDE_THE_SPECIFICATION = {"/openapi.json"}


def rows_of(head: str) -> list[list[str]]:
    """The rows of the table with that first cell in its head."""
    table = PAGE.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_every_route_is_in_the_table_and_every_row_is_a_route() -> None:
    import json

    from tests.house.reference import specification_text

    specification = json.loads(specification_text())
    served = {f"{method.upper()} {path}" for path, methods in specification["paths"].items() for method in methods}
    for query in packaged_catalogue():
        served.remove(f"GET /api/v1/queries/{query.name}")
    told = {row[0].strip("`").partition("?")[0] for row in rows_of("route")}
    assert told == served | {"GET /openapi.json", "GET /api/v1/queries/<name>"}


def test_every_status_that_an_operation_documents_is_in_the_table() -> None:
    import json

    from tests.house.reference import specification_text

    paths = json.loads(specification_text())["paths"]
    documented = {status for methods in paths.values() for one in methods.values() for status in one["responses"]}
    told = {row[0] for row in rows_of("status")}
    # A path that knows the request's method never says 405, and too long a head reaches no path.
    assert told == documented - {"200"} | {"405", "431"}


def test_every_format_is_in_the_table() -> None:
    told = {row[0].partition(" ")[0].strip("`"): row[1].partition(" ")[0].strip("`") for row in rows_of("`format`")}
    assert told == MEDIA_TYPES


def example(language: str) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found[0]


def test_the_examples_print_the_same_names(served: Serving, tmp_path: Path, client: TestClient) -> None:
    rows = client.get("/api/v1/queries/shared_neurons?class_a=0&class_b=1&limit=5").json()["rows"]
    names = [row["neuron"] for row in rows]
    assert len(names) >= 3
    base = served.address
    programs = {
        "node": (["node", "--input-type=module"], f"const base = {base!r};\n{example('js')}"),
        sys.executable: ([sys.executable, "-"], f"base = {base!r}\n{example('python')}"),
        "curl": (["bash", "-eu"], f"base={base}\n{example('sh')}"),
    }
    for program, (command, text) in programs.items():
        if shutil.which(program) is None:
            skip_or_fail(f"no {program} on this machine")
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split("\n")[:-1] == names, program


def test_the_specification_opens_as_a_page_without_a_network(served: Serving, chromium_path: Path) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{served.address}docs")
        page.get_by_text("/api/v1/queries/class_neurons", exact=True).click(timeout=60_000)
        page.get_by_text("Which neurons", exact=False).first.wait_for(timeout=60_000)
        browser.close()
    assert complaints == []
    assert all(address.startswith((served.address, "data:", "blob:")) for address in asked)
    assert any(address.endswith("openapi.json") for address in asked)


def test_importing_the_service_imports_no_torch() -> None:
    program = "import sys, api.app, api.serving; print('torch' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.strip() == "False False"


def test_every_route_is_counted_by_its_own_name(client: TestClient) -> None:
    assert isinstance(client.app, FastAPI)
    client.get("/api/v1/queries/class_neurons?class=4")
    client.get("/api/v1/queries/nothing")
    client.get("/somewhere/else")
    client.get(f"/api/v1/pictures/small/{'0' * 64}.webp")
    client.get("/docs/start.js")
    text = client.get("/metrics").text
    assert 'route="/api/v1/pictures/{run}/{name}",status="404"' in text
    assert 'route="/api/v1/queries/{name}",status="404"' in text
    assert 'route="/docs/{name}",status="200"' in text
    assert 'route="/api/v1/queries/class_neurons",status="200"' in text
    assert 'route="other",status="404"' in text
    assert 'summit_graph_query_seconds_count{query="class_neurons"}' in text
    assert "somewhere" not in text
    assert "\nsummit_graph_seats_taken 0\n" in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+', line) for line in lines)


@pytest.mark.parametrize("name", ["start.js", "swagger-ui.css", "nothing.js", "..%2Findex.html"])
def test_only_the_pages_own_files_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == (200 if name in {"start.js", "swagger-ui.css"} else 404)
