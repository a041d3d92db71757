"""Rows that belong to the run as a whole: Run, Layer, Neuron, Image and what joins them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from summit_graph import schema
from summit_graph.rows import checks
from summit_graph.rows.identity import Identity, prefixed
from summit_graph.run import Run
from summit_graph.run.manifest import COMPLETE


def table(name: str, columns: Sequence[Any]) -> pa.Table:
    """Columns (Arrow or numpy arrays, or lists) as rows of a label or relationship type, in its columns' order."""
    arrow = schema.TABLES[name].arrow
    arrays = [
        (column if isinstance(column, pa.Array) else pa.array(column, field.type)).cast(field.type)
        for column, field in zip(columns, arrow, strict=True)
    ]
    return pa.table(arrays, schema=arrow)


def run_and_layers(run: Run, identity: Identity) -> Iterator[tuple[str, pa.Table]]:
    """Run, Layer, HAS_LAYER, Neuron and CONTAINS."""
    layers = identity.layers
    yield "Run", _run(run)
    runs = pa.repeat(pa.scalar(identity.run), len(layers))
    columns = [
        identity.layer_ids,
        runs,
        [entry.name for entry in layers],
        [entry.index for entry in layers],
        [entry.channels for entry in layers],
    ]
    yield "Layer", table("Layer", columns)
    yield "HAS_LAYER", table("HAS_LAYER", [runs, identity.layer_ids])
    columns = [
        identity.neuron_ids,
        pa.repeat(pa.scalar(identity.run), identity.count),
        identity.layer,
        identity.layer_index,
        identity.channel,
    ]
    yield "Neuron", table("Neuron", columns)
    layer_ids = identity.layer_ids.take(pa.array(identity.layer_index))
    yield "CONTAINS", table("CONTAINS", [layer_ids, identity.neuron_ids])


def examples(run: Run, identity: Identity) -> Iterator[tuple[str, pa.Table]]:
    """Image and EXAMPLE, of the examples merged over classes; nothing where the run has none."""
    if not run.has("examples"):
        return
    rows = run.table("examples")
    neurons = rows["neuron"].to_numpy().astype(np.int64)
    checks.check_examples(rows, neurons, identity.count, run)
    encoded = rows["image"].combine_chunks().dictionary_encode()
    paths = encoded.dictionary
    image_ids = prefixed(identity.run, paths)
    yield "Image", table("Image", [image_ids, pa.repeat(pa.scalar(identity.run), len(paths)), paths])
    columns = [identity.neuron_ids.take(pa.array(neurons)), image_ids.take(encoded.indices)]
    named = [entry.name for entry in schema.TABLES["EXAMPLE"].properties]
    yield "EXAMPLE", table("EXAMPLE", columns + [pc.cast(rows[name].combine_chunks(), _type(name)) for name in named])


def _type(name: str) -> pa.DataType:
    return schema.TABLES["EXAMPLE"].arrow.field(name).type


def graph_state(run: Run) -> str:
    """The state of a run once it is loaded: ready, or partial where its ingest had not ended."""
    return schema.READY if run.manifest.state == COMPLETE else schema.PARTIAL


def _run(run: Run) -> pa.Table:
    """The run's own row, as it is once it is loaded."""
    manifest = run.manifest
    parameters = manifest.to_json()["parameters"]
    if parameters is None:
        parameters = manifest.notes.get("published_parameters")
    values = {
        "id": manifest.run,
        "name": manifest.run,
        "model": manifest.model,
        "dataset": manifest.dataset,
        "created": manifest.created,
        "state": graph_state(run),
        "format": schema.FORMAT,
        "digest": manifest.digest,
        "weights_digest": manifest.weights_digest,
        "parameters": None if parameters is None else json.dumps(parameters, sort_keys=True, ensure_ascii=False),
        "images": manifest.images,
        "skipped": len(manifest.skipped),
    }
    return table("Run", [[values[entry.name]] for entry in schema.TABLES["Run"].properties])
