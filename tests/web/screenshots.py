"""Pictures of every view at several sizes, light and dark, to be looked at after a change of the page.

python -m tests.web.screenshots STORE FOLDER [SIZE …]     a size is WIDTHxHEIGHT

Of the store's newest run, and of two services beside it: one that no run is loaded into, and one that asks for a key.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from summit_graph.loading import load_run
from summit_graph.store import open_store
from tests.api.serving import serving
from tests.runs import make_run
from tests.services.chromium import find_chromium
from tests.web.page import opened, settled

SIZES = ("1024x768", "1920x1080", "3840x2160")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def views(page: Page, address: str) -> dict[str, str]:
    """Each view's query, for the newest run's first class and a neuron in the middle of its graph."""
    number = page.request.get(f"{address}api/v1/queries/classes?limit=1").json()["rows"][0]["class"]
    graph: dict[str, Any] = page.request.get(f"{address}api/v1/graph?class={number}").json()
    of_class, neurons = f"?class={number}", sorted(node["neuron"] for node in graph["nodes"])
    neuron = neurons[len(neurons) // 2]
    return {
        "class": of_class,
        "pointed": f"{of_class}#{neuron}",
        "pinned": f"{of_class}&pin={neuron}",
        "neuron": f"{of_class}&neuron={neuron}",
        "neurons": f"{of_class}&shows=neurons&places=table",
        "edges": f"{of_class}&shows=edges",
        "no-class": "?class=no+such+class",
    }


def look(size: str, scheme: Literal["light", "dark"]) -> dict[str, Any]:
    """What a page is opened with."""
    width, height = map(int, size.split("x"))
    return {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "reduced_motion": "reduce"}


def take(browser: Browser, address: str, queries: dict[str, str], folder: Path, size: str) -> None:
    """Views of the explorer at one size, as `<view>-<width>-<scheme>.png`."""
    for scheme in SCHEMES:
        for name, query in queries.items():
            query, _, pointed = query.partition("#")
            with opened(browser, address + query, expected="404", **look(size, scheme)) as page:
                page.wait_for_load_state("networkidle")
                if pointed:
                    page.hover(f'.node[data-neuron="{pointed}"]')
                    page.wait_for_load_state("networkidle")
                    settled(page)
                page.screenshot(path=folder / picture(name, size, scheme))


def take_form(browser: Browser, address: str, folder: Path, size: str) -> None:
    """The form that asks for the key: no view of the explorer, which is not there without the key."""
    for scheme in SCHEMES:
        with browser.new_context(**look(size, scheme)) as context:
            page = context.new_page()
            page.goto(address)
            page.screenshot(path=folder / picture("key", size, scheme))


def picture(name: str, size: str, scheme: str) -> str:
    return f"{name}-{size.partition('x')[0]}-{scheme}.png"


def empty_store(folder: Path) -> str:
    """A store whose only run was deleted."""
    path = str(folder / "empty.lbug")
    load_run(make_run(folder / "run"), path)
    store = open_store(path)
    try:
        store.delete_run("small")
    finally:
        store.close()
    return path


def main(store: str, folder: Path, sizes: list[str]) -> None:
    """Takes all pictures, size by size."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        empty, key = empty_store(Path(temporary)), {"SUMMIT_API_KEY": "a key of the pictures"}
        chromium = playwright.chromium.launch(executable_path=str(find_chromium()), args=["--no-sandbox"])
        for size in sizes or SIZES:
            with serving("--db", store) as served:
                with opened(chromium, served.address) as page:
                    queries = views(page, served.address)
                take(chromium, served.address, queries, folder, size)
            with serving("--db", empty) as served:
                take(chromium, served.address, {"no-run": ""}, folder, size)
            with serving("--db", store, environment=key) as served:
                take_form(chromium, served.address, folder, size)
        chromium.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
