"""The captured program: a functional graph of ATen operations that is run batch by batch, with tasks between its steps.

What does not depend on the images (a standardised weight, a folded constant) is computed once. Values are freed after
their last reader, so a batch needs no more memory than the model's own forward pass and what the tasks still wait for.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node
from torch.fx.node import map_arg

Values = Mapping[Node, Any]


@dataclass(frozen=True)
class Task:
    """Something to be done with values of a batch as soon as all of them are there."""

    reads: tuple[Node, ...]
    act: Callable[[Values, Any], None]
    """Is called with the values and with what `Execution.run` was given to note on."""


class Program:
    """A model as a list of operations; `image` is the node of the images and `logits` that of the output."""

    def __init__(self, graph: Graph, stored: Mapping[str, Tensor], parameters: Mapping[str, str], logits: Node) -> None:
        self.logits = logits
        self.position = {node: index for index, node in enumerate(graph.nodes)}
        """Place of each node in forward order."""
        self.constants: dict[Node, Any] = {}
        """Values that are the same for every batch: parameters, buffers and what is computed of them alone."""
        self.parameter_names: dict[Node, frozenset[str]] = {}
        """For each constant, the names of the parameters it is made of."""
        self.follows_images: set[Node] = set()
        """Nodes whose values are computed from the images, not only from the size of the batch."""
        self.steps: list[Node] = []
        for node in graph.nodes:
            if node.op == "placeholder":
                if node.name in stored:
                    self.constants[node] = stored[node.name].detach()
                    self.parameter_names[node] = frozenset({parameters[node.name]} if node.name in parameters else ())
                else:
                    self.image = node
                    self.follows_images.add(node)
            elif node.op == "call_function":
                self._add(node)

    @property
    def stand_in(self) -> Tensor:
        """An empty tensor of the model's type, on its device."""
        weights = (
            value for value in self.constants.values() if isinstance(value, Tensor) and value.is_floating_point()
        )
        return next(weights).new_empty(0)

    def _add(self, node: Node) -> None:
        inputs = node.all_input_nodes
        if all(source in self.constants for source in inputs):
            with torch.no_grad():
                self.constants[node] = evaluate(node, self.constants)
            self.parameter_names[node] = frozenset().union(*(self.parameter_names[source] for source in inputs))
            return
        self.steps.append(node)
        if any(source in self.follows_images for source in inputs) and not reads_size_only(node):
            self.follows_images.add(node)

    def prepared(self, tasks: Iterable[Task]) -> Execution:
        """The program with tasks between its steps, ready to be run on batches."""
        return Execution(self, tuple(tasks))


class Execution:
    """A program's needed steps, each followed by the tasks that are then ready and the values that are then free."""

    def __init__(self, program: Program, tasks: tuple[Task, ...]) -> None:
        self._program = program
        self._tasks: defaultdict[Node, list[Task]] = defaultdict(list)
        for task in tasks:
            self._tasks[max(task.reads, key=lambda node: program.position[node])].append(task)
        needed = self._needed([program.logits, *(node for task in tasks for node in task.reads)])
        self._steps = [node for node in program.steps if node in needed]
        self._free: defaultdict[Node, list[Node]] = defaultdict(list)
        for node, last in self._last_uses().items():
            self._free[last].append(node)

    def _needed(self, wanted: list[Node]) -> set[Node]:
        needed: set[Node] = set()
        waiting = list(wanted)
        while waiting:
            node = waiting.pop()
            if node not in needed and node not in self._program.constants:
                needed.add(node)
                waiting.extend(node.all_input_nodes)
        return needed

    def _last_uses(self) -> dict[Node, Node]:
        last = {self._program.image: self._program.image}
        for node in self._steps:
            last[node] = node
            for source in node.all_input_nodes:
                if source not in self._program.constants:
                    last[source] = node
        position = self._program.position
        for node, tasks in self._tasks.items():
            for source in (source for task in tasks for source in task.reads):
                if source in last and position[last[source]] < position[node]:
                    last[source] = node
        last.pop(self._program.logits, None)
        return last

    @torch.no_grad()
    def run(self, images: Tensor, notes: Any = None) -> Tensor:
        """Runs the tasks on a batch and returns its logits.  (B, C, H, W) -> (B, K)

        Several threads may run batches at once: what a batch leaves behind goes to its own `notes`.
        """
        values: dict[Node, Any] = {**self._program.constants, self._program.image: images}
        for node in (self._program.image, *self._steps):
            if node is not self._program.image:
                values[node] = evaluate(node, values)
            for task in self._tasks.get(node, ()):
                task.act(values, notes)
            for finished in self._free.get(node, ()):
                del values[finished]
        logits: Tensor = values[self._program.logits]
        return logits


def evaluate(node: Node, values: Values) -> Any:
    """The value of one operation, its arguments looked up in `values`."""
    arguments = map_arg(node.args, lambda source: values[source])
    options = map_arg(node.kwargs, lambda source: values[source])
    function: Any = node.target
    return function(*arguments, **options)


def reads_size_only(node: Node) -> bool:
    """Whether a node takes nothing but shapes from its arguments."""
    if node.target is operator.getitem:
        return False
    name = operation_name(node)
    return name in {"sym_size", "sym_numel", "sym_stride"} or name.endswith("_like") or name.startswith("new_")


def operation_name(node: Node) -> str:
    """The operation's name without namespace and overload: `conv2d`, `add`."""
    schema = getattr(node.target, "_schema", None)
    if schema is not None:
        return str(schema.name).split("::")[-1]
    return getattr(node.target, "__name__", str(node.target))
