"""The pages on the run directory and the graph name every table, column, key, label and property that the code has."""

from __future__ import annotations

import re

from summit_graph import schema
from summit_graph.run import Manifest, tables
from tests.house.sources import PROJECT

RUN_PAGE = (PROJECT / "docs" / "run-directory.md").read_text(encoding="utf-8")
GRAPH_PAGE = (PROJECT / "docs" / "graph.md").read_text(encoding="utf-8")


def test_every_table_of_a_run_is_documented_with_its_columns_in_order() -> None:
    rows = [line.split("|")[1:3] for line in RUN_PAGE.splitlines() if line.startswith("| `") and ".parquet" in line]
    documented: dict[str, list[str]] = {}
    for place, columns in rows:
        listed = re.split(r": every|: the edges|: before", columns)[0]
        names = [re.split(r"[ (]", part.strip())[0] for part in re.sub(r"\([^)]*\)", "", listed).split(",")]
        documented[re.split(r"[/.]", place.strip().strip("`"))[0]] = names
    expected = {name: table.names for name, table in {**tables.WHOLE, **tables.PER_CLASS}.items()}
    assert documented == expected


def test_every_key_of_a_manifest_is_documented() -> None:
    page = RUN_PAGE.split("## manifest.json")[1].split("The **run digest**")[0]
    documented = {
        key
        for line in page.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    manifest = Manifest("run", "model", "dataset", (), None, "", "", "")
    assert documented == set(manifest.to_json())


def test_every_label_is_documented_with_its_properties() -> None:
    documented = {
        name: re.findall(r"(\w+)(?: \(JSON\))?(?:,|$)", properties)
        for name, properties in re.findall(r"^    \(:(\w+) \{([^}]*)\}\)", GRAPH_PAGE, re.MULTILINE)
    }
    assert documented == {label.name: [entry.name for entry in label.properties] for label in schema.LABELS}


def test_every_relationship_is_documented_with_its_ends_and_properties() -> None:
    pattern = r"(?<=\(:)(\w+)\)-\[:(\w+)(?: \{([^}]*)\})?\]->(?=\(:(\w+)\))"
    documented = {
        (source, name, target): re.findall(r"\w+", properties)
        for source, name, properties, target in re.findall(pattern, GRAPH_PAGE)
    }
    expected = {
        (one.source, one.name, one.target): [entry.name for entry in one.properties] for one in schema.RELATIONSHIPS
    }
    assert documented == expected
