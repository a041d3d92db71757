"""Node-link JSON, GraphML and circuit-tracer's JSON: every vertex and edge, as their readers have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pytest
from typer.testing import CliRunner

from summit_graph.cli import app
from summit_graph.exchange.class_graphs import open_class_graphs
from summit_graph.exchange.graphml import NAMESPACE, write_graphml
from summit_graph.exchange.node_link import write_node_link
from summit_graph.exchange.vertices import ExportReport, Vertices
from summit_graph.run import Run
from tests.runs import make_run

FORMATS = {"node-link": write_node_link, "graphml": write_graphml}
Expected = tuple[dict[str, dict[str, Any]], dict[tuple[str, str], dict[str, Any]]]


def expected(run: Run, number: int, scope: str, prefix: str = "") -> Expected:
    """A class's vertices and edges, row by row from the run's tables."""
    layers = [layer.name for layer in run.manifest.layers]
    place = {row["neuron"]: (row["layer_index"], row["channel"]) for row in run.table("neurons").to_pylist()}
    name = {neuron: f"{layers[index]}/{channel}" for neuron, (index, channel) in place.items()}
    images = {row["class"]: row["images"] for row in run.table("classes").to_pylist()}[number]
    known = {row["neuron"]: row for row in run.table("activations", number).to_pylist()}
    rows = [row for row in run.table("influences", number).to_pylist() if scope == "all" or row["selected"]]
    chosen = {neuron for neuron, row in known.items() if row["selected"]}
    if scope == "all":
        chosen |= {row[end] for row in rows for end in ("source", "target")}
    nodes = {}
    for neuron in chosen:
        row = known.get(neuron, {"count": 0, "importance": 0.0, "selected": False})
        nodes[prefix + name[neuron]] = {
            "neuron": name[neuron],
            "layer": layers[place[neuron][0]],
            "layer_index": place[neuron][0],
            "channel": place[neuron][1],
            "count": row["count"],
            "share": row["count"] / images if images else None,
            "importance": row["importance"],
            "selected": row["selected"],
        }
    edges = {
        (prefix + name[row["source"]], prefix + name[row["target"]]): {
            "count": row["count"],
            "share": row["count"] / images if images else None,
            "selected": row["selected"],
        }
        for row in rows
    }
    return nodes, edges


def read_node_link(path: Path) -> nx.DiGraph:
    return nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")))


def read_graphml(path: Path, only_one: bool) -> nx.DiGraph:
    """The graph as networkx reads it, its nodes called by neuron (and class)."""
    graph = nx.read_graphml(path)
    names = {
        node: values["neuron"] if only_one else f"{values['class']}/{values['neuron']}"
        for node, values in graph.nodes(data=True)
    }
    assert all(values.pop("label") == values["neuron"] for _, values in graph.nodes(data=True))
    for _, _, values in graph.edges(data=True):
        assert values.pop("weight") == (values["share"] if "share" in values else values["count"])
    return nx.relabel_nodes(graph, names)


def content(graph: nx.DiGraph) -> Expected:
    """Nodes and edges with what is known of them; what is unknown (null or left out) is None."""
    nodes = {str(node): {"share": None, **values} for node, values in graph.nodes(data=True)}
    edges = {(str(a), str(b)): {"share": None, **values} for a, b, values in graph.edges(data=True)}
    return nodes, edges


@pytest.mark.parametrize("run_name", ["small_run", "countless_run"])
@pytest.mark.parametrize("scope", ["selected", "all"])
@pytest.mark.parametrize("kind", FORMATS)
def test_one_class_s_graph_is_read_back_equal(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, scope: Any, run_name: str
) -> None:
    run: Run = request.getfixturevalue(run_name)
    for number in (0, 7):
        with open_class_graphs(run.directory, None) as graphs:
            report = FORMATS[kind](Vertices(graphs, graphs.names.find_class(number), scope), tmp_path / "graph")
        path = tmp_path / "graph"
        graph = read_node_link(path) if kind == "node-link" else read_graphml(path, only_one=True)
        nodes, edges = expected(run, number, scope)
        assert content(graph) == (nodes, edges)
        assert report == ExportReport(run.manifest.run, 1, len(nodes), len(edges))
        assert graph.graph["class"] == number
        assert len(edges) > 2


@pytest.mark.parametrize("kind", FORMATS)
def test_all_classes_stand_side_by_side(small_run: Run, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "graph"
    with open_class_graphs(small_run.directory, None) as graphs:
        report = FORMATS[kind](Vertices(graphs, None, "selected"), path)
    graph = read_node_link(path) if kind == "node-link" else read_graphml(path, only_one=False)
    names = {row["class"]: row["name"] for row in small_run.table("classes").to_pylist()}
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], dict[str, Any]] = {}
    for number in small_run.class_numbers:
        of_class = expected(small_run, number, "selected", f"{number}/")
        nodes |= {key: {"class": number, "class_name": names[number], **row} for key, row in of_class[0].items()}
        edges |= of_class[1]
    assert content(graph) == (nodes, edges)
    assert report == ExportReport("small", 5, len(nodes), len(edges))


@pytest.mark.parametrize("kind", [*FORMATS, "circuit-tracer"])
def test_a_store_and_its_run_are_exported_alike(
    small_run: Run, countless_run: Run, exported_store: Path, tmp_path: Path, kind: str
) -> None:
    for run in (small_run, countless_run):
        places = {
            "run": [str(run.directory)],
            "store": ["--db", str(exported_store), "--run", run.manifest.run],
        }
        said = {}
        for place, words in places.items():
            only = ["--class", "brown bear"] if kind == "circuit-tracer" else []
            done = CliRunner().invoke(app, ["export", kind, *words, *only, "--out", str(tmp_path / place)])
            assert done.exit_code == 0, done.output
            said[place] = json.loads(done.stdout)
        assert (tmp_path / "run").read_bytes() == (tmp_path / "store").read_bytes()
        assert said["run"] == said["store"]
        assert said["run"]["edges"] > 5


NMTOKEN = re.compile(r"[\w.:-]+", re.ASCII)
CHILDREN = {
    "graphml": ["key", "graph"],
    "graph": ["data", "node", "edge"],
    "node": ["data"],
    "edge": ["data"],
    "key": [],
    "data": [],
}
ATTRIBUTES = {
    "graphml": (set(), {"{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"}),
    "key": ({"id"}, {"id", "for", "attr.name", "attr.type"}),
    "graph": ({"edgedefault"}, {"edgedefault", "id"}),
    "node": ({"id"}, {"id"}),
    "edge": ({"source", "target"}, {"id", "source", "target"}),
    "data": ({"key"}, {"key"}),
}
TYPES = {
    "long": r"-?\d+",
    "double": r"-?(\d+(\.\d*)?([eE][-+]?\d+)?)",
    "boolean": "true|false",
    "string": r"[\s\S]*",
}


def breaches(path: Path) -> Iterator[str]:
    """Where a file breaks a rule of GraphML's schema (graphml-structure and graphml-attributes, version 1.0)."""
    tree = ElementTree.parse(path)
    root = tree.getroot()
    keys = {element.get("id"): element for element in root.findall(f"{{{NAMESPACE}}}key")}
    nodes = {element.get("id") for element in root.iter(f"{{{NAMESPACE}}}node")}
    ids = [element.get("id") for kind in ("node", "key") for element in root.iter(f"{{{NAMESPACE}}}{kind}")]
    if len(set(ids)) < len(ids):
        yield "an id is there twice"
    for element in root.iter():
        namespace, _, kind = element.tag[1:].partition("}")
        if namespace != NAMESPACE or kind not in CHILDREN:
            yield f"{element.tag} is no element"
            continue
        needed, allowed = ATTRIBUTES[kind]
        if not needed <= set(element.keys()) <= allowed:
            yield f"{kind} has the attributes {sorted(element.keys())}"
        below = [child.tag.rpartition("}")[2] for child in element]
        ranks = [CHILDREN[kind].index(name) for name in below if name in CHILDREN[kind]]
        if len(ranks) < len(below) or ranks != sorted(ranks):
            yield f"{kind} holds {below}"
        if not all(NMTOKEN.fullmatch(str(element.get(name, "x"))) for name in ("id", "source", "target", "key")):
            yield f"{kind} has an id that is no NMTOKEN"
        if kind == "edge" and not {element.get("source"), element.get("target")} <= nodes:
            yield f"an edge ends in no node: {element.attrib}"
        for data in element.findall(f"{{{NAMESPACE}}}data"):
            key = keys.get(data.get("key"))
            if key is None or key.get("for") != kind:
                yield f"{kind} has data of {data.get('key')}"
            elif not re.fullmatch(TYPES[str(key.get("attr.type"))], data.text or ""):
                yield f"{data.get('key')} is {data.text!r}"


