"""The test server is what the tests take it for."""

from __future__ import annotations

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import ClientError, Neo4jError

from tests.services.neo4j_jars import neo4j_version
from tests.services.neo4j_server import Neo4jServer


def test_the_server_is_neo4j_community_of_the_named_version(neo4j_server: Neo4jServer) -> None:
    with GraphDatabase.driver(neo4j_server.url, auth=(neo4j_server.user, neo4j_server.password)) as driver:
        record = driver.execute_query(
            "CALL dbms.components() YIELD versions, edition RETURN versions[0] AS version, edition",
            database_=neo4j_server.database,
        ).records[0]
    assert (record["version"], record["edition"]) == (neo4j_version(), "community")


def test_a_csv_file_of_the_host_is_not_read(neo4j_server: Neo4jServer) -> None:
    with GraphDatabase.driver(neo4j_server.url, auth=(neo4j_server.user, neo4j_server.password)) as driver:
        with pytest.raises((ClientError, Neo4jError), match=r"(?i)configuration property|not allowed"):
            driver.execute_query(
                "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line", database_=neo4j_server.database
            )


def test_the_first_password_no_longer_opens_it(neo4j_server: Neo4jServer) -> None:
    with GraphDatabase.driver(neo4j_server.url, auth=("neo4j", "neo4j")) as driver:
        with pytest.raises(ClientError):
            driver.execute_query("RETURN 1", database_=neo4j_server.database)


def test_emptying_takes_nodes_constraints_and_indexes(neo4j_server: Neo4jServer) -> None:
    with GraphDatabase.driver(neo4j_server.url, auth=(neo4j_server.user, neo4j_server.password)) as driver:
        for statement in (
            "CREATE CONSTRAINT thing_id FOR (t:Thing) REQUIRE t.id IS UNIQUE",
            "CREATE INDEX thing_name FOR (t:Thing) ON (t.name)",
            "UNWIND range(1, 25000) AS id CREATE (:Thing {id: id, name: 'x'})",
        ):
            driver.execute_query(statement, database_=neo4j_server.database)
        neo4j_server.empty()
        counts = [
            driver.execute_query(question, database_=neo4j_server.database).records[0]["n"]
            for question in (
                "MATCH (n) RETURN count(n) AS n",
                "SHOW CONSTRAINTS YIELD name RETURN count(*) AS n",
                "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN count(*) AS n",
            )
        ]
    assert counts == [0, 0, 0]
