"""Which room may import what: read off the real files, and tried in a fresh interpreter."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.sources import PACKAGES, PROJECT, Import, imports_of, package_of, python_files, tree_of

TORCH = ("torch", "torchvision", "timm")
WEB = ("fastapi", "starlette", "uvicorn", "api")
DATABASES = ("ladybug", "neo4j", "py2neo")


@dataclass(frozen=True)
class Rule:
    """Files of some folders may not import some modules."""

    name: str
    folders: tuple[str, ...]
    forbidden: tuple[str, ...]
    except_in: tuple[str, ...] = ()
    only_at_import: bool = False
    allowed: Callable[[str], bool] = lambda _: False

    def breaches(self, path: Path, found: Import) -> bool:
        inside = any(path.is_relative_to(folder) for folder in self.folders)
        excused = any(str(path).startswith(prefix) for prefix in self.except_in)
        if not inside or excused or (self.only_at_import and not found.at_import):
            return False
        named = any(found.module == module or found.module.startswith(f"{module}.") for module in self.forbidden)
        return named and not self.allowed(found.module)


def _what_ingest_may_use(module: str) -> bool:
    parts = module.split(".")
    return len(parts) > 1 and parts[1] in {"run", "errors", "pictures", "__version__"}


RULES = (
    Rule("summit_graph imports no torch", ("summit_graph",), TORCH),
    Rule("api imports no torch", ("api",), (*TORCH, "ingest")),
    Rule(
        "attribution and embedding import no torch",
        ("ingest/attribution", "ingest/embedding", "ingest/embedding.py"),
        TORCH,
    ),
    Rule("only the command reaches the ingest room", ("summit_graph",), ("ingest",), except_in=("summit_graph/cli/",)),
    Rule("the command imports the ingest room when called", ("summit_graph",), ("ingest",), only_at_import=True),
    Rule("only the command reaches the service", ("summit_graph",), ("api",), except_in=("summit_graph/cli/",)),
    Rule("the ingest room imports no database and no web", ("ingest",), (*DATABASES, *WEB)),
    Rule("the ingest room knows few things", ("ingest",), ("summit_graph",), allowed=_what_ingest_may_use),
    Rule("only stores import a database", PACKAGES, ("ladybug", "neo4j"), except_in=("summit_graph/store/",)),
    Rule("only the notebook imports py2neo", PACKAGES, ("py2neo",), except_in=("summit_graph/notebook",)),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    breaches = [
        f"{path}:{found.line} imports {found.module}"
        for path in python_files(*PACKAGES)
        for found in imports_of(tree_of(path), package_of(path))
        if rule.breaches(path, found)
    ]
    assert breaches == []


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        ("summit_graph imports no torch", "summit_graph/rows.py", "def f():\n    from torch import nn"),
        ("api imports no torch", "api/app.py", "import torch.nn"),
        ("attribution and embedding import no torch", "ingest/attribution/edges.py", "if 1:\n    import torch"),
        ("only the command reaches the ingest room", "summit_graph/rows.py", "def f():\n    import ingest.trace"),
        ("the command imports the ingest room when called", "summit_graph/cli/demo.py", "from ingest import demo"),
        ("only the command reaches the service", "summit_graph/rows.py", "from api import app"),
        ("the ingest room imports no database and no web", "ingest/pipeline.py", "import neo4j"),
        ("the ingest room knows few things", "ingest/pipeline.py", "from summit_graph.store import connect"),
        ("only stores import a database", "summit_graph/queries.py", "import ladybug"),
        ("only the notebook imports py2neo", "summit_graph/queries.py", "def f():\n    import py2neo"),
    ],
)
def test_a_breach_of_each_rule_is_noticed(rule: str, path: str, source: str) -> None:
    [checked] = [candidate for candidate in RULES if candidate.name == rule]
    found = list(imports_of(ast.parse(source), package_of(Path(path))))
    assert any(checked.breaches(Path(path), one) for one in found)


def test_an_import_inside_a_function_or_for_types_is_not_at_import() -> None:
    source = "if TYPE_CHECKING:\n    import a\nelse:\n    import b\ndef f():\n    import c\n"
    at_import = {one.module: one.at_import for one in imports_of(ast.parse(source), "package")}
    assert at_import == {"a": False, "b": True, "c": False}


def test_a_relative_import_is_read_as_the_module_it_means() -> None:
    source = "from . import a\nfrom .b import c\nfrom ..d import e"
    modules = [one.module for one in imports_of(ast.parse(source), "top.room")]
    assert modules == ["top.room.a", "top.room.b.c", "top.d.e"]


@pytest.mark.parametrize(
    "statement",
    ["import summit_graph, summit_graph.cli, api", "import ingest.attribution, ingest.embedding"],
)
def test_importing_brings_in_no_torch(statement: str) -> None:
    heavy = f"[name for name in {TORCH!r} if name in sys.modules]"
    program = f"import sys; {statement}; sys.exit(str({heavy}) if {heavy} else 0)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
