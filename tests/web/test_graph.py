"""The attribution graph in the browser: what is drawn is what the service answers."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.serving import Serving
from tests.services.evidence import Section
from tests.web.page import drawn, graph_of, inked, opened, settled, title

CASES = (("served", "small", 4), ("real_served", "digits", 3), ("real_served", "resnet20", 3))


def same_as_the_service(page: Page, served: Serving, number: int, run: str | None = None) -> None:
    """Nodes, edges, rows, order and sizes drawn are those of the service's answer."""
    graph, picture = graph_of(page, served, number, run), drawn(page)
    place = {node["neuron"]: node for node in picture["nodes"]}
    assert sorted(place) == sorted(node["neuron"] for node in graph["nodes"])
    assert all(node["label"] == node["neuron"].rsplit("/", 1)[1] for node in picture["nodes"])
    layers = {layer["layer_index"]: layer["layer"] for layer in graph["layers"]}
    assert [row["layer"] for row in picture["rows"]] == [layers[index] for index in sorted(layers, reverse=True)]
    heights = [row["y"] for row in picture["rows"]]
    assert heights == sorted(heights)
    for index, layer in layers.items():
        own = sorted((node for node in graph["nodes"] if node["layer_index"] == index), key=lambda node: node["slot"])
        boxes = [place[node["neuron"]] for node in own]
        [row] = [row for row in picture["rows"] if row["layer"] == layer]
        assert all(abs(box["y"] - row["y"]) < 16 for box in boxes)
        for left, right in itertools.pairwise(boxes):
            assert left["x"] + left["width"] / 2 < right["x"] - right["width"] / 2
    sizes_follow_strength(graph, place)
    assert picture["edges"] == len(graph["edges"])
    # A curve that leaves upwards and arrives from below is in its middle in the middle of its ends.
    middles = [
        (
            (place[edge["source"]]["x"] + place[edge["target"]]["x"]) / 2,
            (place[edge["source"]]["y"] + place[edge["target"]]["y"]) / 2,
        )
        for edge in graph["edges"]
    ]
    box = page.locator(".drawing canvas").bounding_box()
    assert box is not None
    corner = (box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    # One look: a browser warns of a canvas that is read again and again.
    assert inked(page, [*middles, corner]) == [True] * len(middles) + [False]


def sizes_follow_strength(graph: dict[str, Any], place: dict[str, Any]) -> None:
    known = all(item["share"] is not None for item in graph["nodes"] + graph["edges"])
    strength = {node["neuron"]: node["share" if known else "count"] for node in graph["nodes"]}
    sizes = sorted((strength[neuron], box["width"]) for neuron, box in place.items())
    assert sizes[0][1] < sizes[-1][1]
    assert all(one[1] <= other[1] + 0.2 for one, other in itertools.pairwise(sizes))


@pytest.mark.parametrize(("where", "run", "number"), CASES)
def test_what_is_drawn_is_what_the_service_answers(
    browser: Browser, request: pytest.FixtureRequest, where: str, run: str, number: int
) -> None:
    served: Serving = request.getfixturevalue(where)
    with opened(browser, f"{served.address}?run={run}&class={number}") as page:
        assert len(graph_of(page, served, number, run)["edges"]) >= 8
        same_as_the_service(page, served, number, run)


def test_a_class_of_which_only_counts_are_known_is_drawn_by_counts(browser: Browser, published_served: Serving) -> None:
    with opened(browser, f"{published_served.address}?class=294") as page:
        title(page, "brown bear")
        graph = graph_of(page, published_served, 294)
        assert {node["share"] for node in graph["nodes"]} == {None}
        assert len(graph["nodes"]) == 57
        assert len(graph["edges"]) == 176
        same_as_the_service(page, published_served, 294)
        page.get_by_role("button", name="Neurons", exact=True).click()
        expect(page.locator("thead")).not_to_contain_text("Share")


# Goes from class to class as links do, and compares what is drawn with what the service answers: the same neurons; rows
# with the last layer on top, in each the order of the slots; tiles as large as their counts say (TILE is the least and
# the most); as many edges, and paint in the middle of each; a picture for each neuron that has one.
LOOK_AT_CLASSES = """
async ([first, end, TILE]) => {
  const sum = { wrong: [], neurons: 0, edges: 0, pictures: 0 };
  const box = (element) => element.getBoundingClientRect();
  const grows = (values) => values.every((value, at) => at === 0 || value > values[at - 1]);
  const read = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const isPainted = (canvas, places) => {
    Object.assign(read.canvas, { width: canvas.width, height: canvas.height });
    read.drawImage(canvas, 0, 0);
    const { left, top } = box(canvas);
    return places.every(({ x, y }) => {
      const { data } = read.getImageData(Math.round(x - left) - 1, Math.round(y - top) - 1, 3, 3);
      return data.some((value, at) => at % 4 === 3 && value > 0);
    });
  };
  const isSame = (graph, canvas) => {
    const groups = [...document.querySelectorAll(".node")];
    const names = groups.map((one) => one.dataset.neuron).sort();
    const wanted = graph.nodes.map((node) => node.neuron).sort();
    if (JSON.stringify(names) !== JSON.stringify(wanted)) return false;
    const tiles = new Map(groups.map((one) => [one.dataset.neuron, box(one.querySelector("rect"))]));
    const middle = (neuron) => {
      const { left, top, width, height } = tiles.get(neuron);
      return { x: left + width / 2, y: top + height / 2 };
    };
    const layers = [...graph.layers].sort((one, other) => other.layer_index - one.layer_index);
    const labels = [...document.querySelectorAll(".row-label")];
    const rows = layers.map(({ layer }) => labels.find((label) => label.dataset.layer === layer));
    const inRows = layers.every(({ layer_index }, at) => {
      const own = graph.nodes.filter((node) => node.layer_index === layer_index);
      const ys = own.map((node) => middle(node.neuron).y);
      const xs = own.sort((one, other) => one.slot - other.slot).map((node) => tiles.get(node.neuron).left);
      const label = box(rows[at].querySelector(".layer"));
      return grows(xs) && ys.every((y) => Math.abs(y - label.top - label.height / 2) < 16);
    });
    const most = Math.max(...graph.nodes.map((node) => node.count));
    const units = graph.nodes.map((node) => tiles.get(node.neuron).width
      / (TILE.least + (TILE.most - TILE.least) * Math.sqrt(node.count / most)));
    const sized = Math.max(...units) < 1.01 * Math.min(...units);
    // A curve that leaves upwards and arrives from below is in its middle in the middle of its ends.
    const middles = graph.edges.map(({ source, target }) => {
      const [one, other] = [middle(source), middle(target)];
      return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
    });
    const { right, bottom } = box(canvas);
    return labels.length === rows.length && grows(rows.map((row) => box(row).top)) && inRows && sized
      && Number(canvas.dataset.edges) === graph.edges.length && isPainted(canvas, middles)
      && !isPainted(canvas, [{ x: right - 5, y: bottom - 5 }]);
  };
  for (let number = first; number < end; number++) {
    history.pushState(null, "", `?class=${number}`);
    dispatchEvent(new PopStateEvent("popstate"));
    const graph = await (await fetch(`api/v1/graph?class=${number}`)).json();
    const isThere = () => document.querySelector(".title p")?.textContent.includes(`No. ${number}`)
      && document.body.getAttribute("aria-busy") === "false";
    while (!isThere()) {
      if (document.querySelector(".message")) throw new Error(document.querySelector(".message").textContent);
      await new Promise(requestAnimationFrame);
    }
    const canvas = document.querySelector(".drawing canvas");
    const pictures = graph.nodes.filter((node) => node.pictures !== null).length;
    // Drawn in the frame in which the atlas is there, with the places of that frame.
    while (Number(canvas.dataset.pictures) !== pictures) await new Promise(requestAnimationFrame);
    if (!isSame(graph, canvas) || document.querySelectorAll(".node.seen").length !== pictures) sum.wrong.push(number);
    sum.neurons += graph.nodes.length;
    sum.edges += graph.edges.length;
    sum.pictures += pictures;
  }
  return sum;
}
"""
TILE = {"least": 26, "most": 62}
"""Side of the smallest and the largest tile, in pixels at the first zoom's unit."""


@pytest.mark.long
def test_every_published_graph_is_drawn_whole_with_its_pictures(
    browser: Browser, whole_published_served: Serving, evidence: Section
) -> None:
    all_of = dict.fromkeys(("neurons", "edges", "pictures"), 0)
    with opened(browser, f"{whole_published_served.address}?class=0") as page:
        for first in range(0, 1000, 100):
            found = page.evaluate(LOOK_AT_CLASSES, [first, first + 100, TILE])
            assert found["wrong"] == []
            for kind in all_of:
                all_of[kind] += found[kind]
        title(page, "toilet tissue")
    assert (all_of["neurons"], all_of["edges"]) == (57_923, 202_479)
    assert all_of["pictures"] == all_of["neurons"]
    figures = ", ".join(f"{count:,} {kind}" for kind, count in all_of.items())
    evidence.record(
        "Summit's 1,000 published graphs in the browser",
        "neurons, rows, order, sizes, edges and pictures as the service answers them",
        f"1,000 classes ({figures}): 0 differ",
    )


def test_pointing_at_a_neuron_lights_its_inputs_and_outputs_and_opens_its_card(
    browser: Browser, served: Serving
) -> None:
    with opened(browser, f"{served.address}?class=4") as page:
        graph = graph_of(page, served, 4)
        targets = {edge["target"] for edge in graph["edges"]}
        neuron = next(edge["source"] for edge in graph["edges"] if edge["source"] in targets)
        page.hover(f'.node[data-neuron="{neuron}"]')
        inputs = {edge["source"] for edge in graph["edges"] if edge["target"] == neuron}
        outputs = {edge["target"] for edge in graph["edges"] if edge["source"] == neuron}
        read = "nodes => nodes.map(node => node.dataset.neuron)"
        expect(page.locator(".node.pointed")).to_have_count(1)
        expect(page.locator(".node.input")).to_have_count(len(inputs))
        assert set(page.eval_on_selector_all(".node.input", read)) == inputs
        assert set(page.eval_on_selector_all(".node.output", read)) == outputs
        node = next(node for node in graph["nodes"] if node["neuron"] == neuron)
        card = page.locator(".card")
        expect(card).to_contain_text(neuron)
        expect(card.locator("dd").first).to_have_text(str(node["count"]))
        expect(card).to_contain_text(f"{len(inputs)} input")
        expect(card).to_contain_text("importance")
        page.mouse.move(5, 500)
        expect(card).to_have_count(0)
        expect(page.locator(".node.input")).to_have_count(0)


def test_pointing_at_an_edge_lights_both_ends(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        place = {node["neuron"]: node for node in drawn(page)["nodes"]}
        source, target = place["layer1.0/1"], place["layer1.1/1"]
        page.mouse.move((source["x"] + target["x"]) / 2 + 1, (source["y"] + target["y"]) / 2)
        expect(page.locator(".card")).to_contain_text("layer1.0/1 → layer1.1/1")
        expect(page.locator(".node.pointed")).to_have_count(2)
        read = "nodes => nodes.map(node => node.dataset.neuron)"
        assert set(page.eval_on_selector_all(".node.pointed", read)) == {"layer1.0/1", "layer1.1/1"}


def test_the_tables_say_the_same_as_the_picture(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=4&shows=neurons") as page:
        graph = graph_of(page, served, 4)
        rows = [row.split("\t") for row in page.locator(".graph tbody tr").all_inner_texts()]
        assert {row[0]: int(row[2]) for row in rows} == {node["neuron"]: node["count"] for node in graph["nodes"]}
        page.get_by_role("button", name="Edges", exact=True).click()
        expect(page.locator(".graph thead")).to_contain_text("From")
        rows = [row.split("\t") for row in page.locator(".graph tbody tr").all_inner_texts()]
        wanted = sorted((edge["source"], edge["target"], edge["count"]) for edge in graph["edges"])
        assert sorted((row[0], row[1], int(row[2])) for row in rows) == wanted
        for _ in range(2):
            page.locator("thead button", has_text="Count").click()
        expect(page.locator("thead th", has_text="Count")).to_have_attribute("aria-sort", "ascending")
        column = [int(row.split("\t")[2]) for row in page.locator(".graph tbody tr").all_inner_texts()]
        assert column == sorted(column)


def test_the_sliders_take_neurons_away_and_move_rows_and_columns(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        graph, before = graph_of(page, real_served, 3, "resnet20"), drawn(page)
        shares = sorted(node["share"] for node in graph["nodes"])
        least = shares[len(shares) // 2]
        page.get_by_label("Least share").fill(str(least))
        left = {node["neuron"] for node in graph["nodes"] if node["share"] >= least}
        expect(page.locator(".node")).to_have_count(len(left))
        assert {node["neuron"] for node in drawn(page)["nodes"]} == left
        kept = [edge for edge in graph["edges"] if {edge["source"], edge["target"]} <= left]
        assert drawn(page)["edges"] == len(kept)
        page.get_by_role("button", name="As at first").click()
        expect(page.locator(".node")).to_have_count(len(graph["nodes"]))
        page.get_by_role("slider", name="Importance").fill("0.5")
        expect(page.locator(".graph-heading")).to_contain_text(f"of {len(graph['nodes'])} neurons")
        page.get_by_role("button", name="As at first").click()
        expect(page.locator(".node")).to_have_count(len(graph["nodes"]))
        middles = [node["x"] for node in before["nodes"]]
        page.get_by_role("slider", name="Columns").fill("2.5")
        settled(page)
        spread = [node["x"] for node in drawn(page)["nodes"]]
        assert max(spread) - min(spread) > 1.5 * (max(middles) - min(middles))
        assert "columns=2.5" in page.url


def test_the_picture_is_moved_zoomed_and_shown_whole_again(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        before = {node["neuron"]: node for node in drawn(page)["nodes"]}
        name, node = next(iter(before.items()))
        tile = f'.node[data-neuron="{name}"] rect'
        page.mouse.move(600, 700)
        page.mouse.wheel(0, -400)
        # The wheel's event comes when the browser wants it to.
        wider = "([tile, least]) => document.querySelector(tile).getBoundingClientRect().width > least"
        page.wait_for_function(wider, arg=[tile, 1.3 * node["width"]])
        settled(page)
        nearer = {one["neuron"]: one for one in drawn(page)["nodes"]}
        page.mouse.down()
        page.mouse.move(660, 720, steps=3)
        page.mouse.up()
        settled(page)
        moved = {one["neuron"]: one for one in drawn(page)["nodes"]}
        assert abs(moved[name]["x"] - nearer[name]["x"] - 60) < 2
        assert abs(moved[name]["y"] - nearer[name]["y"] - 20) < 2
        page.get_by_role("button", name="Show the whole graph").click()
        settled(page)
        again = {one["neuron"]: one for one in drawn(page)["nodes"]}
        assert all(abs(again[one]["x"] - before[one]["x"]) < 1 for one in before)
