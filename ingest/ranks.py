"""Several processes on one ingest: `torchrun` starts them, and each takes the next of the classes that are left.

Whoever is free takes the largest class that nobody has taken, so uneven classes are balanced, and a class's tables
do not depend on who counted it. Rank 0 begins the run and finishes it. Without torchrun there is one process: `Alone`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from summit_graph.errors import SummitError

Item = TypeVar("Item")
Value = TypeVar("Value")

LONGEST_WAIT = timedelta(days=2)
"""How long a rank waits for others, who may be at a large class; a rank that ends is noticed at once."""
_LOST = "another rank has stopped: it says why itself; the finished classes are kept, and the same command goes on"


def is_first() -> bool:
    """Whether this process speaks for the ingest: rank 0, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def local_ranks() -> int:
    """How many ranks share this machine's cores."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


class Alone:
    """The only process of an ingest."""

    size = 1

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Alone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is to be ended."""

    def in_turn(self, first: Callable[[], Value], others: Callable[[], Value]) -> Value:
        """What `first` gives at rank 0; the other ranks call `others` when it has ended well, else stop."""
        return first()

    def same(self, value: Value) -> Value:
        """Rank 0's value."""
        return value

    def share(self, items: Sequence[Item]) -> Iterator[Item]:
        """Those of the items that this rank takes, in their order; each is taken by one rank."""
        yield from items

    def meet(self) -> None:
        """Waits until all ranks have come so far; raises SummitError where one has stopped."""

    def count(self, what: str, more: int) -> int:
        """Adds to a count of all ranks, and gives its value."""
        self._counts[what] = self._counts.get(what, 0) + more
        return self._counts[what]


class Ranks(Alone):
    """This process among those that torchrun started."""

    def __init__(self) -> None:
        """Waits for the others; raises SummitError where they do not come."""
        try:
            # Under torchrun each attempt to start the ranks has its own keys, so counts begin anew with it.
            self._store, self.rank, self.size = next(iter(rendezvous("env://", timeout=timedelta(minutes=10))))
            self._store.set_timeout(LONGEST_WAIT)
            backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
            dist.init_process_group(
                backend, store=self._store, rank=self.rank, world_size=self.size, timeout=LONGEST_WAIT
            )
        except (RuntimeError, ValueError) as error:
            raise SummitError(f"the ranks do not find each other: {' '.join(str(error).split())[:300]}") from error
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            dist.destroy_process_group()

    def in_turn(self, first: Callable[[], Value], others: Callable[[], Value]) -> Value:
        refused: str | None = None
        if self.rank == 0:
            try:
                value = first()
            except SummitError as error:
                refused = str(error)
                self.same(refused)
                raise
            self.same(None)
            return value
        refused = self.same(None)
        if refused is not None:
            raise SummitError(f"rank 0 stopped: {refused}")
        return others()

    def same(self, value: Value) -> Value:
        box: list[Any] = [value]
        try:
            dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        except RuntimeError as error:
            raise SummitError(_LOST) from error
        received: Value = box[0]
        return received

    def share(self, items: Sequence[Item]) -> Iterator[Item]:
        while (place := self.count("taken", 1) - 1) < len(items):
            yield items[place]

    def meet(self) -> None:
        try:
            dist.barrier()
        except RuntimeError as error:
            raise SummitError(_LOST) from error

    def count(self, what: str, more: int) -> int:
        try:
            return int(self._store.add(f"summit-graph {what}", more))
        except RuntimeError as error:
            raise SummitError(_LOST) from error


def ranks_here() -> Alone:
    """The ranks of this ingest, as the environment names them (torchrun's variables)."""
    return Ranks() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Alone()
