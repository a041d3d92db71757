"""A page of the explorer in the browser, and what can be read off it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.api.serving import Serving

TIMEOUT_MS = 60_000
"""For what takes a tenth of a second where nobody else uses the machine."""
expect.set_options(timeout=TIMEOUT_MS)


@contextmanager
def opened(browser: Browser, address: str, expected: str = "nothing", **options: Any) -> Iterator[Page]:
    """A page at an address of the service; no script may fail and no request may leave the service.

    The console may only say what matches `expected`: the browser itself notes a request that failed.
    """
    options.setdefault("viewport", {"width": 1440, "height": 900})
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    settled(page)
    yield page
    context.close()
    origin = re.match(r"https?://[^/]+/", address)
    assert origin is not None
    assert requests
    assert [url for url in requests if not url.startswith((origin[0], "blob:", "data:"))] == []
    unexpected = [error for error in errors if not re.search(expected, error)]
    assert unexpected == [], unexpected


# What an event changes is in the document when the event has been handled. Effects, and what they draw on canvases, are
# there a frame or two later: each of them was scheduled before the frame that is waited for here.
_CALM = """async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  for (let calm = 0; calm < 3; calm++) {
    await frame();
    if (document.body.getAttribute("aria-busy") !== "false") calm = -1;
  }
}"""


def settled(page: Page) -> None:
    """Waits until the page asks nothing any more and has drawn what it knows; the embedding may still move."""
    expect(page.locator("body")).to_have_attribute("aria-busy", "false")
    page.evaluate(_CALM)


def some_neurons(page: Page) -> None:
    """Waits until the graph has neurons."""
    expect(page.locator(".node")).not_to_have_count(0)


def title(page: Page, name: str) -> None:
    """The class or neuron that the page shows."""
    expect(page.locator(".graph-heading h2, .neuron-page h2").first).to_have_text(name)


def graph_of(page: Page, served: Serving, number: int, run: str | None = None) -> dict[str, Any]:
    """What the service says of a class's graph."""
    chosen = "" if run is None else f"&run={run}"
    graph: dict[str, Any] = page.request.get(f"{served.address}api/v1/graph?class={number}{chosen}").json()
    return graph


def rows_of(page: Page, served: Serving, query: str) -> list[dict[str, Any]]:
    """The rows of a canned query, asked with its address's end: `classes?sort=name`."""
    rows: list[dict[str, Any]] = page.request.get(f"{served.address}api/v1/queries/{query}").json()["rows"]
    return rows


def drawn(page: Page) -> dict[str, Any]:
    """What the picture holds, read off the rendered page: boxes in pixels of the window, places by their middles."""
    read: dict[str, Any] = page.evaluate(
        """() => {
          const box = (element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return { x: x + width / 2, y: y + height / 2, width, height };
          };
          return {
            nodes: [...document.querySelectorAll(".node")].map((node) => ({
              neuron: node.dataset.neuron, label: node.querySelector("text").textContent,
              ...box(node.querySelector("rect")),
            })),
            rows: [...document.querySelectorAll(".row-label")].map((label) => ({
              layer: label.dataset.layer, ...box(label.querySelector(".layer")),
            })),
            edges: Number(document.querySelector(".drawing canvas").dataset.edges),
          };
        }"""
    )
    return read


def painted(page: Page, points: list[tuple[float, float]]) -> list[list[int]]:
    """What the canvas of edges and pictures holds at these places of the window: red, green, blue, alpha."""
    found: list[list[int]] = page.evaluate(
        """(points) => {
          const canvas = document.querySelector(".drawing canvas");
          const { left, top } = canvas.getBoundingClientRect();
          const sharpness = canvas.width / canvas.clientWidth;
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return points.map(([x, y]) => {
            const [column, row] = [Math.round((x - left) * sharpness), Math.round((y - top) * sharpness)];
            const at = 4 * (row * canvas.width + column);
            return [...data.slice(at, at + 4)];
          });
        }""",
        [list(point) for point in points],
    )
    return found


def inked(page: Page, points: list[tuple[float, float]]) -> list[bool]:
    """Whether something is painted at each of these places of the window, or a pixel beside it."""
    around = [(x + right, y + down) for x, y in points for right in (-1, 0, 1) for down in (-1, 0, 1)]
    alphas = [pixel[3] for pixel in painted(page, around)]
    return [max(alphas[9 * place : 9 * place + 9]) > 0 for place in range(len(points))]
