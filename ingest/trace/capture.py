"""From a module to the graph of what it computes: torch.export, with the chosen layers' outputs marked in it.

While the model is exported, a hook on each chosen module notes a copy of its output, and the copies become further
outputs of the exported program. So a layer's output is known by its node in the graph, as it was when the module
returned it, before any in-place operation of a later module. The hooks are there only while exporting; the batches are
later run by the program itself (ingest.trace.program).
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch._decomp import get_decompositions
from torch.fx import Node

from ingest.trace.arguments import ancestors
from ingest.trace.isolation import undisturbed
from ingest.trace.operations import draws_random_numbers
from ingest.trace.program import Program, operation_name
from summit_graph.errors import NotFound, SummitError, Unsupported

_LARGEST_BATCH = 65536
_TAKEN_APART = get_decompositions([torch.ops.aten.addcmul])
"""Operations that are sums of products: seen as an addition and a scale."""


def capture(model: nn.Module, example: Tensor, layers: Sequence[str]) -> tuple[Program, dict[str, Node]]:
    """The program that a model computes, and the node of each chosen layer's output.

    `example` is (2, C, H, W): with a batch of one, export would take the batch for a constant. The model is left as it
    was: training flags, hooks, parameters, buffers and random numbers, also after an exception.

    Raises NotFound for an unknown layer, Unsupported for a model that has no such graph or runs a module with
    parameters twice.
    """
    if example.dim() != 4 or example.shape[0] != 2:
        raise ValueError(f"the example has to be (2, C, H, W), not {tuple(example.shape)}")
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules or not name:
            nearest = tuple(difflib.get_close_matches(name, [known for known in modules if known], n=3, cutoff=0.0))
            raise NotFound(f"no layer {name!r} in the model; the nearest are {', '.join(nearest)}", nearest)
    recorder = _Recorder(model, layers)
    with (
        undisturbed(model, example.device),
        recorder.hooked(),
    ):
        exported = _export(recorder, example)
    recorder.check_calls()
    return _marked_program(exported, layers)


class _Recorder(nn.Module):
    """The model with its chosen layers' outputs as further outputs, counting how often each module runs."""

    def __init__(self, model: nn.Module, layers: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self._layers = tuple(layers)
        # Plain containers inside a tuple: export would take a tensor in a module's own attribute for state.
        self._records: tuple[dict[str, Any], Tally[str]] = ({}, Tally())

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        outputs, calls = self._records
        outputs.clear()
        calls.clear()
        logits = self.model(images)
        if not isinstance(logits, Tensor) or logits.dim() != 2:
            raise Unsupported(
                f"the model's output is {_described(logits)}: a classifier gives one tensor (images, classes)"
            )
        for name in self._layers:
            if name not in outputs:
                raise SummitError(
                    f"layer {name!r} does not run in the model's forward pass: choose another with --layers"
                )
        marked = tuple(outputs[name] for name in self._layers)
        outputs.clear()
        return logits, *marked

    @contextmanager
    def hooked(self) -> Iterator[None]:
        outputs, calls = self._records
        handles = []
        try:
            for name, module in self.model.named_modules(remove_duplicate=False):
                if name in self._layers:
                    handles.append(module.register_forward_hook(_noting(name, outputs)))
                if name in self._layers or next(module.parameters(recurse=False), None) is not None:
                    handles.append(module.register_forward_pre_hook(_counting(name, calls)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def check_calls(self) -> None:
        for name, number in self._records[1].items():
            if number > 1:
                kind = "layer" if name in self._layers else "module"
                raise Unsupported(
                    f"{kind} {name} ({_kind(self.model.get_submodule(name))}) runs {number} times in one forward pass"
                )


def _noting(name: str, outputs: dict[str, Any]) -> Any:
    def note(module: nn.Module, arguments: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            raise Unsupported(
                f"layer {name} ({_kind(module)}) returns {_described(output)}: choose one that returns a tensor"
            )
        outputs[name] = output.clone()

    return note


def _counting(name: str, calls: Tally[str]) -> Any:
    def count(module: nn.Module, arguments: Any) -> None:
        calls[name] += 1

    return count


def _export(recorder: _Recorder, example: Tensor) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1, max=_LARGEST_BATCH)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exported = torch.export.export(recorder, (example,), dynamic_shapes=({0: batch},), strict=False)
            functional: torch.export.ExportedProgram = exported.run_decompositions(_TAKEN_APART)
            return functional
    except (SummitError, MemoryError):
        raise
    except Exception as error:
        cause = _cause_in_plain_words(error, recorder.model)
        raise Unsupported(f"the model has no fixed graph of operations: {cause}") from error


def _cause_in_plain_words(error: Exception, model: nn.Module) -> str:
    """One line out of torch.export's error, with the innermost module whose forward was running."""
    path = _failing_module(error, model)
    text = str(error)
    if "data-dependent" in text or "GuardOnDataDependent" in type(error).__name__:
        reason = "a branch depends on the values of the data"
    elif "Constraints violated" in text or "specialized" in text:
        reason = "it works for one size of batch only"
    else:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        reason = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
    return f"{reason} (in module {path})" if path else reason


def _failing_module(error: Exception, model: nn.Module) -> str:
    names = {id(module): name for name, module in model.named_modules()}
    path = ""
    frame = error.__traceback__
    while frame is not None:
        owner = frame.tb_frame.f_locals.get("self")
        if frame.tb_frame.f_code.co_name == "forward" and id(owner) in names:
            path = names[id(owner)] or _kind(model)
        frame = frame.tb_next
    return path


def _marked_program(exported: torch.export.ExportedProgram, layers: Sequence[str]) -> tuple[Program, dict[str, Node]]:
    signature = exported.graph_signature
    stored: dict[str, Any] = {}
    for placeholder, name in {**signature.inputs_to_parameters, **signature.inputs_to_buffers}.items():
        stored[placeholder] = exported.state_dict[name] if name in exported.state_dict else exported.constants[name]
    for placeholder, name in signature.inputs_to_lifted_tensor_constants.items():
        stored[placeholder] = exported.constants[name]
    if signature.buffers_to_mutate:
        changed = ", ".join(sorted(name.removeprefix("model.") for name in signature.buffers_to_mutate.values()))
        raise Unsupported(f"the forward pass changes the model's buffers ({changed}): its images are not independent")
    (result,) = (node for node in exported.graph.nodes if node.op == "output")
    _refuse_random_numbers(exported.graph.nodes, ancestors(result.all_input_nodes))
    logits, *marks = result.args[0]
    # Each mark is the copy that the hook made; the layer's output is what was copied.
    nodes = {name: mark.args[0] for name, mark in zip(layers, marks, strict=True)}
    parameters = {holder: name.removeprefix("model.") for holder, name in signature.inputs_to_parameters.items()}
    return Program(exported.graph, stored, parameters, logits), nodes


def _refuse_random_numbers(nodes: Iterable[Node], needed: set[Node]) -> None:
    for node in nodes:
        if node in needed and draws_random_numbers(node):
            raise Unsupported(
                f"operation {operation_name(node)} in {where(node)} draws random numbers: "
                "its counts would be others each time"
            )


def where(node: Node) -> str:
    """The module that ran this operation, for people."""
    path = module_path(node)
    return f"module {path}" if path else "the model itself"


def module_path(node: Node) -> str:
    """The path of the innermost module that ran this operation ("" for the model's own forward)."""
    stack: Mapping[str, tuple[str, Any]] = node.meta.get("nn_module_stack") or {}
    if not stack:
        return ""
    path = list(stack.values())[-1][0]
    # Export numbers the second and later calls of one module ("relu@1").
    return re.sub(r"@\d+", "", path).removeprefix("model").removeprefix(".")


def _kind(module: nn.Module) -> str:
    return type(module).__name__


def _described(value: Any) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
