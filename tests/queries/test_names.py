"""Which class, layer, neuron or run is meant: on a store and on a run directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import summit_graph
from summit_graph import schema
from summit_graph.errors import NotFound, SummitError
from summit_graph.names import ClassName, LayerName, Names, find_run, names_of_directory, names_of_store
from summit_graph.run import Run
from summit_graph.store import Answer, Store, open_store
from tests.runs import make_run


@pytest.fixture(params=["store", "directory"])
def names(request: pytest.FixtureRequest, store: Store, small_run: Run) -> Names:
    """The names of the generated run, from where it was loaded and from where it lies."""
    if request.param == "directory":
        return names_of_directory(small_run)
    return names_of_store(store, find_run(store, "small"))


def test_a_store_and_a_directory_know_the_same_names(store: Store, small_run: Run) -> None:
    assert names_of_store(store, find_run(store, "small")) == names_of_directory(small_run)


@pytest.mark.parametrize(
    ("said", "number"),
    [(4, 4), ("4", 4), (" 4 ", 4), ("small/4", 4), ("brown bear", 4), ("Brown_Bear", 4), ("tench", 0)],
)
def test_a_class_is_said_by_number_name_or_id(names: Names, said: str | int, number: int) -> None:
    assert names.find_class(said).number == number


@pytest.mark.parametrize(
    ("said", "nearest", "message"),
    [
        ("tnch", ("tench",), "small has no class 'tnch': the nearest is tench (0)"),
        ("bear", ("brown bear",), "small has no class 'bear': the nearest is brown bear (4)"),
        ("crne", ("crane", "crane"), "small has no class 'crne': the nearest are crane (1), crane (2)"),
        ("3", ("crane", "brown bear"), "small has no class '3': the nearest are crane (2), brown bear (4)"),
        (
            8,
            ("O'Brien's \"dog\" \\ ärm <b>, \N{ARABIC LETTER ALEF}", "never seen"),
            "small has no class '8': the nearest",
        ),
        ("xyz/4", ("tench",), "small has no class 'xyz/4': the nearest is tench (0)"),
    ],
)
def test_an_unknown_class_names_the_nearest(
    names: Names, said: str | int, nearest: tuple[str, ...], message: str
) -> None:
    with pytest.raises(NotFound) as refusal:
        names.find_class(said)
    assert str(refusal.value).startswith(message)
    assert refusal.value.nearest == nearest


def test_an_ambiguous_name_lists_its_candidates(names: Names) -> None:
    with pytest.raises(SummitError, match=r"^'crane' could be small/1 \(crane\), small/2 \(crane\): say an id$"):
        names.find_class("crane")
    assert names.find_class("small/2").number == 2


def digits() -> Names:
    """Classes whose names are numbers, though not their own."""
    said = {0: "7", 1: "1", 7: "seven"}
    classes = tuple(ClassName(f"r/{number}", number, name, None, None) for number, name in said.items())
    return Names("r", classes, (LayerName("a/b", 0, 4),))


def test_a_name_that_is_another_class_s_number_is_ambiguous() -> None:
    with pytest.raises(SummitError, match=r"^'7' could be r/7 \(seven\), r/0 \(7\): say an id$"):
        digits().find_class("7")
    assert digits().find_class(7).name == "seven"
    assert digits().find_class("r/0").name == "7"
    assert digits().find_class("1").number == 1


def test_classes_are_said_each_for_itself_or_from_one_number_to_another(names: Names) -> None:
    def found(*said: str | int) -> list[int]:
        return [entry.number for entry in names.find_classes(said)]

    assert found("brown bear", 0, "tench", "small/9") == [0, 4, 9]
    assert found("1-6", "4-4") == [1, 2, 4]
    with pytest.raises(NotFound, match="no class '5-6'"):
        found("5-6")
    with pytest.raises(NotFound, match="the nearest is tench"):
        found(0, "tnch")
    assert Names("r", (ClassName("r/0", 0, "1-2", None, None),), ()).find_classes(["1-2"])[0].number == 0


def test_a_layer_s_name_may_have_slashes() -> None:
    assert digits().find_neuron("a/b/3").id == "r/a/b/3"


def test_a_neuron_is_layer_and_channel(names: Names) -> None:
    neuron = names.find_neuron("mixed4/7")
    assert (neuron.id, neuron.layer.name, neuron.layer.index, neuron.channel) == ("small/mixed4/7", "mixed4", 2, 7)
    assert names.find_neuron("small/mixed4/7") == neuron


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("mixed4", "'mixed4' is no neuron: write it as layer/channel, such as head/0"),
        ("mixd4/0", "small has no layer 'mixd4': the nearest are mixed4, mixed3"),
        ("conv/0", "small has no layer 'conv': the nearest is stem.0"),
        ("mixed4/8", "mixed4 has no channel 8: its 8 channels are mixed4/0 to mixed4/7"),
        ("mixed4/x", "'mixed4/x' is no neuron: after the layer comes its channel, a number from 0 to 7"),
        ("mixed4/-1", "'mixed4/-1' is no neuron: after the layer comes its channel, a number from 0 to 7"),
    ],
)
def test_an_unknown_neuron_says_what_there_is(names: Names, said: str, message: str) -> None:
    with pytest.raises(NotFound) as refusal:
        names.find_neuron(said)
    assert str(refusal.value) == message


def test_the_newest_ready_run_is_the_default(store: Store) -> None:
    assert find_run(store).id == "small"
    assert find_run(store, "countless").id == "countless"


def test_an_unknown_run_says_which_there_are(store: Store) -> None:
    with pytest.raises(NotFound, match=r"^there is no run 'smal': the nearest is small$") as refusal:
        find_run(store, "smal")
    assert refusal.value.nearest == ("small",)
    with pytest.raises(NotFound, match=r"^there is no run 'zzz': the nearest is small$"):
        find_run(store, "zzz")


class RunList:
    """A store whose runs are given; nothing else can be asked of it."""

    dialect = "neo4j"

    def __init__(self, *runs: tuple[str, str, str]) -> None:
        self.runs = runs

    def version(self) -> None:
        """It cannot tell."""

    def read(self, text: str, parameters: dict[str, str | None], **_: object) -> Answer:
        said = parameters["run"]
        rows = [
            (run, name, state, "digest", schema.FORMAT)
            for run, name, state in self.runs
            if (state == "ready" if said is None else said in (run, name))
        ]
        return Answer(("run", "name", "state", "digest", "format"), rows, False)


def found_in(said: str | None, *runs: tuple[str, str, str]) -> str:
    return find_run(RunList(*runs), said).id  # type: ignore[arg-type]


def test_a_run_s_name_may_be_that_of_several() -> None:
    runs = [("a", "digits", "ready"), ("b", "digits", "partial"), ("digits2", "c", "ready")]
    with pytest.raises(SummitError, match=r"^'digits' could be a, b: say its id$"):
        found_in("digits", *runs)
    assert found_in("b", *runs) == "b"
    assert found_in(None, *runs) == "a"
    assert found_in("d", ("d", "x", "ready"), ("e", "d", "ready")) == "d"


def test_a_store_without_a_ready_run_says_so() -> None:
    with pytest.raises(NotFound, match="holds no run that is ready: load one"):
        found_in(None, ("b", "digits", "partial"))
    with pytest.raises(NotFound, match="the store holds none that is ready"):
        found_in("x")


def test_names_are_kept_by_what_the_run_holds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = find_run(store, "small")
    first = names_of_store(store, run)

    def refuse(*_: object, **__: object) -> Answer:
        raise AssertionError("asked again")

    monkeypatch.setattr(store, "read", refuse)
    assert names_of_store(store, run) is first
    with pytest.raises(AssertionError, match="asked again"):
        names_of_store(store, replace(run, digest="other"))


def test_a_name_that_another_run_has_is_said_to_be_there(small_run: Run, tmp_path: Path) -> None:
    other = make_run(tmp_path / "run", run="fish", classes={3: "lionfish"}, layers={"stem.0": 2, "head": 9})
    opened = open_store(str(tmp_path / "two.lbug"), must_exist=False)
    for run in (small_run, other):
        opened.load(run)
    opened.close()
    with summit_graph.connect(tmp_path / "two.lbug") as graph:
        with pytest.raises(NotFound, match=r"^small has no class 'lionfish': .*; the run fish has it: say run fish$"):
            graph.query("class_edges", class_="lionfish", run="small")
        with pytest.raises(NotFound, match=r"head/0 to head/4; the run fish has it: say run fish$"):
            graph.query("neuron_classes", neuron="head/8", run="small")
        with pytest.raises(NotFound, match=r"^small has no class 'lionfish': the nearest is [^;]*$"):
            graph.query("neuron_outputs", class_="lionfish", neuron="stem.0/5", run="small")
