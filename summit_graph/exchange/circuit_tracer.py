"""One class's graph in circuit-tracer's graph JSON (schema version 1), which its viewer and Neuronpedia's draw.

That format is of language models; a classifier's class graph is put into it so:

1. The prompt is one token, the class's name; every node stands at its position, 0.
2. A neuron is a feature node: `layer` its layer's index, `node_id` layer_channel_position, `feature` the Cantor pairing
   of layer index and channel by which viewers know features, `clerp` (its caption) layer/channel, `activation` its
   strength. `influence` is the share of the nodes' importance that those up to this one hold, the most important
   first, so that a viewer's threshold keeps the most important.
3. A link's weight is the edge's strength: its share, its count where the number of images is unknown.
4. The class itself is the target logit. No link leads to it: influences end at the last chosen layer.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from summit_graph.exchange.class_graphs import ClassGraphs
from summit_graph.exchange.vertices import ExportReport
from summit_graph.names import ClassName
from summit_graph.run.atomic import replacing

SCHEMA_VERSION = 1
POSITION = 0


def write_circuit_tracer(graphs: ClassGraphs, of_class: ClassName, path: Path) -> ExportReport:
    """Writes a class's graph to a file, whole or not at all."""
    graph = circuit_tracer_graph(graphs, of_class)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(graph, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    # The logit is none of the graph's own nodes.
    return ExportReport(graphs.names.run, 1, len(graph["nodes"]) - 1, len(graph["links"]))


def circuit_tracer_graph(graphs: ClassGraphs, of_class: ClassName) -> dict[str, Any]:
    """The selected neurons and edges of a class as circuit-tracer's viewer takes them."""
    neurons = graphs.nodes(of_class.number, "selected").to_pylist()
    edges = graphs.edges(of_class.number, "selected").to_pylist()
    by_count = any(row["share"] is None for row in [*neurons, *edges])
    strength = "count" if by_count else "share"
    ids = {row["neuron"]: _node_id(row["layer_index"], row["channel"]) for row in neurons}
    slug = re.sub(r"[^A-Za-z0-9]+", "-", f"{graphs.names.run}-{of_class.number}-{of_class.name}").strip("-").lower()
    return {
        "metadata": {
            "slug": slug,
            "scan": graphs.model,
            "transcoder_list": [],
            "prompt_tokens": [of_class.name],
            "prompt": of_class.name,
            "node_threshold": None,
            "schema_version": SCHEMA_VERSION,
        },
        "qParams": {"pinnedIds": [], "supernodes": [], "linkType": "both", "clickedId": "", "sg_pos": ""},
        "nodes": [*_feature_nodes(neurons, strength), _logit_node(of_class, len(graphs.names.layers) + 1)],
        "links": [
            {"source": ids[row["source"]], "target": ids[row["target"]], "weight": float(row[strength])}
            for row in edges
        ],
    }


def _feature_nodes(neurons: list[dict[str, Any]], strength: str) -> list[dict[str, Any]]:
    ranked = sorted(neurons, key=lambda row: (-row["importance"], row["layer_index"], row["channel"]))
    whole = sum(row["importance"] for row in ranked) or 1.0
    nodes = []
    held = 0.0
    for row in ranked:
        held += row["importance"]
        layer, channel = row["layer_index"], row["channel"]
        nodes.append(
            {
                **_node(_node_id(layer, channel), str(layer), "cross layer transcoder"),
                "feature": (layer + channel) * (layer + channel + 1) // 2 + channel,
                "jsNodeId": f"{layer}_{channel}-{POSITION}",
                "clerp": row["neuron"],
                "influence": min(held / whole, 1.0),
                "activation": float(row[strength]),
            }
        )
    return nodes


def _logit_node(of_class: ClassName, layer: int) -> dict[str, Any]:
    return {
        **_node(_node_id(layer, of_class.number), str(layer), "logit"),
        "feature": of_class.number,
        "jsNodeId": f"L_{of_class.number}-{POSITION}",
        "clerp": of_class.name,
        "is_target_logit": True,
    }


def _node(node_id: str, layer: str, feature_type: str) -> dict[str, Any]:
    """What every node has; the rest of a node takes its place where it differs."""
    return {
        "node_id": node_id,
        "feature": 0,
        "layer": layer,
        "ctx_idx": POSITION,
        "feature_type": feature_type,
        "token_prob": 0.0,
        "is_target_logit": False,
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": node_id,
        "clerp": "",
        "influence": None,
        "activation": None,
    }


def _node_id(layer: int, number: int) -> str:
    return f"{layer}_{number}_{POSITION}"
