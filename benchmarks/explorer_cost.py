"""What the explorer costs in a real Chromium, beside the service's bare answers in the same browser."""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, Request, sync_playwright

from benchmarks.query_cost import a_run, loaded
from benchmarks.ratio import Ratio
from summit_graph.pictures import PICTURES, visualization_path
from summit_graph.pictures.strips import encoded
from summit_graph.run import Run
from tests.api.serving import serving
from tests.runs import make_run
from tests.services.chromium import find_chromium
from tests.services.missing import ToolMissing

ROUNDS = 7
ARGUMENTS = ("--no-sandbox", "--disable-gpu")
PANNED_FRAMES = 120
LARGE_LAYERS = {f"layer{number}": 280 for number in range(9)}
"""With which a generated graph has some 500 neurons."""
PICTURE_PX = 64

_HAS_PICTURES = """
const hasPictures = () => document.querySelector(".node.seen") === null
  || document.querySelector(".drawing canvas").dataset.pictures !== "0";
"""
# The time, since the page was asked for, of the first frame after the graph was there, with its pictures.
_FIRST_GRAPH = f"""
new Promise(resolve => {{
  {_HAS_PICTURES}
  const look = () => {{
    if (document.querySelector(".node") === null || !hasPictures()) requestAnimationFrame(look);
    else requestAnimationFrame(() => resolve(performance.now()));
  }};
  look();
}})
"""
# Asks for all answers at once, and for the picture that one of them names; the time when all are there.
_ANSWERS = """
async paths => {
  const begin = performance.now();
  const read = async path => {
    const answer = await (await fetch(path, {cache: "no-store"})).json();
    if (answer.atlas) await (await fetch(`/api/v1/${answer.atlas.path}`, {cache: "no-store"})).blob();
  };
  await Promise.all(paths.map(read));
  return [begin, performance.now()];
}
"""
# Clicks on a class in the list; the time until a frame after its graph, and the order by its similarities, are there.
_CHOOSE = f"""
number => new Promise(resolve => {{
  {_HAS_PICTURES}
  const begin = performance.now();
  document.getElementById(`class-${{number}}`).click();
  const look = () => {{
    const isThere = document.querySelector(".title p")?.textContent.startsWith(`No. ${{number}}`);
    const isBusy = document.body.getAttribute("aria-busy") !== "false";
    if (!isThere || isBusy || !hasPictures()) requestAnimationFrame(look);
    else requestAnimationFrame(() => resolve(performance.now() - begin));
  }};
  requestAnimationFrame(look);
}})
"""
# Drags the graph a little before each frame; the times from frame to frame.
_PAN = """
frames => new Promise(resolve => {
  const svg = document.querySelector(".drawing svg");
  const { left, top } = svg.getBoundingClientRect();
  const send = (target, kind, at) => target.dispatchEvent(new MouseEvent(kind, {
    bubbles: true, cancelable: true, view: window, button: 0, buttons: 1,
    clientX: left + 200 + 2 * at, clientY: top + 100 + at,
  }));
  send(svg, "mousedown", 0);
  const times = [];
  let before = performance.now();
  const step = now => {
    times.push(now - before);
    before = now;
    if (times.length <= frames) {
      send(window, "mousemove", times.length);
      requestAnimationFrame(step);
    } else {
      send(window, "mouseup", frames);
      resolve(times.slice(1));
    }
  };
  requestAnimationFrame(step);
})
"""


@dataclass
class FirstGraph:
    """What it takes until a new visitor sees the first graph."""

    drawn_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    """An empty page, and the answers that the explorer asks for, all at once."""
    requests: int = 0


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A Chromium without a window. Raises ToolMissing where there is none."""
    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def a_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page of a visitor who was never here."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    try:
        yield context.new_page()
    finally:
        context.close()


def first_graph(browser: Browser, address: str, of_class: int, rounds: int = ROUNDS) -> FirstGraph:
    """The first graph of new visitors, and the same answers without the explorer, in turn."""
    measured = FirstGraph()
    for turn in range(rounds + 1):
        with a_page(browser) as page:
            asked = requests_of(page)
            page.goto(f"{address}?class={of_class}", wait_until="commit")
            drawn = page.evaluate(_FIRST_GRAPH)
            measured.requests = max(measured.requests, len(asked))
            paths = answers_among(asked)
        with a_page(browser) as page:
            page.goto(f"{address}healthz", wait_until="commit")
            _, bare = page.evaluate(_ANSWERS, paths)
        if turn > 0:  # the service's first answers of all are nobody's measure
            measured.drawn_ms.append(drawn)
            measured.bare_ms.append(bare)
    return measured


def choosing(browser: Browser, address: str, classes: list[int]) -> tuple[list[float], list[float]]:
    """Times in ms from a click on a class until all of it is there, and of the answers that this needs.

    Every second class is chosen, and the answers are those of the others: neither finds what the other left behind.
    """
    with a_page(browser) as page, a_page(browser) as empty:
        asked = requests_of(page)
        page.goto(f"{address}?class={classes[-1] + 1}&sort=number")
        page.locator("body[aria-busy=false]").wait_for()
        empty.goto(f"{address}healthz")
        chosen, bare = [], []
        for number, other in zip(classes[::2], classes[1::2], strict=True):
            asked.clear()
            page.locator(f"#class-{number}").wait_for()
            chosen.append(page.evaluate(_CHOOSE, number))
            paths = [re.sub(rf"\bclass={number}\b", f"class={other}", path) for path in answers_among(asked)]
            begin, end = empty.evaluate(_ANSWERS, paths)
            bare.append(end - begin)
    return chosen[1:], bare[1:]


def requests_of(page: Page) -> list[Request]:
    """A list to which every request of the page is added."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    return asked


