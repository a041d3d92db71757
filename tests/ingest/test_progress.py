"""What an ingest says while it works: on a terminal, in a log, and when it is to be quiet."""

from __future__ import annotations

import io
import time

import pytest

from ingest.progress import Progress, Stopwatch, duration


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, quiet: bool = False) -> str:
    """What is said of an ingest that takes 40 s for 400 of 1,000 images."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    said = Progress(quiet=quiet, stream=stream)
    said.start(images=1000, classes=5)
    for done in range(1, 41):
        clock[0] += 1
        said.reached(10 * done)
        said.class_done(done // 20)
    said.end()
    said.message("the end")
    return stream.getvalue()


def test_a_log_gets_a_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(io.StringIO(), monkeypatch).splitlines()
    assert lines == [
        "100 of 1,000 images, 10 images/s, 0 of 5 classes done, 1 min 30 s left",
        "200 of 1,000 images, 10 images/s, 0 of 5 classes done, 1 min 20 s left",
        "300 of 1,000 images, 10 images/s, 1 of 5 classes done, 1 min 10 s left",
        "400 of 1,000 images, 10 images/s, 1 of 5 classes done, 1 min 0 s left",
        "the end",
    ]


def test_a_terminal_gets_a_bar_that_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(Terminal(), monkeypatch)
    states = text.split("\r")
    assert states[40].startswith("[#########...............] 400 of 1,000 images, 10 images/s, 1 of 5 classes done")
    assert states[41].strip() == ""
    assert states[42] == "the end\n"
    assert text.count("\n") == 1


def test_neurons_that_are_drawn_slowly_are_told_of_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = [100.0], io.StringIO()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    said = Progress(stream=stream)
    said.start_neurons(8)
    for step in range(1, 9):
        clock[0] += 5
        said.reached_neurons(step / 4)
    assert stream.getvalue().splitlines() == [
        "0 of 8 neurons, 3.0 a minute, 2 min 30 s left",
        "1 of 8 neurons, 3.0 a minute, 2 min 20 s left",
        "1 of 8 neurons, 3.0 a minute, 2 min 10 s left",
        "2 of 8 neurons, 3.0 a minute, 2 min 0 s left",
    ]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_quiet_says_nothing(stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(stream(), monkeypatch, quiet=True) == ""


def test_the_parts_of_the_time_add_up_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    watch = Stopwatch()
    with watch.spent_on("decode"):
        clock[0] += 2
    watch.add("forward", 3)
    watch.beside("graphs", 7)
    clock[0] += 4
    whole = watch.whole()
    assert whole == {
        "preparing": 0,
        "decode": 2,
        "forward": 3,
        "influence": 0,
        "graphs": 0,
        "writing": 0,
        "other": 1,
        "total": 6,
    }
    assert watch.hidden == {"graphs": 7}


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7805, "2 h 10 min")])
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said
