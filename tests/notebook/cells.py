"""Runs a notebook's cells as Jupyter does, without a kernel: a last expression is shown as HTML, SVG and text."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

SHOWN_AS = {"_repr_html_": "text/html", "_repr_svg_": "image/svg+xml"}


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook (nbformat 4)."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def run_cells(notebook: Mapping[str, Any], values: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The outputs of each code cell, run in order in one namespace, which begins with `values`.

    An assignment in the notebook to a name among `values` is left out: it says where the reader's own graph lies.
    """
    namespace: dict[str, Any] = {"__name__": "__main__", **values}
    outputs = []
    for number, cell in enumerate(entry for entry in notebook["cells"] if entry["cell_type"] == "code"):
        outputs.append(_run("".join(cell["source"]), f"cell {number + 1}", namespace, frozenset(values)))
    return outputs


def _run(source: str, name: str, namespace: dict[str, Any], given: frozenset[str]) -> list[dict[str, Any]]:
    tree = ast.parse(source, name)
    body = [statement for statement in tree.body if not _assigns(statement, given)]
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed = io.StringIO()
    shown = None
    with redirect_stdout(printed):
        exec(compile(ast.Module(body, []), name, "exec"), namespace)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue()})
    if shown is not None:
        data = {kind: getattr(shown, method)() for method, kind in SHOWN_AS.items() if hasattr(shown, method)}
        data["text/plain"] = repr(shown)
        outputs.append({"output_type": "execute_result", "data": data, "metadata": {}})
    return outputs


def _assigns(statement: ast.stmt, given: frozenset[str]) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id in given for target in statement.targets
    )
