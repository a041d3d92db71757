"""Reads of one question at the same time: their order, their caller, their errors, and that none goes on afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from summit_graph.errors import QueryTimeout
from summit_graph.queries.together import together
from summit_graph.store import Store
from summit_graph.store.caller import Caller, asking, current_caller

RUNAWAY = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS s"


def said(value: int) -> Callable[[], int]:
    return lambda: value


def test_the_answers_are_in_the_order_of_the_reads() -> None:
    assert together([said(number) for number in range(20)]) == list(range(20))
    assert together([said(3)]) == [3]


def test_two_reads_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert sorted(together([both.wait, both.wait])) == [0, 1]


def test_what_other_threads_are_too_busy_for_is_read_in_this_one() -> None:
    go = threading.Event()
    # Each holds one of the threads; there are fewer threads than these.
    busy = [threading.Thread(target=together, args=([go.wait, go.wait],)) for _ in range(64)]
    for thread in busy:
        thread.start()
    try:
        time.sleep(0.2)
        assert together([said(1), said(2), said(3)]) == [1, 2, 3]
    finally:
        go.set()
        for thread in busy:
            thread.join()


def test_a_thread_that_outlives_the_program_s_end_is_answered() -> None:
    program = (
        "import threading, time\n"
        "from summit_graph.queries.together import together\n"
        "def asks():\n"
        "    threading.main_thread().join()\n"
        "    time.sleep(0.3)\n"
        "    print(together([lambda: 1, lambda: 2]))\n"
        "threading.Thread(target=asks).start()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[1, 2]\n", "")


def test_every_read_is_for_the_caller_of_the_question() -> None:
    caller = Caller("7f3a")
    with asking(caller):
        assert together([current_caller] * 4) == [caller] * 4


@pytest.mark.parametrize("wrong", [0, 1])
def test_an_error_is_raised_when_no_read_goes_on(wrong: int) -> None:
    ended = threading.Event()

    def fails() -> None:
        raise LookupError

    def lasts() -> None:
        time.sleep(0.3)
        ended.set()

    reads = [lasts, lasts]
    reads[wrong] = fails
    begun = threading.Event()

    def begins() -> None:
        begun.set()
        reads[1]()

    def after_it() -> None:
        assert begun.wait(30)
        reads[0]()

    with pytest.raises(LookupError):
        together([after_it, begins])
    assert ended.is_set()


def test_all_reads_end_at_the_question_s_limit(store: Store) -> None:
    ends: list[str] = []

    def reads() -> None:
        try:
            # The read's own limit is a minute: what ends it sooner is the question's.
            store.read(RUNAWAY, {}, timeout_ms=60_000)
        except QueryTimeout as error:
            ends.append(str(error))
            raise

    begin_s = time.monotonic()
    with asking(Caller("8b1c", timeout_ms=300)), pytest.raises(QueryTimeout):
        together([reads] * 3)
    assert time.monotonic() - begin_s < 30
    assert ends
    assert store.read("RETURN 1 AS one", {}).rows == [(1,)]
