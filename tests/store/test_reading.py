"""What passes as a read, judged by its tokens and not by words in names and strings."""

from __future__ import annotations

import pytest

from summit_graph.errors import InvalidParameter, SummitError
from summit_graph.store.reading import parameters_of
from summit_graph.store.values import checked_parameters

READING = [
    "MATCH (n) RETURN n.load AS load, n.copy AS `CREATE`",
    "MATCH (n:Set)-[:DELETE|CREATE]->(m) WHERE n.name = 'LOAD CSV FROM' RETURN {set: 1, create: n.x} AS x",
    'MATCH (n) WHERE n.name = "it\'s; CREATE (m) // no comment" RETURN n',
    "MATCH (n) WHERE n.x STARTS WITH prefix RETURN n ORDER BY n.x DESC, n.y LIMIT 3",
    "MATCH (n) WHERE n.x CONTAINS 'a' AND n.y ENDS WITH 'b' RETURN n.x AS set",
    "MATCH (n) WHERE n.x IS NOT NULL AND NOT n.y RETURN DISTINCT n",
    "MATCH (n) WHERE n.a IN [1] AND n.b IS NULL OR n.c XOR n.d RETURN n",
    "RETURN 1 AS x UNION ALL RETURN 2 AS x",
    "MATCH (n) WITH * WHERE n.x > 1 RETURN *",
    "MATCH (n) RETURN CASE WHEN n.x > 1 THEN load ELSE copy END AS y",
    "MATCH (n) RETURN CASE n.x WHEN 1 THEN 2 END AS y",
    "OPTIONAL MATCH p = (a)-[*1..3]->(b) RETURN p",
    "MATCH (a)-[e:FEEDS* SHORTEST 1..3]->(b) RETURN length(e)",
    "MATCH (a)-[e:FEEDS* ACYCLIC 1..3 (r, n | WHERE r.count > 1)]->(b) RETURN 1 AS x",
    "MATCH p = SHORTEST 2 (a:X)-[:R]->+(b:Y) RETURN p",
    "MATCH p = ALL SHORTEST (a:X)-[:R]->+(b:Y) RETURN p",
    "MATCH (a:X) ((:X)-[r:R WHERE r.x > 1]->(:X)){1,3} (b) RETURN a",
    "MATCH (n) CALL (n) { MATCH (n)-->(m) RETURN count(m) AS c } RETURN n, c",
    "MATCH (n) WHERE EXISTS { MATCH (n)-->(m) } RETURN COUNT { (n)--() } AS c",
    "MATCH (n) RETURN n {.id, .name, x: 1, n} AS m",
    "WITH [x IN range(1, 3) WHERE x > 1 | x * 2] AS l UNWIND l AS i RETURN i // CREATE (m)",
    "MATCH (n) RETURN count(*) AS n, count(DISTINCT n.x) AS m /* DELETE n */ SKIP 1 LIMIT $limit;",
    "MATCH (n) WHERE all(x IN n.l WHERE x = 1) RETURN reduce(a = 0, x IN n.l | a + x) AS s",
    "MATCH (n) USING INDEX n:Class(id) WHERE n.id = 'x' RETURN n",
    "RETURN 1e5 AS a, .5 AS b, -2 * 3 AS c, [1, 2][0] AS d, 'x' =~ '.*' AS e",
    "WITH 1 AS create RETURN create, create + 1 AS y",
    "  // what it answers\n// CREATE\nMATCH (n) RETURN n",
]

