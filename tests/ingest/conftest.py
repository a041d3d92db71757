"""Fixtures of the room ingest: a real run."""

from tests.resnet_run import cifar_files, resnet_run

__all__ = ["cifar_files", "resnet_run"]
