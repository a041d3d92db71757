"""Generated runs."""

from tests.runs import small_run

__all__ = ["small_run"]
