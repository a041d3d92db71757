"""A Python object that a user names on the command line: `FILE.py:NAME` or `MODULE:NAME`."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from summit_graph.errors import NotFound, SummitError


def load_object(reference: str, *, meaning: str) -> Any:
    """The object that `reference` names; `meaning` says in errors what it was to be (`model factory`).

    Raises SummitError where the file or module is missing or cannot be imported, NotFound where it lacks the name.
    """
    source, _, name = reference.rpartition(":")
    if not source or not name:
        raise SummitError(f"{reference!r} names no {meaning}: give FILE.py:NAME or MODULE:NAME")
    module = _module_of_file(Path(source), meaning) if source.endswith(".py") else _module_by_name(source, meaning)
    if not hasattr(module, name):
        public = [known for known in vars(module) if not known.startswith("_")]
        nearest = tuple(difflib.get_close_matches(name, public, n=3))
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        raise NotFound(f"{source} has no {meaning} {name!r}{hint}", nearest)
    return getattr(module, name)


def _module_of_file(path: Path, meaning: str) -> ModuleType:
    if not path.is_file():
        raise SummitError(f"{path} does not exist: give the file of the {meaning} as FILE.py:NAME")
    # One module per path, so that a factory and a preprocessing function of one file share their globals.
    name = f"_summit_graph_user_{abs(hash(path.resolve())):x}"
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None, path
    assert specification.loader is not None, path
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        with _importable(path.resolve().parent):
            specification.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise SummitError(f"{path} cannot be imported: {one_line(error)}") from error
    return module


def _module_by_name(name: str, meaning: str) -> ModuleType:
    try:
        with _importable(Path.cwd()):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise SummitError(
                f"there is no module {name!r} for the {meaning}: install it, run where it lies, or give FILE.py:NAME"
            ) from error
        raise SummitError(f"{name} cannot be imported: {one_line(error)}") from error
    except Exception as error:
        raise SummitError(f"{name} cannot be imported: {one_line(error)}") from error


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    """Lets imports find modules of a directory, as `python FILE.py` would."""
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))


def one_line(error: BaseException) -> str:
    """An error of somebody else's code as a phrase: its type, and its text on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
