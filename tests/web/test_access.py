"""The main task by mouse and by keyboard, names for screen readers, contrast, widths, and reduced motion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.serving import Serving, serving
from tests.services.evidence import Section
from tests.web.page import drawn, opened, settled, title

VIEWS = {
    "graph": "?run=resnet20&class=3",
    "pins": "?run=resnet20&class=3&pin=layer2.1/14",
    "tables": "?run=resnet20&class=3&shows=edges&places=table",
    "neuron": "?run=resnet20&class=3&neuron=layer2.1/14",
    "nothing": "?run=resnet20&class=zebra",
}
OTHER_VIEWS = {
    "digits, graph": ("real_served", "?run=digits&class=3"),
    "published, graph": ("whole_published_served", "?class=294"),
    "published, pins": ("whole_published_served", "?class=294&pin=mixed4d/446"),
    "published, neuron": ("whole_published_served", "?class=294&neuron=mixed4d/446"),
}
MAIN_TASKS = [
    ("real_served", "?run=digits", "t 3", "digit 3"),
    ("real_served", "?run=resnet20", "ca", "cat"),
    pytest.param(("whole_published_served", "", "brown b", "brown bear"), marks=pytest.mark.long),
]
"""Where, which run, what is typed into the search, and the one class that this finds."""


@dataclass(frozen=True)
class MainTask:
    """A page, what is typed into its search, and the one class that this finds."""

    page: Page
    typed: str
    name: str


@pytest.fixture(params=MAIN_TASKS)
def task(browser: Browser, request: pytest.FixtureRequest) -> Iterator[MainTask]:
    where, run, typed, name = request.param
    served: Serving = request.getfixturevalue(where)
    with opened(browser, f"{served.address}{run}") as page:
        yield MainTask(page, typed, name)


def test_the_main_task_is_done_by_mouse_alone(task: MainTask) -> None:
    page = task.page
    row = page.locator(".class-space .class-row").nth(2)
    chosen = row.locator(".name").inner_text()
    row.click()
    title(page, chosen)
    layer = page.get_by_role("radio").nth(1)
    layer.click()
    expect(layer).to_be_checked()
    settled(page)
    lowest = page.locator(".node").last
    neuron = str(lowest.get_attribute("data-neuron"))
    lowest.hover()
    expect(page.locator(".card h3")).to_have_text(neuron)
    lowest.click()
    expect(page.locator(".pin h3")).to_contain_text(neuron)
    settled(page)
    higher = page.locator(".pin .chain").last.locator("a").nth(1)
    neuron = higher.inner_text()
    higher.click()
    expect(page.locator(".pin h3")).to_contain_text(neuron)
    settled(page)
    other = page.locator(".pin .links a").first
    chosen = re.sub(r" \(\d+\)$", "", other.inner_text())
    other.click()
    title(page, chosen)
    page.get_by_role("link", name="Open neuron page").click()
    title(page, neuron)
    page.get_by_role("link", name="Back to the graph").click()
    title(page, chosen)


def focused(page: Page, key: str) -> Any:
    return page.evaluate(f"document.activeElement.{key}")


# A neuron's tile shows by a thicker frame that it has the focus, everything else by an outline.
FOCUS_IS_SEEN = """() => {
  const focused = document.activeElement;
  if (focused.classList.contains("node")) return getComputedStyle(focused.querySelector("rect")).strokeWidth === "4px";
  const { outlineStyle, outlineWidth } = getComputedStyle(focused);
  return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
}"""


def test_the_main_task_is_done_by_keyboard_alone(task: MainTask) -> None:
    page = task.page
    tab_to(page, "type === 'search'")
    page.keyboard.type(task.typed)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".class-box")).to_be_focused()
    page.keyboard.press("Enter")
    title(page, task.name)
    settled(page)
    tab_to(page, "classList.contains('node')")
    first = focused(page, "dataset.neuron")
    expect(page.locator(".card")).to_contain_text(first)
    page.keyboard.press("ArrowDown")
    second = focused(page, "dataset.neuron")
    assert second not in (None, first)
    page.keyboard.press("Enter")
    expect(page.locator(".pin h3")).to_contain_text(second)
    assert focused(page, "dataset.neuron") == second
    tab_to(page, "classList.contains('open')")
    page.keyboard.press("Enter")
    title(page, second)
    tab_to(page, "textContent === 'Back to the graph'")
    page.keyboard.press("Enter")
    title(page, task.name)
    tab_to(page, "role === 'radio'")
    layer = focused(page, "ariaLabel")
    page.keyboard.press("ArrowDown")
    assert focused(page, "ariaLabel") != layer
    expect(page.get_by_role("radio", checked=True)).to_be_focused()


def tab_to(page: Page, wanted: str) -> None:
    """Presses Tab until the focus is on what is wanted; on whatever it was on the way, it was to be seen."""
    settled(page)
    for _ in range(200):
        page.keyboard.press("Tab")
        if focused(page, "tagName") == "BODY":
            continue
        assert page.evaluate(FOCUS_IS_SEEN), focused(page, "outerHTML")
        if page.evaluate(f"document.activeElement.{wanted}"):
            return
    raise AssertionError(f"Tab does not come to {wanted}")


def checked_by_axe(page: Page, web: Path) -> str:
    """What axe says of a page that it finds nothing wrong with."""
    page.evaluate((web / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found["violations"]] == []
    assert len(found["passes"]) > 10
    return f"0 violations, {len(found['passes'])} rules hold, {len(found['incomplete'])} left to the eye"


AXE = "What axe finds in the explorer (all rules, of any impact)"


@pytest.mark.measured
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(
    browser: Browser, real_served: Serving, web: Path, evidence: Section, view: str, scheme: Any
) -> None:
    with opened(browser, real_served.address + VIEWS[view], expected="404", color_scheme=scheme) as page:
        evidence.record(AXE, f"ResNet-20, {view}, {scheme}", checked_by_axe(page, web))


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", OTHER_VIEWS)
def test_axe_finds_nothing_in_other_runs(
    browser: Browser, request: pytest.FixtureRequest, web: Path, evidence: Section, view: str, scheme: Any
) -> None:
    where, query = OTHER_VIEWS[view]
    served: Serving = request.getfixturevalue(where)
    with opened(browser, served.address + query, color_scheme=scheme) as page:
        evidence.record(AXE, f"{view}, {scheme}", checked_by_axe(page, web))


@pytest.mark.long
def test_axe_finds_nothing_where_there_is_no_run_or_a_key_is_asked_for(
    browser: Browser, installed: Path, empty_store_path: Path, store_path: Path, web: Path, evidence: Section
) -> None:
    environment = {"PYTHONPATH": str(installed)}
    with serving("--db", str(empty_store_path), folder=installed, environment=environment) as served:
        with opened(browser, served.address) as page:
            evidence.record(AXE, "no run", checked_by_axe(page, web))
    environment["SUMMIT_API_KEY"] = "a key of the tests"
    with serving("--db", str(store_path), folder=installed, environment=environment) as served:
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(served.address)
            expect(page.get_by_label("This service asks for its key")).to_be_focused()
            evidence.record(AXE, "the form for the key", checked_by_axe(page, web))


@pytest.mark.parametrize("width", [768, 1024, 1440, 3840])
def test_everything_fits_the_window(browser: Browser, real_served: Serving, width: int) -> None:
    size = {"width": width, "height": max(768, width // 2)}
    with opened(browser, f"{real_served.address}{VIEWS['pins']}", viewport=size) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        box = page.locator(".drawing").bounding_box()
        assert box is not None
        for node in drawn(page)["nodes"]:
            assert box["x"] <= node["x"] - node["width"] / 2
            assert node["x"] + node["width"] / 2 <= box["x"] + box["width"]
            assert box["y"] <= node["y"] - node["height"] / 2
            assert node["y"] + node["height"] / 2 <= box["y"] + box["height"]
        patches = page.locator(".pin .patches span")
        expect(patches).not_to_have_count(0)
        panel = page.locator(".pin").bounding_box()
        assert panel is not None
        rights = "spans => spans.map(span => span.getBoundingClientRect().right)"
        assert max(patches.evaluate_all(rights)) <= panel["x"] + panel["width"] + 0.5
        if width >= 1024:
            assert page.evaluate("document.documentElement.scrollHeight") == size["height"]


# From now on time goes by frames, each of 20 ms, however long the machine takes for one; and each picture that the
# embedding shows is noted, until it has been the same for a second of that time.
WATCH = """() => {
  let now = 0;
  const frame = window.requestAnimationFrame.bind(window);
  performance.now = () => now;
  window.requestAnimationFrame = (call) => frame(() => call((now += 20)));
  window.watched = new Set();
  window.rest = 0;
  let last = null;
  const look = () => {
    const picture = document.querySelector(".embedding canvas").toDataURL();
    window.rest = picture === last ? window.rest + 1 : 0;
    window.watched.add((last = picture));
    frame(look);
  };
  look();
}"""


def pictures_until_rest(page: Page) -> int:
    """How many different pictures the embedding has shown when it has come to rest."""
    page.wait_for_function("() => window.rest >= 50")
    return int(page.evaluate("window.watched.size"))


def test_points_jump_where_motion_is_not_wanted_and_move_where_it_is(browser: Browser, real_served: Serving) -> None:
    for motion, moves in (("reduce", False), ("no-preference", True)):
        address = f"{real_served.address}?run=resnet20&class=3&layer=layer1.0"
        with opened(browser, address, reduced_motion=motion) as page:
            page.evaluate(WATCH)
            assert pictures_until_rest(page) == 1
            page.get_by_role("radio", name="layer3.2").click()
            page.wait_for_function("() => window.watched.size > 1")
            settled(page)
            pictures = pictures_until_rest(page)
            assert (pictures > 20) == moves, pictures
            # It has come to rest, and is not frozen.
            page.get_by_role("button", name="Zoom in on the classes").click()
            page.wait_for_function("seen => window.watched.size > seen", arg=pictures)


def test_another_layer_may_be_chosen_while_the_points_still_move(browser: Browser, real_served: Serving) -> None:
    canvas = "document.querySelector('.embedding canvas').toDataURL()"
    with opened(browser, f"{real_served.address}?run=resnet20&class=3&layer=layer2.0") as page:
        page.evaluate(f"window.there = {canvas}")
        page.get_by_role("radio", name="layer1.0").click()
        page.wait_for_function(f"() => {canvas} !== window.there")
        page.get_by_role("radio", name="layer2.0").click()
        page.mouse.move(5, 5)
        page.wait_for_function(f"() => {canvas} === window.there")