def answers_among(asked: list[Request]) -> list[str]:
    """The paths of the answers of the service among a page's requests; not of pictures, which answers name."""
    paths = [urlsplit(one.url) for one in asked]
    return [f"{one.path}?{one.query}" for one in paths if "/api/" in one.path and not one.path.endswith(".webp")]


def frame_ms(browser: Browser, address: str) -> tuple[int, float]:
    """How many neurons are drawn, and the median time in ms from frame to frame while they are dragged."""
    with a_page(browser) as page:
        page.goto(address)
        page.locator("body[aria-busy=false]").wait_for()
        page.wait_for_function(f"() => {{ {_HAS_PICTURES} return hasPictures(); }}")
        times: list[float] = page.evaluate(_PAN, PANNED_FRAMES)
        return page.locator(".node").count(), statistics.median(times)


def memory_bytes(browser: Browser, address: str, before: int, after: int) -> tuple[float, float]:
    """The page's heap after choosing so many classes, and after so many more."""
    with a_page(browser, reduced_motion="reduce") as page:
        page.goto(f"{address}?sort=number")
        page.locator("body[aria-busy=false]").wait_for()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        heap = []
        for number in range(1, before + after + 1):
            page.locator(".class-box").focus()
            page.get_by_role("searchbox").fill(str(number))
            page.locator(f"#class-{number}").wait_for()
            page.evaluate(_CHOOSE, number)
            if number in {before, before + after}:
                session.send("HeapProfiler.collectGarbage")
                metrics = session.send("Performance.getMetrics")["metrics"]
                heap.append(next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize"))
    return heap[0], heap[1]


def ratios() -> Iterator[Ratio]:
    """The first graph and the choice of a class beside the bare answers; nothing where there is no Chromium."""
    with tempfile.TemporaryDirectory(prefix="summit-bench-") as folder:
        path = loaded(a_run(Path(folder)), Path(folder) / "bench.lbug")
        large = loaded(a_large_run(Path(folder) / "large"), Path(folder) / "large.lbug")
        try:
            with a_browser() as browser:
                with serving("--db", str(path)) as served:
                    first = first_graph(browser, served.address, 3)
                    drawn, bare = statistics.median(first.drawn_ms), statistics.median(first.bare_ms)
                    what = f"explorer: first graph, {first.requests} requests"
                    yield Ratio(what, "an empty page and the answers", drawn, bare)
                    chosen, bare_answers = choosing(browser, served.address, list(range(16)))
                    drawn, bare = statistics.median(chosen), statistics.median(bare_answers)
                    yield Ratio("explorer: choosing a class", "its answers", drawn, bare)
                with serving("--db", str(large)) as served:
                    neurons, pause = frame_ms(browser, served.address)
                    yield Ratio(f"explorer: dragging {neurons} neurons", "60 frames a second", pause, 1000 / 60)
        except ToolMissing as missing:
            print(f"no browser to measure in: {missing}", file=sys.stderr)


def a_large_run(directory: Path) -> Run:
    """A generated run, the graphs of which have some 500 neurons, each with a picture."""
    run = make_run(directory, run="large", classes=["a", "b"], layers=LARGE_LAYERS, edge_share=0.08, examples=False)
    generator = np.random.default_rng(0)
    noises = [generator.integers(0, 256, (PICTURE_PX, PICTURE_PX, 3), dtype=np.uint8) for _ in range(16)]
    contents = [encoded(Image.fromarray(noise), lossless=False) for noise in noises]
    for layer in run.manifest.layers:
        for channel in range(layer.channels):
            path = run.directory / PICTURES / visualization_path(layer.name, channel)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[channel % len(contents)])
    return run
