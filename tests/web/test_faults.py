"""What the page does when something is missing, slow, or gone."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from playwright.sync_api import Browser, Route, expect

from summit_graph.run import Run, RunWriter
from tests.api.serving import Serving, serving
from tests.run.test_directory import MANIFEST, result
from tests.run.test_unfinished import predictions
from tests.runs import make_run
from tests.services.ports import lasting_port
from tests.web.conftest import Serve, loaded
from tests.web.page import TIMEOUT_MS, drawn, graph_of, opened, settled, some_neurons, title


def test_an_unknown_class_is_answered_with_the_nearest_which_can_be_taken(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=brown+beer", expected="404") as page:
        expect(page.locator(".message")).to_contain_text("brown bear")
        page.get_by_role("link", name="brown bear").click()
        title(page, "brown bear")
        expect(page.locator(".message")).to_have_count(0)
        some_neurons(page)


def test_an_unknown_neuron_in_the_address_is_said_in_its_place(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=4&pin=nosuch/1", expected="404") as page:
        title(page, "brown bear")
        expect(page.locator(".pin")).to_contain_text("nosuch")
        some_neurons(page)


def test_a_class_without_a_graph_says_so(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=9") as page:
        title(page, "never seen")
        expect(page.locator(".message")).to_contain_text("no attribution graph")


def test_a_run_whose_ingest_has_not_ended_is_shown_where_it_is_named(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    writer = RunWriter.start(tmp_path / "runs" / MANIFEST.run, MANIFEST, {0: "tench", 1: "crane"})
    writer.write_class(replace(result(1), predictions=predictions(1, [1, 0])))
    unfinished = Run.open(writer.directory, partial=True)
    with serve("--db", str(loaded(tmp_path / "partial.lbug", unfinished))) as served:
        with opened(browser, served.address) as page:
            expect(page.locator(".message")).to_contain_text("No run is loaded")
        with opened(browser, f"{served.address}?run={MANIFEST.run}&class=1") as page:
            title(page, "crane")
            expect(page.locator("header")).to_contain_text("its ingest has not ended")
            some_neurons(page)


def test_a_store_without_runs_says_what_to_type(browser: Browser, serve: Serve, empty_store_path: Path) -> None:
    with serve("--db", str(empty_store_path)) as served, opened(browser, served.address) as page:
        expect(page.locator(".message")).to_contain_text("summit-graph load RUN")


def test_a_run_without_embedding_and_predictions_is_shown_with_what_it_has(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", run="bare", images_per_class=None, embedding=False)
    with serve("--db", str(loaded(tmp_path / "bare.lbug", run))) as served, opened(browser, served.address) as page:
        expect(page.locator(".embedding")).to_contain_text("no class embedding")
        expect(page.locator(".class-head")).not_to_contain_text("probability")
        some_neurons(page)
        page.locator(".node").first.click()
        page.get_by_role("link", name="Open neuron page").click()
        expect(page.locator(".neuron-page")).to_contain_text("This run knows no examples")


def test_a_service_with_a_key_asks_for_it_at_first_and_again_when_its_time_is_over(
    browser: Browser, installed: Path, store_path: Path
) -> None:
    key = "a key of the tests"
    environment = {"PYTHONPATH": str(installed), "SUMMIT_API_KEY": key}
    with serving("--db", str(store_path), folder=installed, environment=environment) as served:
        with browser.new_context() as context:
            context.set_default_timeout(TIMEOUT_MS)
            page = context.new_page()
            page.goto(f"{served.address}?class=4&sort=name")
            page.get_by_label("This service asks for its key").fill("another key")
            page.get_by_role("button", name="Continue").click()
            expect(page.get_by_role("alert")).to_contain_text("not the key")
            page.get_by_label("This service asks for its key").fill(key)
            page.get_by_role("button", name="Continue").click()
            title(page, "brown bear")
            settled(page)
            expect(page).to_have_url(re.compile("sort=name"))
            context.clear_cookies()
            page.get_by_role("searchbox").fill("tench")
            page.keyboard.press("Enter")
            expect(page.locator(".message")).to_contain_text("asks for its key again")
            page.get_by_role("link", name="Give the key").click()
            page.get_by_label("This service asks for its key").fill(key)
            page.get_by_role("button", name="Continue").click()
            title(page, "tench")
            expect(page).to_have_url(re.compile("sort=name"))


def test_a_service_that_goes_is_said_and_its_return_is_noticed(
    browser: Browser, serve: Serve, store_path: Path
) -> None:
    port = lasting_port()

    def serve_again() -> AbstractContextManager[Serving]:
        return serve("--db", str(store_path), "--port", str(port))

    with ExitStack() as later:
        with serve_again() as served:
            page = later.enter_context(opened(browser, f"{served.address}?class=4", expected="ERR_|503"))
            nodes = page.locator(".node").count()
        page.get_by_role("searchbox").fill("tench")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        # What was there stays.
        assert page.locator(".node").count() == nodes > 0
        with serve_again():
            expect(page.get_by_role("alert")).to_have_count(0)
            title(page, "tench")
            settled(page)


def test_a_late_answer_does_not_take_the_place_of_a_newer_one(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        held: list[Route] = []

        def hold_the_dogs(route: Route) -> None:
            if "class=5" in route.request.url:
                held.append(route)
            else:
                route.continue_()

        page.route(re.compile(r"/api/v1/graph"), hold_the_dogs)
        page.get_by_role("searchbox").fill("dog")
        page.keyboard.press("Enter")
        expect(page.locator("body")).to_have_attribute("aria-busy", "true")
        expect(page).to_have_url(re.compile("class=5"))
        # What is old says so and stays.
        expect(page.locator(".graph")).to_have_attribute("aria-busy", "true")
        title(page, "cat")
        page.get_by_role("searchbox").fill("ship")
        page.keyboard.press("Enter")
        title(page, "ship")
        settled(page)
        [late] = held
        late.continue_()
        settled(page)
        page.wait_for_timeout(500)
        title(page, "ship")
        expect(page).to_have_url(re.compile("class=8"))


SHAPES: dict[str, dict[str, Any]] = {
    "one layer": {"layers": {"only": 12}},
    "sixty layers": {"layers": {f"blocks.{index}": 5 for index in range(60)}, "edge_share": 0.6},
    "three classes": {"classes": ["a", "b", "c"]},
    "2,048 channels": {
        "layers": {"stem": 64, "wide": 2048},
        "edge_share": 0.004,
        "classes": ["a", "b"],
        "examples": False,
    },
    "5,000 classes": {
        "classes": [f"class {number:04d}" for number in range(5000)],
        "layers": {"one": 3, "two": 3},
        "images_per_class": None,
    },
}


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
def test_a_model_of_another_shape_is_drawn_whole(browser: Browser, serve: Serve, tmp_path: Path, shape: str) -> None:
    run = make_run(tmp_path / "run", run="shape", **SHAPES[shape])
    with serve("--db", str(loaded(tmp_path / "shape.lbug", run))) as served, opened(browser, served.address) as page:
        graph, picture = graph_of(page, served, 0), drawn(page)
        assert {node["neuron"] for node in picture["nodes"]} == {node["neuron"] for node in graph["nodes"]}
        assert picture["edges"] == len(graph["edges"])
        assert len(picture["rows"]) == page.get_by_role("radio").count() == len(graph["layers"])
        # One class has no images, and so no place.
        places = run.table("embedding").filter(pc.field("layer_index") == len(graph["layers"]) - 1).num_rows
        page.get_by_role("button", name="Table").click()
        expect(page.locator(".embedding tbody tr")).to_have_count(places)
        page.get_by_role("button", name="Table").click()
        page.locator(".class-box").focus()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        settled(page)
        last = run.table("classes").to_pylist()[-1]
        title(page, last["name"])
