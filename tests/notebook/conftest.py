"""The generated runs, for drawings and for py2neo."""

from tests.runs import small_run

__all__ = ["small_run"]
