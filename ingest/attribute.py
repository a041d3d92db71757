"""A run's graphs again from its stored counts, with other parameters: no images, no model, no GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.attribution import class_graph
from ingest.attribution.edges import first_neurons
from ingest.attribution.exclusion import excluded_channels
from ingest.progress import Progress
from ingest.run_tables import activation_table, influence_table
from ingest.software import software
from ingest.structure import ClassCounts, HopCounts, Layer, Structure
from summit_graph.errors import SummitError
from summit_graph.pictures import link_pictures
from summit_graph.run import ClassResult, Manifest, Parameters, Run, RunWriter
from summit_graph.run.manifest import now, run_name

CHANGEABLE = ("attribution_mass", "exclude", "max_in_degree", "damping", "networkx_stop")
"""Parameters of graphs alone. The activation mass and k decide the counts themselves: other ones need the images."""

_NEED_HOPS = ("exclude", "max_in_degree")


def attribute_again(
    run: Path, out: Path, changes: Mapping[str, Any], *, name: str | None = None, progress: Progress | None = None
) -> Manifest:
    """Writes a run with the counts of another and graphs computed with changed parameters; returns its manifest.

    Excluded neurons are added to those that the run left out already. Activation counts stay as they are: newly
    excluded neurons lose their edges, but the masses that chose top channels had them (`excluded_after` in the
    manifest's notes). Without hops the cap on incoming edges and the exclusions cannot change. The run's pictures are
    the new one's too; a class's own strips are those of the neurons that the graphs before had selected.

    Raises SummitError where the run was not ingested, or lacks the hops that a change needs.
    """
    source = Run.open(run)
    parameters = _changed(source, changes)
    structure = structure_of(source.manifest)
    excluded_channels(parameters.exclude, structure)
    progress = progress or Progress(quiet=True)
    with RunWriter.start(out, _manifest(source, parameters, name or run_name(out))) as writer:
        if writer.complete:
            progress.message(f"{out} is complete already")
            return writer.manifest
        finished = writer.finished_classes()
        left = [number for number in source.class_numbers if number not in finished]
        progress.message(f"graphs of {len(left):,} classes")
        for number in left:
            writer.write_class(_class_result(source, number, structure, parameters))
        if pictures := link_pictures(source.directory, out):
            progress.message(f"{pictures:,} pictures of the same neurons are its own too")
        return writer.finish(
            classes=source.table("classes"),
            neurons=source.table("neurons"),
            embedding=_if_there(source, "embedding"),
            examples=_if_there(source, "examples"),
        )


def structure_of(manifest: Manifest) -> Structure:
    """The architecture that a manifest records."""
    layers = tuple(Layer(entry.name, entry.index, entry.channels) for entry in manifest.layers)
    direct = {layer.name: np.isin(np.arange(layer.channels), manifest.direct.get(layer.name, ())) for layer in layers}
    return Structure(layers, direct)


def stored_counts(source: Run, number: int, structure: Structure) -> ClassCounts:
    """The counts of a class as its tables hold them.

    Without hops, the edges stand for them: capped once, they are not changed by the same cap again.
    """
    activations = source.table("activations", number)
    first = first_neurons(structure)
    count = np.zeros(first[-1], np.int32)  # (neurons,)
    count[_column(activations, "neuron")] = _column(activations, "count")
    by_layer = dict(zip((layer.name for layer in structure.layers), np.split(count, first[1:-1]), strict=True))
    hops = _hops(source, number) if source.has("hops", number) else _edges_as_hops(source, number, structure, first)
    return ClassCounts(by_layer, hops)


def _changed(source: Run, changes: Mapping[str, Any]) -> Parameters:
    parameters = source.manifest.parameters
    if parameters is None:
        raise SummitError(f"{source.directory} was not ingested here, and has no counts to compute graphs from")
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        raise SummitError(f"{unknown[0]} decides the counts themselves: ingest the images again with another one")
    added = [neuron for neuron in changes.get("exclude", ()) if neuron not in parameters.exclude]
    changed = parameters.changed(**{**changes, "exclude": (*parameters.exclude, *added)})
    needing = [name for name in _NEED_HOPS if getattr(changed, name) != getattr(parameters, name)]
    if needing and not parameters.hops:
        option = needing[0].replace("_", "-")
        raise SummitError(
            f"--{option} needs the hops, and {source.directory} was ingested with --no-hops: ingest it again"
        )
    return changed


def _manifest(source: Run, parameters: Parameters, name: str) -> Manifest:
    before = source.manifest
    assert before.parameters is not None
    added = [neuron for neuron in parameters.exclude if neuron not in before.parameters.exclude]
    notes = {**before.notes, "attributed_from": before.digest}
    if added:
        notes["excluded_after"] = [*before.notes.get("excluded_after", ()), *added]
    return replace(
        before,
        run=name,
        parameters=parameters,
        created=now(),
        software=software(),
        totals={},
        tables={},
        notes=notes,
        state="started",
    )


def _class_result(source: Run, number: int, structure: Structure, parameters: Parameters) -> ClassResult:
    counts = stored_counts(source, number, structure)
    graph = class_graph(counts, structure, parameters)
    return ClassResult(
        number=number,
        activations=activation_table(number, counts, graph, structure),
        influences=influence_table(number, graph),
        hops=_if_there(source, "hops", number),
        predictions=_if_there(source, "predictions", number),
        examples=_if_there(source, "examples", number),
        totals={name: sums._asdict() for name, sums in graph.totals.items()},
        # The run lists them without their classes; written with the first, they come out once and in their order.
        skipped=source.manifest.skipped if number == source.class_numbers[0] else (),
    )


def _hops(source: Run, number: int) -> tuple[HopCounts, ...]:
    table = source.table("hops", number)
    target, origin = (
        table.column(name).combine_chunks().dictionary_encode() for name in ("target_tensor", "source_tensor")
    )
    pair = target.indices.to_numpy() * np.int64(len(origin.dictionary) or 1) + origin.indices.to_numpy()
    hops = []
    for code in np.unique(pair):
        rows = table.filter(pa.array(pair == code))
        hops.append(
            HopCounts(
                rows.column("target_tensor")[0].as_py(),
                rows.column("source_tensor")[0].as_py(),
                *(_column(rows, name) for name in ("target_channel", "source_channel", "count")),
            )
        )
    return tuple(hops)


def _edges_as_hops(source: Run, number: int, structure: Structure, first: NDArray[np.int32]) -> tuple[HopCounts, ...]:
    table = source.table("influences", number)
    begin, end, count = (_column(table, name) for name in ("source", "target", "count"))
    begin_layer, end_layer = (np.searchsorted(first, neuron, side="right") - 1 for neuron in (begin, end))
    hops = []
    for later in structure.layers:
        for earlier in structure.layers[: later.index]:
            rows = np.flatnonzero((end_layer == later.index) & (begin_layer == earlier.index))
            rows = rows[np.lexsort((begin[rows], end[rows]))]
            target = (end[rows] - first[later.index]).astype(np.int32)
            origin = (begin[rows] - first[earlier.index]).astype(np.int32)
            hops.append(HopCounts(later.name, earlier.name, target, origin, count[rows]))
    return tuple(hops)


def _column(table: pa.Table, name: str) -> NDArray[np.int32]:
    return np.asarray(table.column(name).to_numpy(), np.int32)


def _if_there(source: Run, table: str, number: int | None = None) -> pa.Table | None:
    return source.table(table, number) if source.has(table, number) else None
