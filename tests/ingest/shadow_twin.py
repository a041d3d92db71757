"""A naive twin of any model's terms: the model runs operation by operation, and every number carries its terms along.

Nothing here comes from the code under test, and nothing is exported: the model itself runs on one image, in float64,
under a mode that sees each operation. Beside every tensor's memory lies a shadow of the same layout with two numbers
for each element: its *owner* (which channel of which tensor it is) and, while nothing has acted on it, its *row* in a
sum's table of terms. So views and in-place operations need no rule: they share, or write, the shadow's memory.

A sum's table has one row for each of its elements and one column for each source channel. A convolution's columns are
convolutions of one input channel after the other; an addition's are those of its sides, element by element.

The model runs twice: first to see who reads each sum (only its sole reader may fold into it), then with tables.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves

from tests.ingest.shadow_operations import Operation
from tests.ingest.shadow_rules import TwinUnknown
from tests.ingest.shadow_tables import (
    MIXED,
    NOBODY,
    Owning,
    ShadowTwin,
    Table,
    TargetTerms,
    axes_of,
    largest_terms,
    uniform,
)


def shadow_twin(model: nn.Module, layers: Sequence[str], image: Tensor) -> ShadowTwin:
    """The terms of every target of a model in evaluation mode, float64, for one image.  (1, C, H, W)

    Raises TwinUnknown where the terms cannot be told by these rules.
    """
    survey = Shadow(model, layers, image, readers=None)
    return Shadow(model, layers, image, readers=survey.readers).result()


class _LastLayer(Exception):
    """Every chosen layer has run."""


class Shadow(TorchDispatchMode):
    def __init__(
        self, model: nn.Module, layers: Sequence[str], image: Tensor, readers: dict[tuple[int, int], set[int]] | None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._layers, self._known_readers = tuple(layers), readers
        self.readers: dict[tuple[int, int], set[int]] = {}
        """Key of each table -> the operations that read its rows."""
        self.tensors: list[Owning] = []
        self.tables: list[Table] = []
        self._owners = self._rows = self._step = 0
        self._first_owners: list[int] = []
        self._memory: dict[int, Tensor] = {}
        self._kept: list[Any] = []
        self._writer: dict[int, int] = {}
        self._reads: dict[int, set[int]] = {}
        self._path: list[str] = []
        self._began: list[int] = []
        """The step at which each module that runs began."""
        self.learned = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
        """Memory of parameters, and of what is computed from them alone."""
        self._names = {module: name for name, module in model.named_modules()}
        self._left = set(layers)
        self.values: dict[int, Tensor] = {}
        with torch.no_grad(), self._following(), self:
            start = image.clone()
            with _disable_current_modes():
                self._own(start, self._begin("image", start.shape[1]), 1)
            with suppress(_LastLayer):
                model(start)

    # -- memory ------------------------------------------------------------------------------------------------------

    def shadow(self, tensor: Tensor) -> Tensor:
        """(2, *shape): owners and rows, a view of the shadow memory."""
        storage = tensor.untyped_storage()
        length = storage.nbytes() // tensor.element_size()
        if storage._cdata not in self._memory:
            self._memory[storage._cdata] = torch.full((2, length), NOBODY)
            self._kept.append(tensor)
        memory = self._memory[storage._cdata]
        strides = (memory.shape[1], *tensor.stride())
        return memory.as_strided((2, *tensor.shape), strides, tensor.storage_offset())

    def _tracked(self, value: Any) -> bool:
        if not isinstance(value, Tensor) or value.untyped_storage()._cdata not in self._memory:
            return False
        return bool((self.shadow(value)[0] != NOBODY).any())

    def _begin(self, kind: str, channels: int, complete: int = -1) -> Owning:
        made = Owning(len(self.tensors), kind, self._path[-1] if self._path else "", channels, self._owners, complete)
        self._first_owners.append(self._owners)
        self._owners += channels
        self.tensors.append(made)
        return made

    def _own(self, value: Tensor, tensor: Owning, axis: int) -> None:
        numbers = torch.arange(tensor.channels) + tensor.first_owner
        shadow = self.shadow(value)
        shadow[0].copy_(numbers.view([-1 if dim == axis else 1 for dim in range(value.dim())]).expand(value.shape))
        shadow[1].fill_(NOBODY)

    def _act(self, value: Tensor, owners: Tensor) -> None:
        shadow = self.shadow(value)
        shadow[0].copy_(owners.expand(value.shape))
        shadow[1].fill_(NOBODY)

    # -- operations --------------------------------------------------------------------------------------------------

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = function._schema.name.split("::")[-1]
        in_place = name.endswith("_") and not name.startswith("_")
        sized = name.endswith("_like") or name.startswith("new_")  # Of what these read they take the size alone.
        read = [value for value in tree_leaves((args, kwargs)) if self._tracked(value) and not sized]
        # What an in-place operation reads has to be looked at before it writes.
        before = {id(value): (value.clone(), self.shadow(value).clone()) for value in read}
        deps = {self.written_by(value) for value in read}
        result = function(*args, **kwargs)
        if not read:
            if in_place and isinstance(args[0], Tensor) and args[0].untyped_storage()._cdata in self._memory:
                self.shadow(args[0]).fill_(NOBODY)
            self._learn(args, result)
            return result
        self._step += 1
        shared = {value.untyped_storage()._cdata for value in read}
        outputs = [value for value in tree_leaves(result) if isinstance(value, Tensor)]
        if not in_place and outputs and all(value.untyped_storage()._cdata in shared for value in outputs):
            return result  # a view
        self._reads[self._step] = deps
        for value in outputs:
            self._writer[value.untyped_storage()._cdata] = self._step
            self._kept.append(value)
        operation = Operation(self, name.rstrip("_") if in_place else name, function, args, kwargs, before, outputs)
        operation.follow()
        return result

    def _learn(self, args: Any, result: Any) -> None:
        """What is computed of parameters is learned, a normalised weight say."""
        if any(
            isinstance(each, Tensor) and each.untyped_storage()._cdata in self.learned for each in tree_leaves(args)
        ):
            for value in tree_leaves(result):
                if isinstance(value, Tensor):
                    self.learned.add(value.untyped_storage()._cdata)
                    self._kept.append(value)

    def ancestors(self, step: int) -> set[int]:
        found: set[int] = set()
        waiting = [step]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting.extend(self._reads.get(here, ()))
        return found

    def written_by(self, value: Tensor) -> int:
        return self._writer.get(value.untyped_storage()._cdata, 0)

    # -- sums --------------------------------------------------------------------------------------------------------

    def begin_sum(self, value: Tensor, axis: int, kind: str) -> Table:
        tensor = self._begin("sum" if kind != "add" else "add", value.shape[axis], self._step)
        tensor.step = self._step
        self._own(value, tensor, axis)
        channel = torch.arange(value.shape[axis]).view([-1 if dim == axis else 1 for dim in range(value.dim())])
        return self.begin_table(tensor, value, channel.expand(value.shape).reshape(-1))

    def begin_table(self, tensor: Owning, value: Tensor, channel: Tensor) -> Table:
        table = Table((tensor.place, self._step), self._rows, channel)
        tensor.table = table
        tensor.complete = self._step
        self.values[tensor.place] = value.clone()
        self._rows += len(channel)
        self.tables.append(table)
        self.shadow(value)[1].copy_(torch.arange(len(channel)).view(value.shape) + table.first_row)
        return table

    def note_reader(self, shadow: Tensor, reader: int | None = None) -> None:
        """The reader is the operation that runs, where none is named."""
        for number in self.tables_of(shadow[1]):
            self.readers.setdefault(self.tables[number].key, set()).add(self._step if reader is None else reader)

    def tables_of(self, rows: Tensor) -> list[int]:
        known = rows[rows >= 0]
        if not len(known):
            return []
        ends = torch.tensor([table.first_row for table in self.tables])
        found: list[int] = (torch.searchsorted(ends, known.unique(), right=True) - 1).unique().tolist()
        return found

    def sole_reader(self, table: Table) -> bool:
        """In the first run nobody's other readers are known: what folds there decides nothing."""
        return self._known_readers is None or len(self._known_readers.get(table.key, ())) == 1

    @property
    def surveying(self) -> bool:
        return self._known_readers is None

    def owner(self, number: int) -> tuple[Owning, int]:
        tensor = self.tensors[bisect_right(self._first_owners, number) - 1]
        return tensor, number - tensor.first_owner

    # -- modules -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _following(self) -> Iterator[None]:
        handles = [
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, _arguments: Any) -> None:
        self._path.append(self._names.get(module, ""))
        self._began.append(self._step)

    def _leave(self, module: nn.Module, arguments: Any, output: Any) -> Any:
        name, began = self._path.pop(), self._began.pop()
        if name not in self._left:
            return None
        self._left.discard(name)
        given = [each for each in tree_leaves(arguments) if isinstance(each, Tensor)]
        # A module that hands on the very tensor that it was given, as a dropout does, is one with it.
        same_memory = output.untyped_storage()._cdata in {each.untyped_storage()._cdata for each in given}
        if same_memory and self.written_by(output) <= began and all(output is not each for each in given):
            output = output.clone()  # What else reads that memory does not read the layer.
        with _disable_current_modes():  # What is read here is no reader of the model's own.
            self._enter_layer(name, output)
        if not self._left and not self.surveying:
            raise _LastLayer
        return output

    def _enter_layer(self, name: str, output: Tensor) -> None:
        owners = self.shadow(output)[0]
        axis = next((axis for axis in axes_of(output.dim()) if uniform(owners, axis) is not None), None)
        if axis is None:
            raise TwinUnknown(f"layer {name} mixes channels")
        per_channel = uniform(owners, axis)
        assert per_channel is not None
        layer = self._begin("layer", output.shape[axis], self._step)
        layer.module, layer.owners = name, per_channel
        layer.step = self.written_by(output)
        # A layer that holds a sum's values as they are reads them too, whoever reads the layer.
        self.note_reader(self.shadow(output), -1 - layer.place)
        layer.largest = output.movedim(axis, 0).flatten(1).amax(1).clone()
        self._own(output, layer, axis)

    # -- what comes out ----------------------------------------------------------------------------------------------

    def result(self) -> ShadowTwin:
        terms: dict[int, tuple[list[int], Tensor]] = {}
        reached: dict[int, bool] = {}

        def below(place: int) -> bool:
            if place not in reached and not self._has_layer_before(self.tensors[place]):
                reached[place] = False
            if place not in reached:
                owners, largest = terms[place] = self._terms(self.tensors[place])
                sources = {self.owner(owners[n])[0].place for n in largest.isfinite().any(0).nonzero().flatten()}
                reached[place] = any(self.tensors[s].kind == "layer" or below(s) for s in sources)
            return reached[place]

        found: dict[int, set[int]] = {}
        waiting = [tensor.place for tensor in self.tensors if tensor.kind == "layer"]
        while waiting:
            place = waiting.pop()
            if place not in found and below(place):
                owners, largest = terms[place]
                found[place] = {self.owner(owners[n])[0].place for n in largest.isfinite().any(0).nonzero().flatten()}
                waiting.extend(found[place])
        used = set(found) | {source for sources in found.values() for source in sources}
        used |= {tensor.place for tensor in self.tensors if tensor.kind == "layer"}
        names = self._tensor_names(used)
        order = {place: rank for rank, place in enumerate(sorted(used, key=lambda p: (self.tensors[p].complete, p)))}
        targets = []
        for place in sorted(found, key=lambda place: order[place]):
            owners, largest = terms[place]
            keys = [(self.owner(owner), index) for index, owner in enumerate(owners)]
            keys = [key for key in keys if bool(largest[:, key[1]].isfinite().any())]
            keys.sort(key=lambda key: (order[key[0][0].place], key[0][1]))
            sources = [(names[tensor.place], channel) for (tensor, channel), _ in keys]
            kept = largest[:, [index for _, index in keys]]
            targets.append(TargetTerms(names[place], sources, kept))
        layers = [tensor for tensor in self.tensors if tensor.kind == "layer"]
        return ShadowTwin(
            targets,
            {layer.module: self._direct(*terms[layer.place]) for layer in layers if layer.place in found},
            [self._table_and_values(place) for place in found if place in self.values],
        )

    def _terms(self, tensor: Owning) -> tuple[list[int], Tensor]:
        """Owners of the source channels, and (C, N) the largest value of each term."""
        if tensor.kind == "image":
            return [], torch.zeros(tensor.channels, 0)
        if tensor.table is not None:
            return largest_terms(tensor.table, tensor.channels)
        rows: list[tuple[list[int], Tensor]] = []
        cache: dict[int, tuple[list[int], Tensor]] = {}
        for channel, owner in enumerate(tensor.owners.tolist()):
            if owner == NOBODY:
                rows.append(([], torch.zeros(0)))
                continue
            if owner == MIXED:
                raise TwinUnknown(f"layer {tensor.module}")
            source, place = self.owner(owner)
            if source.table is None:
                rows.append(([owner], tensor.largest[channel : channel + 1]))
            else:
                if source.place not in cache:
                    cache[source.place] = largest_terms(source.table, source.channels)
                owners, largest = cache[source.place]
                rows.append((owners, largest[place]))
        # Most channels share one list of owners.
        lists = {id(owners): owners for owners, _ in rows}
        together = sorted({owner for owners in lists.values() for owner in owners})
        column = {owner: index for index, owner in enumerate(together)}
        columns = {key: torch.tensor([column[owner] for owner in owners]).long() for key, owners in lists.items()}
        all_terms = torch.full((tensor.channels, len(together)), -torch.inf, dtype=torch.float64)
        for channel, (owners, largest) in enumerate(rows):
            all_terms[channel, columns[id(owners)]] = largest.double()
        return together, all_terms

    def _has_layer_before(self, tensor: Owning) -> bool:
        before = self.ancestors(tensor.step)
        return any(each.kind == "layer" and each is not tensor and each.step in before for each in self.tensors)

    def _direct(self, owners: list[int], largest: Tensor) -> dict[int, int]:
        from_layer = torch.tensor([self.owner(owner)[0].kind == "layer" for owner in owners], dtype=torch.bool)
        there = largest > -torch.inf
        return {
            channel: int(there[channel].sum())
            for channel in range(len(largest))
            if not bool((there[channel] & ~from_layer).any())
        }

    def _table_and_values(self, place: int) -> tuple[Tensor, Tensor]:
        table = self.tensors[place].table
        assert table is not None
        return self.values[place].flatten(), table.terms.sum(0)

    def _tensor_names(self, used: set[int]) -> dict[int, str]:
        names = {
            t.place: t.module if t.kind == "layer" else "image" for t in self.tensors if t.kind in ("layer", "image")
        }
        taken = set(self._layers)
        calls: dict[str, int] = {}
        for tensor in self.tensors:
            if tensor.kind == "sum":
                calls[tensor.module] = calls.get(tensor.module, 0) + 1
        for place in sorted(used - set(names)):
            tensor = self.tensors[place]
            module, base = tensor.module, f"{tensor.module}.{tensor.kind}".removeprefix(".")
            if tensor.kind == "sum" and module and calls[module] == 1 and module not in taken:
                names[place] = module
            elif tensor.kind == "sum":
                names[place] = f"{module}.?{place}"  # several unnamed operations: compared by order alone
            else:
                number, name = 0, base
                while name in taken:
                    number += 1
                    name = f"{base}_{number}"
                names[place] = name
            taken.add(names[place])
        return names
