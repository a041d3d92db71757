"""Pictures of neurons: on tiles from one atlas, in cards, beside pins and on a neuron's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from summit_graph.loading import load_run
from summit_graph.pictures import PICTURES, examples_path, visualization_path
from summit_graph.run import Run
from tests.api.serving import Serving
from tests.runs import make_run
from tests.web.conftest import Serve
from tests.web.page import drawn, graph_of, opened, painted, settled, title

PLAIN = 0
"""Channel, of every layer, of which there is no picture."""
EXAMPLES_ONLY = 1
PATCHES_OF_CLASS, PATCHES = 7, 10


def colour_of(layer_index: int, channel: int) -> tuple[int, int, int]:
    """A colour of the neuron's own."""
    return 60 + 50 * layer_index, 30 + 25 * channel, 240 - 40 * layer_index


@pytest.fixture(scope="module")
def pictured_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A generated run with pictures of plain colours, each neuron's another."""
    run = make_run(tmp_path_factory.mktemp("pictured") / "run", run="pictured")
    folder = run.directory / PICTURES
    for layer in run.manifest.layers:
        for channel in range(layer.channels):
            if channel == PLAIN:
                continue
            colour = colour_of(layer.index, channel)
            save(folder / examples_path(layer.name, channel), colour, PATCHES)
            save(folder / examples_path(layer.name, channel, 4), colour, PATCHES_OF_CLASS)
            if channel == EXAMPLES_ONLY:
                continue
            save(folder / visualization_path(layer.name, channel), colour)
            for variant in range(4):
                save(folder / visualization_path(layer.name, channel, variant), colour)
    return run


def save(path: Path, colour: tuple[int, int, int], squares: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (48 * squares, 48), colour).save(path, "WEBP", lossless=True)


@pytest.fixture(scope="module")
def pictured_served(serve: Serve, pictured_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    path = tmp_path_factory.mktemp("pictured") / "pictured.lbug"
    load_run(pictured_run, str(path))
    with serve("--db", str(path)) as process:
        yield process


def pictured(page: Page, count: int) -> None:
    """Waits until so many tiles have their pictures."""
    expect(page.locator(".drawing canvas")).to_have_attribute("data-pictures", str(count))


def test_each_tile_has_its_neurons_picture_from_one_atlas(browser: Browser, pictured_served: Serving) -> None:
    with opened(browser, f"{pictured_served.address}?class=4") as page:
        graph = graph_of(page, pictured_served, 4)
        nodes = {node["neuron"]: node for node in graph["nodes"]}
        seen = {neuron: node for neuron, node in nodes.items() if node["channel"] != PLAIN}
        assert len(nodes) > len(seen) > 4
        pictured(page, len(seen))
        places = [node for node in drawn(page)["nodes"] if node["neuron"] in seen]
        # Above the channel's number.
        found = painted(page, [(place["x"], place["y"] - place["height"] / 5) for place in places])
        for place, pixel in zip(places, found, strict=True):
            node = seen[place["neuron"]]
            wanted = (*colour_of(node["layer_index"], node["channel"]), 255)
            assert all(abs(one - other) <= 12 for one, other in zip(pixel, wanted, strict=True)), (place, pixel, wanted)
        assert page.locator(".node.seen").count() == len(seen)
        page.wait_for_function(
            "() => performance.getEntriesByType('resource').some(one => one.name.includes('/pictures'))"
        )
        asked = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
        assert len([address for address in asked if "/pictures" in address]) == 1


def test_until_its_picture_is_there_a_tile_is_plain(browser: Browser, pictured_served: Serving) -> None:
    with opened(browser, f"{pictured_served.address}?class=2") as page:
        held: list[Route] = []
        page.route(re.compile(r"/pictures/.*/atlas/"), lambda route: held.append(route))
        page.locator("#class-4").click()
        title(page, "brown bear")
        settled(page)
        tiles = page.locator(".node.seen").count()
        assert tiles > 4
        places = [node for node in drawn(page)["nodes"] if not node["neuron"].endswith(f"/{PLAIN}")]
        assert len(places) == tiles
        # In the middle, where its edges end.
        ground = painted(page, [(place["x"], place["y"]) for place in places])
        assert {tuple(pixel) for pixel in ground} == {ground_of(page)}
        while not held:
            page.wait_for_timeout(20)
        held.pop().continue_()
        pictured(page, tiles)


def ground_of(page: Page) -> tuple[int, ...]:
    """The page's own colour: red, green, blue, alpha."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return (*map(int, re.findall(r"\d+", colour)), 255)


def test_a_card_shows_all_that_there_is_and_asks_only_then(browser: Browser, pictured_served: Serving) -> None:
    with opened(browser, f"{pictured_served.address}?class=4") as page:
        graph = graph_of(page, pictured_served, 4)
        whole = next(node["neuron"] for node in graph["nodes"] if node["channel"] > EXAMPLES_ONLY)
        page.hover(f'.node[data-neuron="{whole}"]')
        card = page.locator(".card")
        expect(card.locator(".made img")).to_have_count(5)
        expect(card.locator(".patches span")).to_have_count(PATCHES_OF_CLASS + PATCHES)
        expect(card).to_contain_text("Strongest in brown bear")
        page.wait_for_function(
            "() => [...document.querySelectorAll('.card img')].every((one) => one.complete && one.naturalWidth > 0)"
        )
        plain = next((node["neuron"] for node in graph["nodes"] if node["channel"] == PLAIN), None)
        assert plain is not None
        page.hover(f'.node[data-neuron="{plain}"]')
        expect(card).to_contain_text(plain)
        expect(card.locator("img")).to_have_count(0)


def test_a_pin_and_the_neurons_page_show_its_pictures(browser: Browser, pictured_served: Serving) -> None:
    with opened(browser, f"{pictured_served.address}?class=4") as page:
        neuron = next(
            node["neuron"] for node in graph_of(page, pictured_served, 4)["nodes"] if node["channel"] > EXAMPLES_ONLY
        )
        page.locator(f'.node[data-neuron="{neuron}"]').click()
        expect(page.locator(".pin .made img")).to_have_count(5)
        page.get_by_role("link", name="Open neuron page").click()
        expect(page.locator(".neuron-page .made img")).to_have_count(5)
        expect(page.locator(".neuron-page .patches").last.locator("span")).to_have_count(PATCHES)
