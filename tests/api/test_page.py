"""The page in a real browser: what is drawn is what the service answers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from summit_graph.run import Run
from summit_graph.store import open_store
from tests.api.serving import Serving, serving

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
SHORT_TIMEOUT_MS = 15_000
CLASS = 4


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path), args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, expected: str = "nothing", **options: Any) -> Iterator[Page]:
    """A page at an address of the service; no script may fail and no request may leave the service.

    The console may only say what has the `expected` text in it: the browser itself notes a request that failed.
    """
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = browser.new_context(**options)
    context.set_default_timeout(SHORT_TIMEOUT_MS)
    page = context.new_page()
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    expect(page.locator("body")).to_have_attribute("aria-busy", "false")
    yield page
    context.close()
    origin = re.match(r"https?://[^/]+/", address)
    assert origin is not None
    assert requests
    assert [url for url in requests if not url.startswith(origin[0])] == []
    assert [error for error in errors if expected not in error] == []


def graph_of(page: Page, served: Serving, number: int = CLASS) -> dict[str, Any]:
    graph: dict[str, Any] = page.request.get(f"{served.address}api/v1/graph?class={number}").json()
    return graph


def drawn(page: Page) -> dict[str, Any]:
    """What the picture holds, read off the rendered page: boxes in pixels of the window."""
    read: dict[str, Any] = page.evaluate(
        """() => {
          const box = (element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return { x: x + width / 2, y: y + height / 2, width, height };
          };
          return {
            nodes: [...document.querySelectorAll("svg .node")].map((node) => ({
              neuron: node.dataset.neuron, label: node.querySelector("text").textContent,
              ...box(node.querySelector("rect")),
            })),
            edges: [...document.querySelectorAll("svg .edge")].map((edge) => ({
              source: edge.dataset.source, target: edge.dataset.target,
              stroke: Number(edge.getAttribute("stroke-width")), ...box(edge),
            })),
            rows: [...document.querySelectorAll(".label")].map((label) => ({
              layer: label.querySelector(".layer").textContent, ...box(label),
            })),
          };
        }"""
    )
    return read


def test_the_nodes_and_edges_drawn_are_those_of_the_service(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class={CLASS}") as page:
        graph, picture = graph_of(page, served), drawn(page)
        assert len(graph["nodes"]) >= 8
        assert len(graph["edges"]) >= 8
        assert sorted(node["neuron"] for node in picture["nodes"]) == sorted(node["neuron"] for node in graph["nodes"])
        assert sorted((edge["source"], edge["target"]) for edge in picture["edges"]) == sorted(
            (edge["source"], edge["target"]) for edge in graph["edges"]
        )
        assert all(node["width"] > 10 and node["label"] == node["neuron"].split("/")[1] for node in picture["nodes"])
        assert all(edge["height"] > 10 for edge in picture["edges"])


def test_each_node_is_in_its_layers_row_and_the_last_layer_is_on_top(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class={CLASS}") as page:
        graph, picture = graph_of(page, served), drawn(page)
        layers = {layer["layer_index"]: layer["layer"] for layer in graph["layers"]}
        rows = {row["layer"]: row["y"] for row in picture["rows"]}
        assert list(rows) == [layers[index] for index in sorted(layers, reverse=True)]
        heights = [rows[layers[index]] for index in sorted(layers, reverse=True)]
        assert heights == sorted(heights)
        assert min(lower - upper for upper, lower in itertools.pairwise(heights)) > 50
        of_node = {node["neuron"]: node for node in graph["nodes"]}
        for node in picture["nodes"]:
            assert abs(node["y"] - rows[layers[of_node[node["neuron"]]["layer_index"]]]) < 1


def test_a_row_follows_the_slots_and_no_tiles_overlap(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class={CLASS}") as page:
        graph, picture = graph_of(page, served), drawn(page)
        place = {node["neuron"]: node for node in picture["nodes"]}
        for layer in graph["layers"]:
            own = [node for node in graph["nodes"] if node["layer_index"] == layer["layer_index"]]
            own.sort(key=lambda node: node["slot"])
            boxes = [place[node["neuron"]] for node in own]
            for left, right in itertools.pairwise(boxes):
                assert left["x"] + left["width"] / 2 < right["x"] - right["width"] / 2


def test_sizes_and_widths_follow_the_shares(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class={CLASS}") as page:
        graph, picture = graph_of(page, served), drawn(page)
        share = {node["neuron"]: node["share"] for node in graph["nodes"]}
        sizes = sorted((share[node["neuron"]], node["width"]) for node in picture["nodes"])
        assert sizes[0][1] < sizes[-1][1]
        assert all(one[1] <= other[1] + 0.2 for one, other in itertools.pairwise(sizes))
        share = {(edge["source"], edge["target"]): edge["share"] for edge in graph["edges"]}
        widths = sorted((share[edge["source"], edge["target"]], edge["stroke"]) for edge in picture["edges"])
        assert widths[0][1] < widths[-1][1]
        assert all(one[1] <= other[1] for one, other in itertools.pairwise(widths))


def test_pointing_at_a_neuron_lights_its_inputs_and_outputs(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class={CLASS}") as page:
        graph = graph_of(page, served)
        targets = {edge["target"] for edge in graph["edges"]}
        neuron = next(edge["source"] for edge in graph["edges"] if edge["source"] in targets)
        page.hover(f'.node[data-neuron="{neuron}"]')
        inputs = {edge["source"] for edge in graph["edges"] if edge["target"] == neuron}
        outputs = {edge["target"] for edge in graph["edges"] if edge["source"] == neuron}
        read = "nodes => nodes.map(node => node.dataset.neuron)"
        assert set(page.eval_on_selector_all(".node.input", read)) == inputs
        assert set(page.eval_on_selector_all(".node.output", read)) == outputs
        assert page.locator(".edge.input").count() == len(inputs)
        assert page.locator(".edge.output").count() == len(outputs)
        node = next(node for node in graph["nodes"] if node["neuron"] == neuron)
        panel = page.inner_text("#panel")
        assert neuron in panel
        assert str(node["count"]) in panel
        assert all(name in panel for name in inputs | outputs)


def test_the_tables_say_the_same_as_the_picture(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class={CLASS}") as page:
        graph = graph_of(page, served)
        rows = page.locator("tbody tr").all_inner_texts()
        assert sorted(row.split()[0] for row in rows) == sorted(node["neuron"] for node in graph["nodes"])
        counts = {row.split()[0]: int(row.split()[1]) for row in rows}
        assert counts == {node["neuron"]: node["count"] for node in graph["nodes"]}
        page.locator(".tabs button").nth(1).click()
        rows = page.locator("tbody tr").all_inner_texts()
        wanted = sorted((edge["source"], edge["target"], edge["count"]) for edge in graph["edges"])
        assert sorted((row.split()[0], row.split()[1], int(row.split()[2])) for row in rows) == wanted
        page.locator("thead button", has_text="Count").click()
        column = [int(row.split()[2]) for row in page.locator("tbody tr").all_inner_texts()]
        assert column == sorted(column)


def test_a_class_is_found_by_part_of_its_name_and_the_view_is_in_the_address(browser: Browser, served: Serving) -> None:
    with opened(browser, served.address) as page:
        expect(page.locator("#class-name")).to_have_text("tench")
        page.get_by_role("combobox").fill("n bea")
        expect(page.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator("#class-name")).to_have_text("brown bear")
        expect(page).to_have_url(re.compile(r"\?run=small&class=4$"))
        neuron = page.locator(".node").first.get_attribute("data-neuron")
        page.locator(".node").first.click()
        expect(page).to_have_url(re.compile(f"&neuron={neuron}$"))
        there = page.url
        page.go_back()
        expect(page.locator("#class-name")).to_have_text("tench")
        page.go_forward()
        expect(page.locator("#class-name")).to_have_text("brown bear")
        expect(page).to_have_url(there)
        expect(page.locator(".node.pinned")).to_have_attribute("data-neuron", str(neuron))


def test_names_are_shown_as_they_are_and_duplicates_told_apart(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=7") as page:
        name = "O'Brien's \"dog\" \\ ärm <b>, \N{ARABIC LETTER ALEF}"
        expect(page.locator("#class-name")).to_have_text(name)
        page.get_by_role("combobox").fill("crane")
        expect(page.get_by_role("option")).to_have_text(["1crane", "2crane"])
        page.get_by_role("option").nth(1).click()
        expect(page).to_have_url(re.compile("class=2$"))
        page.get_by_role("combobox").fill("zzz")
        expect(page.locator("#class-options")).to_contain_text("No class has")


def test_the_main_task_is_done_by_keyboard_alone(browser: Browser, served: Serving) -> None:
    with opened(browser, served.address) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("combobox")).to_be_focused()
        page.keyboard.type("brown")
        page.keyboard.press("Enter")
        expect(page.locator("#class-name")).to_have_text("brown bear")
        page.get_by_role("combobox").focus()
        page.keyboard.press("Escape")
        for _ in range(4):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.classList.contains('node')"):
                break
        first = page.evaluate("document.activeElement.dataset.neuron")
        page.keyboard.press("ArrowUp")
        second = page.evaluate("document.activeElement.dataset.neuron")
        assert second not in (None, first)
        page.keyboard.press("Enter")
        expect(page.locator(".node.pinned")).to_have_attribute("data-neuron", second)
        page.keyboard.press("Escape")
        expect(page.locator(".node.pinned")).to_have_count(0)


def test_another_run_is_chosen_and_one_without_shares_is_drawn_by_counts(browser: Browser, two_runs_path: Path) -> None:
    with serving("--db", str(two_runs_path)) as served, opened(browser, f"{served.address}?run=small&class=4") as page:
        expect(page.locator("thead")).to_contain_text("Share")
        choice = page.get_by_label("Run", exact=True)
        assert sorted(choice.locator("option").all_inner_texts()) == ["countless", "small"]
        choice.select_option("countless")
        expect(page).to_have_url(re.compile(r"\?run=countless&class=0$"))
        graph = page.request.get(f"{served.address}api/v1/graph?class=0&run=countless").json()
        expect(page.locator(".node")).to_have_count(len(graph["nodes"]))
        assert {node["share"] for node in graph["nodes"]} == {None}
        expect(page.locator("thead")).not_to_contain_text("Share")
        count = {node["neuron"]: node["count"] for node in graph["nodes"]}
        sizes = sorted((count[node["neuron"]], node["width"]) for node in drawn(page)["nodes"])
        assert sizes[0][1] < sizes[-1][1]
        assert all(one[1] <= other[1] + 0.2 for one, other in itertools.pairwise(sizes))
        page.go_back()
        expect(page.locator("#class-name")).to_have_text("brown bear")
        expect(page.get_by_label("Run", exact=True)).to_have_value("small")


def test_an_unknown_class_is_answered_with_the_nearest_which_can_be_taken(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=brown+beer", expected="404 (Not Found)") as page:
        expect(page.locator("#message")).to_contain_text("brown bear")
        page.get_by_role("button", name="brown bear").click()
        expect(page.locator("#class-name")).to_have_text("brown bear")
        expect(page.locator("#message")).to_be_hidden()
        assert page.locator(".node").count() > 0


def test_a_class_without_a_graph_says_so(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=9") as page:
        expect(page.locator("#class-name")).to_have_text("never seen")
        expect(page.locator("#message")).to_contain_text("no attribution graph")


def test_a_store_without_runs_says_what_to_type(browser: Browser, empty_store_path: Path) -> None:
    with serving("--db", str(empty_store_path)) as served, opened(browser, served.address) as page:
        expect(page.locator("#message")).to_contain_text("summit-graph load RUN")


def test_a_service_that_has_gone_is_said(browser: Browser, store_path: Path) -> None:
    with serving("--db", str(store_path)) as served:
        with opened(browser, served.address, expected="ERR_CONNECTION_REFUSED") as page:
            served.process.terminate()
            served.process.wait(30)
            page.get_by_role("combobox").fill("brown")
            page.keyboard.press("Enter")
            expect(page.locator("#message")).to_contain_text("does not answer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1024, 1920])
def test_everything_fits_the_window(browser: Browser, served: Serving, scheme: Any, width: int) -> None:
    with opened(
        browser, f"{served.address}?class={CLASS}", viewport={"width": width, "height": 800}, color_scheme=scheme
    ) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("document.querySelector('.scroller').scrollWidth") <= page.evaluate(
            "document.querySelector('.scroller').clientWidth"
        )
        for node in drawn(page)["nodes"]:
            assert 0 < node["x"] < width


def test_a_real_class_of_the_published_graphs_is_drawn_whole(
    browser: Browser, published_run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "published.lbug"
    store = open_store(str(path), must_exist=False)
    try:
        store.load(published_run)
    finally:
        store.close()
    with serving("--db", str(path)) as served, opened(browser, f"{served.address}?class=294") as page:
        graph, picture = graph_of(page, served, 294), drawn(page)
        expect(page.locator("#class-name")).to_have_text("brown bear")
        assert len(graph["layers"]) == len(picture["rows"]) == 9
        assert len(picture["nodes"]) == len(graph["nodes"]) > 30
        assert {node["neuron"] for node in picture["nodes"]} == {node["neuron"] for node in graph["nodes"]}
        assert len(picture["edges"]) == len(graph["edges"]) > 50
        page.get_by_role("combobox").fill("black bear")
        page.keyboard.press("Enter")
        expect(page.locator("#class-name")).to_have_text("American black bear")
