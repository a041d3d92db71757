"""The catalogue: the project's own files, folders of a user's, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from summit_graph.errors import NotFound, SummitError
from summit_graph.queries import Query, load_catalogue, packaged_catalogue
from summit_graph.queries.catalogue import parameters_of

HEADER = "// title: T\n// answers: A\n// column neuron: neuron\n"
OWN = HEADER + "MATCH (n:Neuron {run: $run}) RETURN n.id AS neuron ORDER BY n.id LIMIT $limit"
QUERIES = list(packaged_catalogue())
NODE = re.compile(r"(?<!\w)\((?P<name>[a-z]\w*)?(?P<label>:\w+)?[^()]*\)")


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_that_reads_what_is_selected_has_a_scope(query: Query) -> None:
    reads = any(word in text for text in query.texts.values() for word in ("ACTIVATES", ":Vertex", "FEEDS"))
    # Similarity takes every count that was loaded.
    reads = reads and query.name != "similar_classes"
    scopes = [parameter for parameter in query.parameters if parameter.type == "scope"]
    assert [(scope.name, scope.default) for scope in scopes] == ([("scope", "selected")] if reads else [])


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_every_node_of_a_pattern_has_a_label_and_every_answer_an_order(query: Query) -> None:
    for text in query.texts.values():
        bound: set[str] = set()
        patterns = [line for line in text.splitlines() if line.startswith(("MATCH", "OPTIONAL MATCH"))]
        assert patterns
        for node in (found for line in patterns for found in NODE.finditer(line)):
            assert node["label"] or node["name"] in bound, node[0]
            bound |= {node["name"]}
        # What a search makes of the rows has an order of its own.
        assert "ORDER BY" in text or query.header.search or query.name == "run_contents"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_an_example_is_one_of_published_classes(query: Query) -> None:
    needed = {parameter.name for parameter in query.parameters if parameter.required}
    assert needed <= set(query.example)


def test_a_name_may_have_hyphens_and_an_unknown_one_names_the_nearest() -> None:
    catalogue = packaged_catalogue()
    assert catalogue.get("shared-neurons") is catalogue.get("shared_neurons")
    with pytest.raises(NotFound, match="did you mean shared_neurons, ") as refusal:
        catalogue.get("shard_neurons")
    assert refusal.value.nearest[0] == "shared_neurons"
    with pytest.raises(NotFound, match=r"did you mean \w+\? `summit-graph queries` lists them all$"):
        catalogue.get("zzz")


def test_a_folder_of_queries_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_neurons.cypher").write_text(OWN)
    (tmp_path / "my_neurons.ladybug.cypher").write_text("MATCH (n:Neuron) RETURN n.id AS neuron ORDER BY n.id")
    assert set(load_catalogue(tmp_path).names) == {*packaged_catalogue().names, "my_neurons"}
    query = load_catalogue(tmp_path, tmp_path).get("my_neurons")
    assert query.text("neo4j").startswith("MATCH (n:Neuron {run")
    assert query.text("ladybug").startswith("MATCH (n:Neuron) RETURN")
    monkeypatch.setenv("SUMMIT_QUERIES", str(tmp_path))
    assert "my_neurons" in load_catalogue()
    assert "my_neurons" not in packaged_catalogue()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("shared_neurons.cypher", OWN, "names are taken once"),
        ("My-Neurons.cypher", OWN, "a query's name is small letters"),
        ("mine.ladybug.cypher", "RETURN 1", "stands beside no mine.cypher"),
        ("mine.cypher", HEADER, "no query under the header"),
        ("mine.cypher", OWN + " // $other\nSKIP $other", "$other, which the header does not declare"),
        ("mine.cypher", OWN.replace("// col", "// parameter k: integer = 1\n// col"), "k, which the text does not use"),
        (
            "mine.cypher",
            OWN.replace("// col", "// search: find\n// col"),
            "no search 'find': there are class_edges,",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, file: str, text: str, said: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(SummitError) as refusal:
        load_catalogue(tmp_path)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith(str(tmp_path / file))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SummitError, match="is no folder of queries"):
        load_catalogue(tmp_path / "missing")
    (tmp_path / "latin.cypher").write_bytes(b"// title: caf\xe9\n")
    with pytest.raises(SummitError, match="cannot be read"):
        load_catalogue(tmp_path)


def test_parameters_in_strings_and_comments_do_not_count() -> None:
    text = """RETURN $a, '$b \\' $c', "$d", `$e` /* $f
    $g */ // $h
    , $_i"""
    assert parameters_of(text) == {"a", "_i"}
