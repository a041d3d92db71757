"""Pictures of every view at several sizes, light and dark, to be looked at after a change of the page.

python -m tests.web.screenshots STORE FOLDER [SIZE …]     a size is WIDTHxHEIGHT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.api.serving import serving
from tests.services.chromium import find_chromium
from tests.web.page import opened, settled

SIZES = ("1024x768", "1920x1080", "3840x2160")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def views(page: Page, address: str) -> dict[str, str]:
    """Each view's query, for the newest run's first class and a neuron in the middle of its graph."""
    run = page.request.get(f"{address}api/v1/runs").json()["runs"]
    if not run:
        return {"no-run": ""}
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


def take(browser: Browser, address: str, folder: Path, size: str) -> None:
    """Every view at one size, as `<view>-<width>-<scheme>.png`."""
    width, height = map(int, size.split("x"))
    with opened(browser, address) as page:
        queries = views(page, address)
    for scheme in SCHEMES:
        for name, query in queries.items():
            query, _, pointed = query.partition("#")
            look: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
            with opened(browser, address + query, expected="404", reduced_motion="reduce", **look) as page:
                page.wait_for_load_state("networkidle")
                if pointed:
                    page.hover(f'.node[data-neuron="{pointed}"]')
                    page.wait_for_load_state("networkidle")
                    settled(page)
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")


if __name__ == "__main__":
    store, folder, *sizes = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, serving("--db", store) as served:
        chromium = playwright.chromium.launch(executable_path=str(find_chromium()), args=["--no-sandbox"])
        for size in sizes or SIZES:
            take(chromium, served.address, Path(folder), size)
        chromium.close()
