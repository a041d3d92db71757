"""What this room's tests use from elsewhere."""

from tests.demo_run import demo_run

__all__ = ["demo_run"]
