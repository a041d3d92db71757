"""The Parquet tables of a run directory: their columns, types, order and places (docs/run-directory.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import pyarrow as pa


def _table(**columns: pa.DataType) -> pa.Schema:
    nullable = {"images", "correct"}
    return pa.schema([pa.field(name.rstrip("_"), kind, name in nullable) for name, kind in columns.items()])


CLASSES = _table(class_=pa.int32(), name=pa.string(), images=pa.int32(), correct=pa.int32())
NEURONS = _table(neuron=pa.int32(), layer_index=pa.int16(), channel=pa.int32())
EMBEDDING = _table(class_=pa.int32(), layer_index=pa.int16(), x=pa.float64(), y=pa.float64())
ACTIVATIONS = _table(
    class_=pa.int32(), neuron=pa.int32(), count=pa.int32(), importance=pa.float64(), selected=pa.bool_()
)
INFLUENCES = _table(class_=pa.int32(), source=pa.int32(), target=pa.int32(), count=pa.int32(), selected=pa.bool_())
HOPS = _table(
    class_=pa.int32(),
    target_tensor=pa.string(),
    target_channel=pa.int32(),
    source_tensor=pa.string(),
    source_channel=pa.int32(),
    count=pa.int32(),
)
PREDICTIONS = _table(image=pa.string(), class_=pa.int32(), predicted=pa.int32(), probability=pa.float32())
EXAMPLES = _table(
    neuron=pa.int32(),
    rank=pa.int16(),
    image=pa.string(),
    activation=pa.float32(),
    y=pa.int32(),
    x=pa.int32(),
    x0=pa.int32(),
    y0=pa.int32(),
    x1=pa.int32(),
    y1=pa.int32(),
)

WHOLE: Mapping[str, pa.Schema] = {
    "classes": CLASSES,
    "neurons": NEURONS,
    "embedding": EMBEDDING,
    "examples": EXAMPLES,
}
"""One file for the whole run: `<name>.parquet`; `classes` and `neurons` are always there."""

PER_CLASS: Mapping[str, pa.Schema] = {
    "activations": ACTIVATIONS,
    "influences": INFLUENCES,
    "hops": HOPS,
    "predictions": PREDICTIONS,
    "examples": EXAMPLES,
}
"""One file a class: `<name>/<number, five digits>.parquet`; `activations` and `influences` are always there."""


def whole_path(table: str) -> str:
    """Where a table of the whole run lies, relative to the run directory."""
    return f"{table}.parquet"


def class_path(table: str, number: int) -> str:
    """Where a class's table lies, relative to the run directory."""
    return f"{table}/{number:05d}.parquet"


def schema_at(path: str) -> pa.Schema | None:
    """The schema that the table at a relative path must have; None where no table of a run lies there."""
    place = PurePosixPath(path)
    if place.suffix != ".parquet":
        return None
    if len(place.parts) == 1:
        return WHOLE.get(place.stem)
    if len(place.parts) == 2 and place.stem.isdigit() and class_path(place.parts[0], int(place.stem)) == path:
        return PER_CLASS.get(place.parts[0])
    return None


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly the schema's columns and types, sorted by its columns in their order."""
    table = table.select(schema.names).cast(schema)
    if table.num_rows > 1:
        table = table.sort_by([(name, "ascending") for name in schema.names])
    return table.combine_chunks()
