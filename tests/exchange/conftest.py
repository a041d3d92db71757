"""What this room's tests use from elsewhere."""

from tests.published import published_files, published_run

__all__ = ["published_files", "published_run"]
