"""Names of tensors: the chosen layer's, else the convolution's module, else `.add` after the module of an addition."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.trace.capture import module_path
from ingest.trace.origins import LayerOutput, Origin, Sum
from ingest.trace.program import operation_name


def tensor_names(origins: Iterable[Origin], named: set[int]) -> dict[int, str]:
    """A name for each origin in `named` (by number), the same for the same model and layers.

    A convolution or linear layer has its module's path; where several run in one module, or a chosen layer has that
    name, the operation's name follows (`block.conv2d`, `block.conv2d_1`). Additions are counted per module in forward
    order.
    """
    all_origins = list(origins)
    layers = {origin.layer for origin in all_origins if isinstance(origin, LayerOutput) and origin.layer}
    per_module: dict[str, int] = {}
    for origin in all_origins:
        if isinstance(origin, Sum) and not _is_addition(origin):
            path = module_path(origin.node)
            per_module[path] = per_module.get(path, 0) + 1
    names: dict[int, str] = {}
    taken = set(layers)
    for origin in sorted(all_origins, key=lambda each: each.number):
        if origin.number not in named:
            continue
        if isinstance(origin, LayerOutput) and origin.layer:
            names[origin.number] = origin.layer
        elif origin.kind == "image":
            names[origin.number] = "image"
        else:
            path = module_path(origin.node)
            if _is_addition(origin):
                name = _numbered(path, "add", taken)
            elif per_module[path] > 1 or path in taken or not path:
                name = _numbered(path, operation_name(origin.node), taken)
            else:
                name = path
            taken.add(name)
            names[origin.number] = name
    return names


def _is_addition(origin: Origin) -> bool:
    return operation_name(origin.node) in ("add", "sub", "rsub")


def _numbered(path: str, kind: str, taken: set[str]) -> str:
    base = f"{path}.{kind}" if path else kind
    number, name = 0, base
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name
