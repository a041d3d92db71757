"""Values said in a text for the embedded engine: it reads them as what they are, whatever is in them."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import ladybug
import pytest

from summit_graph.run import Run
from summit_graph.store import Store, open_store
from summit_graph.store.ladybug.engine import fetch
from summit_graph.store.ladybug.literals import MOST_ENTRIES, literal, planned, spelled

PIECES = [*"'\"\\nutbx0${}`;:% \n\r\t\x00\x1f\x7f\x85é漢😀\u2028\ufeff\ud7ff", "//", "/*", "*/"]
HOSTILE = [
    "' OR true //",
    "\\' OR true //",
    "\\",
    "\\\\'",
    "'})-[]-() RETURN 1 //",
    "x'; MATCH (n) RETURN n //",
    "$run",
    "\\u0027",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[ladybug.Connection]:
    """A connection to a database without anything in it."""
    with closing(ladybug.Database(":memory:")) as database, closing(ladybug.Connection(database)) as connection:
        yield connection


@pytest.fixture
def store(small_run: Run, tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(str(tmp_path / "graph.lbug"), must_exist=False)) as opened:
        opened.load(small_run)
        yield opened


def made_up_texts(number: int) -> list[str]:
    generator = random.Random(7)
    every_character = [f"a{chr(code)}b" for code in (*range(0x400), *range(0x2000, 0x2100), 0xFFFF, 0x10000, 0x10FFFF)]
    return every_character + ["".join(generator.choices(PIECES, k=generator.randrange(9))) for _ in range(number)]


def made_up_numbers(number: int) -> list[float | int]:
    generator = random.Random(8)
    patterns = (generator.getrandbits(63).to_bytes(8, "big") for _ in range(number))
    floats = [value for (value,) in (struct.unpack(">d", bits) for bits in patterns) if math.isfinite(value)]
    return [0, 1, 2**63 - 1, 0.0, 0.1, 5e-324, 1e-7, 1e22, 1.7976931348623157e308, *floats]


def test_the_engine_reads_every_literal_as_the_value_that_it_was(engine: ladybug.Connection) -> None:
    values: list[Any] = [*made_up_texts(2_000), *made_up_numbers(1_000), True, False]
    values += [["a", "b'"], [1, 2], [0.5, 1e-7], [True, False]]
    for value in values:
        [[read]] = fetch(engine, f"RETURN {literal(value)}")
        assert (type(read), read) == (type(value), value)


def test_what_cannot_be_said_is_sent() -> None:
    for value in (None, -1, -0.5, [1, 2.0], [1, None], [[1]], {"a": 1}, list(range(MOST_ENTRIES + 1))):
        assert literal(value) is None
    assert spelled("MATCH (n) WHERE n.x = $a RETURN n", {"a": -1}) == ("MATCH (n) WHERE n.x = $a RETURN n", {"a": -1})


def test_the_scope_and_what_is_null_are_said_before_a_text_is_judged() -> None:
    text = (
        "MATCH (n:Neuron) WHERE ($scope = 'all' OR n.y = '$layer') AND n.layer = coalesce($layer, n.layer) // $layer\n"
        "AND n.channel = $`channel` RETURN n.id AS `$layer` SKIP $rest LIMIT $limit"
    )
    given = {"channel": 3, "layer": None, "limit": None, "rest": None, "scope": "selected"}
    wanted = text.replace("$scope", "'selected'").replace("coalesce($layer", "coalesce(null")
    # How many rows are skipped or answered can be nothing but a number: the engine says so itself.
    assert planned(text, given) == (wanted, {"channel": 3, "limit": None, "rest": None})
    sent = {**given, "scope": "' OR true //", "layer": "null"}
    assert planned(text, sent) == (text, sent)
    assert planned(text, {**given, "channel": None})[0] == wanted.replace("$`channel`", "null")


@pytest.mark.parametrize(
    "compared",
    [
        "MATCH (c:Class {id: $a})-[:ACTIVATES]->(n) RETURN n.id AS neuron",
        "MATCH (c:`Class` {id: $`a`}) RETURN c.id AS id",
        "MATCH (n) WHERE n.x = $a AND n.y<=$a AND (n.z <> $a OR n.w IN $a) RETURN n.x AS x",
        "MATCH (n) WHERE n.x IN [$b, $a] AND n.y = coalesce($a, n.y) RETURN n.x AS x SKIP $a LIMIT $a",
        "MATCH (n) RETURN sum(CASE WHEN n.x = $a THEN 1 ELSE 0 END) AS x",
    ],
)
def test_what_is_only_compared_with_a_stored_property_is_said(compared: str) -> None:
    text, left = spelled(compared, {"a": "it's", "b": 1} if "$b" in compared else {"a": "it's"})
    assert left == {}
    assert "$a" not in text
    assert "$`a`" not in text
    assert "'it\\'s'" in text


@pytest.mark.parametrize(
    "computed",
    [
        "MATCH (n) WHERE $a = 1 RETURN n.x AS x",
        "MATCH (n) WHERE 'n.x' = $a OR n.x = 2 RETURN n.x AS x",
        "MATCH (n) WHERE true = $a RETURN n.x AS x",
        "MATCH (n) WHERE n.x = $a OR $a IS NULL RETURN n.x AS x",
        "MATCH (n) WHERE size($a) = 0 OR n.x IN $a RETURN n.x AS x",
        "MATCH (n) WITH count(n) AS nodes WHERE nodes > $a RETURN nodes",
        "MATCH (n) WHERE n.x = -$a OR n.x = coalesce($a, 1) RETURN n.x AS x",
        "MATCH (n) WHERE n.x IN [1, $a] RETURN n.x AS x",
        "WITH {id: $a} AS m MATCH (n) RETURN $a",
    ],
)
def test_what_the_engine_could_compute_with_is_sent(computed: str) -> None:
    assert spelled(computed, {"a": 5}) == (computed, {"a": 5})


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_value_finds_nothing_but_itself(store: Store, hostile: str) -> None:
    for text in (
        "MATCH (c:Class {id: $a}) RETURN c.id AS id",
        "MATCH (c:Class) WHERE c.id = $a OR c.name IN [$a] RETURN c.id AS id",
        "MATCH (c:Class) WHERE c.id = coalesce($a, c.id) RETURN c.id AS id LIMIT $b",
    ):
        assert store.read(text, {"a": hostile, "b": 5}).rows == []
    assert store.read("MATCH (c:Class) WHERE c.id <> $a RETURN count(*) AS classes", {"a": hostile}).rows[0][0] > 0
