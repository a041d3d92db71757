"""The generated runs, for drawings and for py2neo, and the demo's."""

from tests.demo_run import demo_run
from tests.runs import small_run

__all__ = ["demo_run", "small_run"]
