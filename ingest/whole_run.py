"""The tables of a whole run, from those that its classes have written."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.embedding import FEWEST_CLASSES, class_embedding
from ingest.examples import merged_examples
from ingest.preparation import Preparation
from ingest.run_tables import activation_matrix, embedding_table
from summit_graph.run import RunWriter, tables
from summit_graph.run.whole import ClassRow, class_table, neuron_table


def finish_run(preparation: Preparation, writer: RunWriter) -> None:
    """Writes the tables of the whole run and completes its manifest."""
    structure = preparation.trace.structure
    numbers = [number for number, _ in preparation.classes]
    rows = [ClassRow.of(number, _written(writer, "predictions", number)) for number in numbers]
    with_images = [row.number for row in rows if row.images]
    matrix = activation_matrix((_written(writer, "activations", n) for n in with_images), len(with_images), structure)
    places = class_embedding(matrix)
    neurons = neuron_table(layer.channels for layer in structure.layers)
    writer.finish(
        classes=class_table(rows, preparation.labels.names),
        neurons=neurons,
        embedding=embedding_table(with_images, places),
        examples=merged_examples((_written(writer, "examples", n) for n in numbers), neurons.num_rows),
        notes={"embedding": "PCA" if len(with_images) < FEWEST_CLASSES else "UMAP"},
    )


def _written(writer: RunWriter, name: str, number: int) -> pa.Table:
    return pq.read_table(writer.directory / tables.class_path(name, number), partitioning=None)
