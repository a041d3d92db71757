"""Pairs of classes that are taken for each other, with the neurons that both rely on, the strongest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from summit_graph.search.graph import Fetch, Row


def confused_classes(rows: list[Row], values: Mapping[str, Any], fetch: Fetch) -> list[Row]:
    """The rows of the query `confused_classes`; its header says what they hold."""
    prefix = f"{values['run']}/"
    answer = []
    for row in rows:
        images, others = row["images"], row["predicted_images"]
        shared = []
        for neuron, layer, channel, count, other in zip(
            row["neurons"], row["layers"], row["channels"], row["counts"], row["predicted_counts"], strict=True
        ):
            weaker = min(count / images, other / others) if images and others else min(count, other)
            shared.append((-weaker, -layer, channel, neuron.removeprefix(prefix)))
        answered = {name: row[name] for name in ("class", "name", "predicted", "predicted_name", "count")}
        answered["share"] = row["count"] / images if images else None
        answer.append({**answered, "shared": len(shared), "neurons": [neuron for *_, neuron in sorted(shared)]})
    return answer