WRITING_OR_WORSE = [
    "",
    "CREATE (n)",
    "MERGE (n:X)",
    "MATCH (n) CREATE (m)",
    "MATCH (n) SET n.x = 1",
    "MATCH (n) REMOVE n.x",
    "MATCH (n) DELETE n",
    "MATCH (n) DETACH DELETE n",
    "MATCH (n) INSERT (m)",
    "MATCH (n) FOREACH (x IN [1] | CREATE (:X))",
    "MATCH (n) RETURN n; CREATE (m)",
    "RETURN 1; RETURN 2",
    "LOAD CSV FROM 'file:///etc/passwd' AS l RETURN l",
    "MATCH (n) LOAD CSV FROM 'http://host/x' AS l RETURN l",
    "MATCH (n) WITH n.x AS load CSV FROM 'x' AS l RETURN l",
    "LOAD FROM '/etc/passwd' RETURN *",
    "COPY (MATCH (n) RETURN n) TO 'x.csv'",
    "EXPORT DATABASE 'x'",
    "IMPORT DATABASE 'x'",
    "INSTALL json",
    "ATTACH 'x' AS y",
    "CALL show_tables() RETURN *",
    "CALL TIMEOUT=0",
    "CALL db.labels()",
    "MATCH (n) CALL apoc.load.json('x') YIELD value RETURN value",
    "OPTIONAL CALL apoc.x() RETURN 1",
    "CALL { CREATE (n) } RETURN 1",
    "MATCH (n) CALL (n) { SET n.x = 1 } RETURN n",
    "UNWIND [1] AS x CALL { WITH x MERGE (n) } RETURN x",
    "MATCH (n) CALL (n) { DELETE n } IN TRANSACTIONS OF 10 ROWS",
    "MATCH (n) WHERE EXISTS { CREATE (m) } RETURN 1",
    "RETURN 1 UNION CREATE (n) RETURN 1",
    "RETURN 1 UNION ALL CREATE (n) RETURN 1",
    "MATCH (n) WITH * CREATE (m)",
    "MATCH (n) WITH DISTINCT * CREATE (m)",
    "MATCH (n) WITH n ORDER BY n.x DESC CREATE (m)",
    "MATCH (n) WITH n LIMIT 1 CREATE (m)",
    "MATCH (n) WITH n LIMIT $x MERGE (m)",
    "RETURN CASE WHEN true THEN 1 END CREATE (n)",
    "MATCH (n) /* x */ cReAtE /* y */ (m)",
    "MATCH (n) // x\n  CREATE (m)",
    "MATCH (n) // x\r CREATE (m)",
    "\\u0043REATE (n)",
    "RETURN '\\u0027 CREATE (n) //'",
    "CHECKPOINT",
    "BEGIN TRANSACTION",
    "EXPLAIN MATCH (n) RETURN n",
    "PROFILE MATCH (n) RETURN n",
    "CYPHER 5 MATCH (n) CREATE (m)",
    "USE system MATCH (n) RETURN n",
    "SHOW DATABASES",
    "FINISH",
    "DROP TABLE Run",
    "RETURN 'abc",
    "RETURN `abc",
    "MATCH (n) /* not closed",
]


@pytest.mark.parametrize("text", READING)
def test_a_reading_query_passes_whatever_names_and_strings_spell(text: str) -> None:
    parameters_of(text)


@pytest.mark.parametrize("text", WRITING_OR_WORSE)
def test_what_writes_calls_or_reaches_out_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SummitError) as refused:
        parameters_of(text)
    assert "\n" not in str(refused.value)


def test_parameters_are_found_outside_strings_and_comments() -> None:
    assert parameters_of("MATCH (n {id: $id}) WHERE n.x = '$no' RETURN $`of two words` // $nor") == {
        "id",
        "of two words",
    }


def test_a_missing_parameter_is_named_and_a_further_one_is_left_out() -> None:
    with pytest.raises(InvalidParameter, match=r"\$b") as refused:
        checked_parameters("RETURN $a, $b", {"a": 1})
    assert refused.value.parameter == "b"
    assert checked_parameters("RETURN $a", {"a": 1, "b": 2}) == {"a": 1}


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, float("nan"), float("inf"), object(), [2**70], {1: 2}, b"x"])
def test_a_value_that_an_engine_cannot_take_is_refused(value: object) -> None:
    with pytest.raises(InvalidParameter, match="cannot be sent"):
        checked_parameters("RETURN $a", {"a": value})