@pytest.mark.parametrize("run_name", ["small_run", "countless_run"])
@pytest.mark.parametrize("only", [None, 7])
def test_graphml_keeps_the_rules_of_its_schema(
    request: pytest.FixtureRequest, tmp_path: Path, only: int | None, run_name: str
) -> None:
    run: Run = request.getfixturevalue(run_name)
    with open_class_graphs(run.directory, None) as graphs:
        of_class = None if only is None else graphs.names.find_class(only)
        write_graphml(Vertices(graphs, of_class, "all"), tmp_path / "graph.graphml")
    assert list(breaches(tmp_path / "graph.graphml")) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('<node id="n0">', '<node id="n 0">', "no NMTOKEN"),
        ('<node id="n0">', '<node id="n1">', "there twice"),
        ('target="n', 'target="m', "ends in no node"),
        ('<data key="edge.count">', '<data key="edge.weight">x', "edge.weight is"),
        ('<data key="edge.count">', '<data key="node.count">', "edge has data of node.count"),
        ('edgedefault="directed"', 'directed="yes"', "graph has the attributes"),
    ],
)
def test_a_breach_of_the_schema_is_noticed(small_run: Run, tmp_path: Path, before: str, after: str, said: str) -> None:
    path = tmp_path / "graph.graphml"
    with open_class_graphs(small_run.directory, None) as graphs:
        write_graphml(Vertices(graphs, graphs.names.find_class(0), "selected"), path)
    path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
    assert any(said in breach for breach in breaches(path))


