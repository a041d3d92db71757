"""Versions of what computes a run, for its manifest."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("summit-graph", "torch", "torchvision", "timm", "pillow", "numpy", "scipy", "umap-learn")


def software() -> dict[str, str]:
    """Version of Python and of each package that is installed."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
