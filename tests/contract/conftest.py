"""Fixtures of the contract: the runs, made once a session."""

from tests.contract.runs import oracles, runs
from tests.demo_run import demo_run
from tests.published import published_files, published_run
from tests.resnet_run import cifar_files, resnet_run
from tests.runs import countless_run, small_run

__all__ = [
    "cifar_files",
    "countless_run",
    "demo_run",
    "oracles",
    "published_files",
    "published_run",
    "resnet_run",
    "runs",
    "small_run",
]