def test_names_that_need_escaping_are_read_back(tmp_path: Path) -> None:
    name = 'a <b> & "c" \x07 é \N{ARABIC LETTER ALEF}'
    run = make_run(tmp_path / "run", classes=[name])
    with open_class_graphs(run.directory, None) as graphs:
        whole = Vertices(graphs, None, "selected")
        write_graphml(whole, tmp_path / "graph.graphml")
        write_node_link(whole, tmp_path / "graph.json")
    read = nx.read_graphml(tmp_path / "graph.graphml")
    # XML 1.0 has no place for a bell.
    assert {values["class_name"] for _, values in read.nodes(data=True)} == {name.replace("\x07", "")}
    assert {values["class_name"] for _, values in read_node_link(tmp_path / "graph.json").nodes(data=True)} == {name}


NODE_TYPES: dict[str, Any] = {
    "node_id": str,
    "feature": int,
    "layer": str,
    "ctx_idx": int,
    "feature_type": str,
    "token_prob": float,
    "is_target_logit": bool,
    "run_idx": int,
    "reverse_ctx_idx": int,
    "jsNodeId": str,
    "clerp": str,
    "influence": (float, type(None)),
    "activation": (float, type(None)),
}
"""The fields of a node in circuit-tracer's graph models, schema version 1."""


def test_circuit_tracer_has_the_class_s_neurons_edges_and_logit(small_run: Run, tmp_path: Path) -> None:
    words = ["export", "circuit-tracer", str(small_run.directory), "--class", "brown bear", "--out"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "graph.json")])
    assert done.exit_code == 0, done.output
    graph = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    nodes, edges = expected(small_run, 4, "selected")
    assert list(graph) == ["metadata", "qParams", "nodes", "links"]
    assert graph["metadata"]["slug"] == "small-4-brown-bear"
    assert graph["metadata"]["schema_version"] == 1
    assert graph["metadata"]["prompt_tokens"] == ["brown bear"]
    assert set(graph["qParams"]) == {"pinnedIds", "supernodes", "linkType", "clickedId", "sg_pos"}
    for node in graph["nodes"]:
        assert node.keys() == NODE_TYPES.keys()
        assert all(isinstance(node[name], kind) for name, kind in NODE_TYPES.items())
    *features, logit = graph["nodes"]
    assert {node["clerp"]: node["activation"] for node in features} == {
        neuron: row["share"] for neuron, row in nodes.items()
    }
    assert (logit["feature_type"], logit["is_target_logit"], logit["clerp"]) == ("logit", True, "brown bear")
    caption = {node["node_id"]: node["clerp"] for node in graph["nodes"]}
    assert len(caption) == len(graph["nodes"]) == len({node["jsNodeId"] for node in graph["nodes"]})
    assert {(caption[link["source"]], caption[link["target"]]): link["weight"] for link in graph["links"]} == {
        ends: row["share"] for ends, row in edges.items()
    }
    # Importances are eighths, so their sums are exact.
    whole = sum(row["importance"] for row in nodes.values())
    held = 0.0
    for node in features:
        held += nodes[node["clerp"]]["importance"]
        assert node["influence"] == held / whole
    assert [nodes[node["clerp"]]["importance"] for node in features] == sorted(
        (row["importance"] for row in nodes.values()), reverse=True
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("node-link",), 2, "give one of the two: a run directory, or --db URL"),
        (("node-link", "{run}", "--db", "{store}"), 2, "give one of the two"),
        (("graphml", "{run}", "--run", "small"), 2, "--run goes with --db"),
        (("graphml", "{run}", "--class", "tnch"), 1, "tench"),
        (("circuit-tracer", "{run}"), 2, "--class"),
        (("node-link", "--db", "{store}", "--run", "small", "--scope", "all"), 1, "give the run directory"),
        (("node-link", "nowhere"), 1, "nowhere is no run directory"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    small_run: Run, exported_store: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    spoken = [word.format(run=small_run.directory, store=exported_store) for word in words]
    done = CliRunner().invoke(app, ["export", *spoken, "--out", str(tmp_path / "out")])
    message = str(done.exception) if done.exit_code == 1 else done.stderr
    assert (done.exit_code, said in " ".join(message.replace("│", " ").split())) == (code, True), message
    assert not (tmp_path / "out").exists()
