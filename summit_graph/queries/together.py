"""Reads of one question that need nothing of each other: asked at the same time, so that it takes as long as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

_Result = TypeVar("_Result")
_threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="read")


def together(reads: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """What each read answers, in their order; those that no other thread takes in time are made in this one.

    They are all for the caller of this thread (`store.caller`). None goes on when this ends; the first error is raised.
    """
    first, *others = reads
    taken = [_begun_elsewhere(read) for read in others]
    try:
        answers = [first()]
        for read, elsewhere in zip(others, taken, strict=True):
            answers.append(read() if elsewhere.cancel() else elsewhere.result())
        return answers
    finally:
        wait([elsewhere for elsewhere in taken if not elsewhere.cancel()])


def _begun_elsewhere(read: Callable[[], _Result]) -> Future[_Result]:
    try:
        return _threads.submit(copy_context().run, read)
    except RuntimeError:
        # The program is at its end, and a thread of its own still asks: no other one begins any more.
        return Future()
