"""The project's own files, as the drift tests read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("summit_graph", "ingest", "api")


@dataclass(frozen=True)
class Import:
    """One imported module: its dotted name, the line, and whether importing the file itself runs it."""

    module: str
    line: int
    at_import: bool
    """False inside a function's body and under `if TYPE_CHECKING`."""


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that git tracks or would track, relative to the project; all files where this is no git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        hidden = (".venv", "build", "dist", "demo", ".git")
        found = (path.relative_to(PROJECT) for path in PROJECT.rglob("*"))
        names = [path for path in found if path.parts[0] not in hidden and "__pycache__" not in path.parts]
    return tuple(sorted(name for name in names if (PROJECT / name).is_file()))


def python_files(*folders: str) -> tuple[Path, ...]:
    """The Python files below these folders (all where none is named), relative to the project."""
    wanted = [path for path in project_files() if path.suffix == ".py"]
    return tuple(path for path in wanted if not folders or any(path.is_relative_to(folder) for folder in folders))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file of the project."""
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"), filename=str(path))


def imports_of(tree: ast.Module, package: str) -> Iterator[Import]:
    """Every import of a module of `package` (dotted, without the file's own name), relative ones made absolute.

    `from a import b` counts as `a.b`: whether b is a module or a name in a, a rule about `a.b` is meant for it.
    """
    yield from _imports_below(tree, package, at_import=True)


def _imports_below(node: ast.AST, package: str, *, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            if child.level:
                above = package.split(".")[: len(package.split(".")) - child.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            yield from (Import(f"{base}.{alias.name}", child.lineno, at_import) for alias in child.names)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imports_below(child, package, at_import=False)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield from _imports_below(ast.Module([part], []), package, at_import=False)
            for part in child.orelse:
                yield from _imports_below(ast.Module([part], []), package, at_import=at_import)
        else:
            yield from _imports_below(child, package, at_import=at_import)


def package_of(path: Path) -> str:
    """The dotted package that holds a file: `summit_graph/store/base.py` -> `summit_graph.store`."""
    return ".".join(path.parent.parts)


def strings_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is no docstring (the bare text parts of an f-string, too)."""
    documentation = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documentation.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
