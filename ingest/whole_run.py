"""The tables of a whole run, from those that its classes have written."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.embedding import FEWEST_CLASSES, class_embedding
from ingest.examples import merged_examples
from ingest.pictures.example_strips import ExampleStrips
from ingest.preparation import Preparation
from ingest.progress import Stopwatch
from ingest.run_tables import embedding_table, layer_counts
from summit_graph.run import RunWriter, tables
from summit_graph.run.whole import ClassRow, class_table, neuron_table


def finish_run(preparation: Preparation, writer: RunWriter, watch: Stopwatch, strips: ExampleStrips | None) -> None:
    """Writes the tables of the whole run, and the strips over all classes, and completes its manifest."""
    structure = preparation.trace.structure
    numbers = [number for number, _ in preparation.classes]
    rows = [ClassRow.of(number, _written(writer, "predictions", number)) for number in numbers]
    with_images = [row.number for row in rows if row.images]
    with watch.spent_on("embedding"):
        places = class_embedding(layer_counts(partial(_counts, writer), with_images, structure))
    neurons = neuron_table(layer.channels for layer in structure.layers)
    examples = merged_examples((_written(writer, "examples", n) for n in numbers), neurons.num_rows)
    if strips is not None:
        with watch.spent_on("pictures"):
            _draw(preparation, strips, examples)
    with watch.spent_on("writing"):
        writer.finish(
            classes=class_table(rows, preparation.labels.names),
            neurons=neurons,
            embedding=embedding_table(with_images, places),
            examples=examples,
            notes={"embedding": "PCA" if len(with_images) < FEWEST_CLASSES else "UMAP"},
        )


def _draw(preparation: Preparation, strips: ExampleStrips, examples: pa.Table) -> None:
    wanted = set(examples["image"].to_pylist())
    images = {image.name: image for _, entry in preparation.classes for image in entry.images if image.name in wanted}
    with preparation.loader(len(images)) as loader:
        strips.write_all(examples, images, loader)


def _counts(writer: RunWriter, number: int) -> pa.Table:
    path = writer.directory / tables.class_path("activations", number)
    return pq.read_table(path, columns=["neuron", "count"], partitioning=None)


def _written(writer: RunWriter, name: str, number: int) -> pa.Table:
    return pq.read_table(writer.directory / tables.class_path(name, number), partitioning=None)
