"""What happens to a test whose tool this machine does not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


class ToolMissing(Exception):
    """A program that a test needs is not on this machine; the message says which, and how to get it."""


def skip_or_fail(reason: str) -> NoReturn:
    """Skip with the reason; on a build server (CI=true) fail, because there a gate must not vanish in silence."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"a tool is missing, and CI=true allows no skip for that: {reason}", pytrace=False)
    pytest.skip(reason)
