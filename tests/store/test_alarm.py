"""What runs longer than it may is interrupted until it has ended, and nothing else is."""

from __future__ import annotations

import threading
import time

import pytest

from summit_graph.store.ladybug.alarm import LOOK_EVERY_S, LOOK_ON_FOR_S, Alarm


def test_what_runs_too_long_is_interrupted_until_it_has_ended() -> None:
    alarm, enough = Alarm(), threading.Event()
    begin_s, called_s = time.monotonic(), []

    def interrupt() -> None:
        called_s.append(time.monotonic() - begin_s)
        if len(called_s) == 3:
            enough.set()

    with alarm.after(100, interrupt):
        assert enough.wait(30)
    assert called_s[0] >= 0.1
    ended = len(called_s)
    time.sleep(10 * LOOK_EVERY_S)
    assert len(called_s) == ended


@pytest.mark.parametrize("limit_ms", [0, 60_000])
def test_what_ends_in_time_is_left_alone(limit_ms: int) -> None:
    called: list[int] = []
    with Alarm().after(limit_ms, lambda: called.append(1)):
        time.sleep(5 * LOOK_EVERY_S)
    assert called == []


def test_the_thread_ends_when_nothing_runs_and_begins_again() -> None:
    alarm = Alarm()
    for _ in range(2):
        enough = threading.Event()
        with alarm.after(1, enough.set):
            assert enough.wait(30)
        ends_s = time.monotonic() + 30 * LOOK_ON_FOR_S
        while any(thread.name == "summit-graph alarm" for thread in threading.enumerate()):
            assert time.monotonic() < ends_s
            time.sleep(LOOK_EVERY_S)
