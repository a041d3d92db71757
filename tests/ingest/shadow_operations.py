"""What each operation does to the owners and terms of the values it reads: the rules of the naive twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._pytree import tree_leaves, tree_map

from tests.ingest.shadow_rules import ADDITIONS, BATCH_NORMS, NORMALIZATIONS, POINTWISE, RENUMBERING, WINDOWS
from tests.ingest.shadow_tables import MIXED, NOBODY, Table, axes_of, uniform

if TYPE_CHECKING:
    from tests.ingest.shadow_twin import Shadow


class Operation:
    """One operation that reads tracked values, and what it does to them."""

    def __init__(
        self, twin: Shadow, name: str, function: Any, args: Any, kwargs: Any, before: dict[int, Any], outputs: Any
    ) -> None:
        self._twin, self._name, self._function, self._args, self._kwargs = twin, name, function, args, kwargs
        self._before, self._outputs = before, outputs
        self._arguments = {a.name: v for a, v in zip(function._schema.arguments, args, strict=False)} | kwargs

    @property
    def _data(self) -> list[Tensor]:
        return [value for value in tree_leaves((self._args, self._kwargs)) if id(value) in self._before]

    def _value(self, tensor: Tensor) -> Tensor:
        value: Tensor = self._before[id(tensor)][0]
        return value

    def _shadow(self, tensor: Tensor) -> Tensor:
        shadow: Tensor = self._before[id(tensor)][1]
        return shadow

    def follow(self) -> None:
        name, data = self._name, self._data
        if name in RENUMBERING:
            if name == "copy" and not self._twin._tracked(data[-1]):
                self._outputs[0].fill_(0)
            return self._renumber()
        for value in data:
            self._twin.note_reader(self._shadow(value))
        if name == "convolution":
            return self._convolve()
        if name in ("addmm", "mm"):
            return self._linear()
        if name in ADDITIONS and len(data) == 2:
            return self._add()
        if name == "mul" and len(data) == 2:
            return self._gate()
        if name in BATCH_NORMS and not self._arguments.get("training"):
            a = self._arguments
            scale = 1 / torch.sqrt(a["running_var"] + a["eps"])
            scale = scale * a["weight"] if a["weight"] is not None else scale
            return self._scale(scale.view(1, -1, *[1] * (data[0].dim() - 2)))
        if name in ADDITIONS | {"mul", "div", "neg"} and len(data) == 1:
            return self._constant()
        if name in WINDOWS and len(data) == 1:
            return self._window()
        if name in ("mean", "sum", "amax", "amin", "var", "std") and len(data) == 1 and self._arguments.get("dim"):
            return self._reduce()
        if name in NORMALIZATIONS or (len(data) == 1 and self._is_pointwise()):
            return self._twin._act(self._outputs[0], self._shadow(data[0])[0])
        if self._is_pointwise():
            owners = [self._shadow(value)[0].expand(self._outputs[0].shape) for value in data]
            if all(torch.equal(owners[0], each) for each in owners):
                return self._twin._act(self._outputs[0], owners[0])
        for value in self._outputs:
            self._twin._act(value, torch.tensor(MIXED))
        return None

    def _is_pointwise(self) -> bool:
        return torch.Tag.pointwise in self._function.tags or self._name in POINTWISE

    def _renumber(self) -> None:
        """Runs the operation on the shadows: floating constants become nobody's."""
        if self._name == "copy":
            self._twin.shadow(self._outputs[0]).copy_(
                self._twin.shadow(self._args[1]).expand(2, *self._outputs[0].shape)
            )
            return

        def part(which: int) -> Any:
            def of(value: Any) -> Any:
                if not isinstance(value, Tensor):
                    return value
                if id(value) in self._before:
                    return self._shadow(value)[which]
                return torch.full(value.shape, NOBODY) if value.is_floating_point() else value

            args, kwargs = tree_map(of, (self._args, self._kwargs))
            kwargs.pop("dtype", None)
            if self._name == "constant_pad_nd":
                return functional.pad(args[0], args[1], value=NOBODY)
            if self._name == "_to_copy":
                return args[0]
            try:
                return self._function(*args, **kwargs)
            except (RuntimeError, NotImplementedError):
                # No integer version of this kernel: numbers this small are exact in float64. Zeros are its padding.
                doubles = tree_map(lambda v: (v - MIXED + 1).double() if isinstance(v, Tensor) else v, args)
                numbers = tree_map(lambda v: v.long() + MIXED - 1, self._function(*doubles, **kwargs))
                return tree_map(lambda v: v.where(v >= MIXED, NOBODY), numbers)

        for which in (0, 1):
            moved = [value for value in tree_leaves(part(which)) if isinstance(value, Tensor)]
            for value, numbers in zip(self._outputs, moved, strict=True):
                self._twin.shadow(value)[which].copy_(numbers)

    # -- sums --------------------------------------------------------------------------------------------------------

    def _convolve(self) -> None:
        a, (out,) = self._arguments, self._outputs
        x, weight = a["input"], a["weight"]
        if id(x) not in self._before or id(weight) in self._before or a["transposed"] or x.dim() != 4:
            return self._twin._act(out, torch.tensor(MIXED))
        owners = uniform(self._shadow(x)[0], 1)
        if a["groups"] == x.shape[1] == len(weight) and weight.untyped_storage()._cdata not in self._twin.learned:
            return self._window()  # a blur-pool
        table = self._twin.begin_sum(out, 1, "conv")
        if owners is None:
            table.owners = [MIXED]
            return None
        if self._twin.surveying:
            return None
        held = owners.tolist()
        column = self._columns(table, held, out)
        if not column:
            return None
        terms = table.terms.view(-1, *out.shape)
        inputs, outputs = weight.shape[1], len(weight) // a["groups"]
        for channel, owner in enumerate(held):
            if owner == NOBODY:
                continue
            group, place = divmod(channel, inputs)
            rows = slice(group * outputs, (group + 1) * outputs)
            one = functional.conv2d(
                self._value(x)[:, channel : channel + 1], weight[rows, place : place + 1], None,
                a["stride"], a["padding"], a["dilation"],
            )  # fmt: skip
            terms[column[owner], :, rows] += one
            table.present[rows, column[owner]] = True
        return None

    def _linear(self) -> None:
        *_, x, weight = [value for value in self._args if isinstance(value, Tensor)]
        (out,) = self._outputs
        if id(x) not in self._before or id(weight) in self._before:
            return self._twin._act(out, torch.tensor(MIXED))
        owners = uniform(self._shadow(x)[0], 1)
        table = self._twin.begin_sum(out, 1, "linear")
        if owners is None:
            table.owners = [MIXED]
            return None
        if self._twin.surveying:
            return None
        column = self._columns(table, owners.tolist(), out)
        terms, value = table.terms.view(-1, *out.shape), self._value(x)
        for owner in column:
            which = (owners == owner).nonzero().flatten()
            terms[column[owner]] = value[:, which] @ weight[which]
            table.present[:, column[owner]] = True
        return None

    def _columns(self, table: Table, owners: Sequence[int], out: Tensor) -> dict[int, int]:
        table.owners = sorted(set(owners) - {NOBODY})
        if MIXED in table.owners:
            table.owners = [MIXED]
            return {}
        table.terms = torch.zeros(len(table.owners), out.numel(), dtype=torch.float64)
        channels = self._twin.tensors[table.key[0]].channels
        table.present = torch.zeros(channels, len(table.owners), dtype=torch.bool)
        return {owner: index for index, owner in enumerate(table.owners)}

    def _add(self) -> None:
        twin, (out,) = self._twin, self._outputs
        alpha = self._kwargs.get("alpha", 1)
        factors = {"add": (1, alpha), "sub": (1, -alpha), "rsub": (-alpha, 1)}[self._name]
        data = self._data
        # Shadows of in-place additions are those from before.
        shadows = [self._shadow(value).expand(2, *out.shape) for value in data]
        axis = next((a for a in axes_of(out.dim()) if all(uniform(s[0], a) is not None for s in shadows)), None)
        if axis is None:
            return twin._act(out, torch.tensor(MIXED))
        sides = [
            (shadow.reshape(2, -1).clone(), self._value(value).expand(out.shape).reshape(-1).clone(), factor)
            for shadow, value, factor in zip(shadows, data, factors, strict=True)
        ]
        table = twin.begin_sum(out, axis, "add")
        if twin.surveying:
            return None
        owners: set[int] = set()
        for (owner, row), _, _ in sides:
            owners |= set(owner[(owner != NOBODY) & (row == NOBODY)].unique().tolist())
            for number in twin.tables_of(row):
                owners |= set(twin.tables[number].owners)
        column = self._columns(table, sorted(owners), out)
        if not column and owners:
            return None
        for (owner, row), value, factor in sides:
            # A channel that something has acted on is one term as it is, what was padded to it included.
            raw = torch.zeros(out.shape[axis], dtype=torch.bool).index_fill(0, table.channel[row != NOBODY], True)
            whose = torch.full((out.shape[axis],), NOBODY).scatter_reduce(0, table.channel, owner, "amax")
            single = ((whose != NOBODY) & ~raw)[table.channel].nonzero().flatten()
            at = torch.tensor([column[each] for each in whose[table.channel[single]].tolist()], dtype=torch.long)
            table.terms[at, single] += factor * value[single]
            table.present[table.channel[single], at] = True
            for number in twin.tables_of(row):
                joined = twin.tables[number]
                here = ((row >= joined.first_row) & (row < joined.first_row + len(joined.channel))).nonzero().flatten()
                place = row[here] - joined.first_row
                columns = torch.tensor([column[each] for each in joined.owners], dtype=torch.long)
                whole = len(here) == len(row) == len(joined.channel) and torch.equal(place, here)
                for index, column_ in enumerate(columns.tolist()):
                    added = joined.terms[index] if whole else torch.zeros(len(row)).double()
                    table.terms[column_] += factor * (
                        added if whole else added.index_add(0, here, joined.terms[index, place])
                    )
                for channel, inner in (
                    torch.stack([table.channel[here], joined.channel[place]]).unique(dim=1).T.tolist()
                ):
                    table.present[channel, columns] |= joined.present[inner]
        return None

    # -- scales ------------------------------------------------------------------------------------------------------

    def _constant(self) -> None:
        (x,), (out,) = self._data, self._outputs
        other = next((v for v in self._args if v is not x), 1.0)
        first, alpha = self._args[0] is x, self._kwargs.get("alpha", 1)
        if self._name == "div" and (not first or self._kwargs.get("rounding_mode")):
            return self._twin._act(out, self._shadow(x)[0])
        factor: Any = {
            "mul": other, "div": 1 / other if self._name == "div" else 1, "neg": -1.0,
            "add": 1.0 if first else alpha, "sub": 1.0 if first else -alpha, "rsub": -alpha if first else 1.0,
        }[self._name]  # fmt: skip
        if out.shape != self._shadow(x).shape[1:]:
            return self._twin._act(out, self._shadow(x)[0])
        self._scale(torch.as_tensor(factor, dtype=torch.float64))
        return None

    def _scale(self, factor: Tensor) -> None:
        """Folds into the tables of which this is the only reader; acts on every other element."""
        twin, x, out = self._twin, self._data[0], self._outputs[0]
        owners, rows = self._shadow(x).reshape(2, -1).clone()
        scale = factor.expand(out.shape).reshape(-1).double()
        shadow = twin.shadow(out)
        shadow[0].copy_(owners.view(out.shape))
        shadow[1].fill_(NOBODY)
        for number in twin.tables_of(rows):
            table = twin.tables[number]
            here = ((rows >= table.first_row) & (rows < table.first_row + len(table.channel))).nonzero().flatten()
            if not twin.sole_reader(table):
                continue
            place = rows[here] - table.first_row
            per_channel = [scale[here][table.channel[place] == c].unique() for c in table.channel[place].unique()]
            if any(len(each) > 1 for each in per_channel):
                continue
            tensor = twin.tensors[table.key[0]]
            folded = Table(
                (tensor.place, twin._step), twin._rows, table.channel, table.owners, table.terms, table.present
            )
            tensor.table, tensor.complete = folded, twin._step
            twin._rows += len(table.channel)
            twin.tables.append(folded)
            if not twin.surveying and table.owners != [MIXED]:
                by_channel = torch.ones(tensor.channels, dtype=torch.float64)
                by_channel[table.channel[place]] = scale[here]
                folded.terms = table.terms * by_channel[table.channel]
                table.terms = table.terms[:0]  # Nobody else reads them.
            row = torch.full((out.numel(),), NOBODY)
            row[here] = place + folded.first_row
            old = shadow[1].reshape(-1).clone()
            shadow[1].copy_(torch.where(row >= 0, row, old).view(out.shape))
            if len(here) == len(table.channel) == out.numel() and torch.equal(place, torch.arange(len(here))):
                twin.values[tensor.place] = out.clone()
            else:
                twin.values.pop(tensor.place, None)

    # -- what acts on values -----------------------------------------------------------------------------------------

    def _gate(self) -> None:
        twin, (out,) = self._twin, self._outputs
        first, second = self._data
        owners = [self._shadow(value)[0].expand(out.shape) for value in (first, second)]
        if torch.equal(*owners):
            return twin._act(out, owners[0])
        axis = next((a for a in axes_of(out.dim()) if any(uniform(o, a) is not None for o in owners)), None)
        if axis is None:
            return twin._act(out, torch.tensor(MIXED))
        # An expanded gate has strides of 0: its memory holds one position.
        sizes = [
            [1 if step == 0 else size for size, step in zip(value.shape, value.stride(), strict=True)]
            for value in (first, second)
        ]
        shapes = [[1] * (out.dim() - len(size)) + size for size in sizes]
        small = [torch.Size(n for d, n in enumerate(s) if d not in (0, axis)).numel() == 1 for s in shapes]
        if all(small):
            steps = [twin.written_by(value) for value in (first, second)]
            small = [steps[1] in twin.ancestors(steps[0]), steps[0] in twin.ancestors(steps[1])]
        if small[0] == small[1]:
            return twin._act(out, torch.tensor(MIXED))
        return twin._act(out, owners[1] if small[0] else owners[0])

    def _window(self) -> None:
        owners = self._shadow(self._data[0])[0]
        one = uniform(owners.flatten(0, 1), 0) if owners.dim() == 4 else None
        for out in self._outputs:
            whose = torch.tensor(MIXED) if one is None else one.view(*owners.shape[:2], 1, 1)
            self._twin._act(out, whose)

    def _reduce(self) -> None:
        owners, (out,) = self._shadow(self._data[0])[0], self._outputs
        dims = [self._arguments["dim"]] if isinstance(self._arguments["dim"], int) else self._arguments["dim"]
        dims = [dim % owners.dim() for dim in dims]
        highest = owners.amax(dims, keepdim=True)
        if 0 in dims or not bool(((owners == highest) | (owners == NOBODY)).all()):
            return self._twin._act(out, torch.tensor(MIXED))
        return self._twin._act(out, highest.reshape(out.shape))
