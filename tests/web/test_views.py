"""Classes, layers, pins and neuron pages: each is found, chosen, and kept in the address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.serving import Serving
from tests.web.page import drawn, opened, rows_of, settled, title


def listed(page: Page) -> list[str]:
    """The names in the list, as far as they are in the document, from above."""
    rows = page.locator(".class-space .class-row")
    found: list[tuple[int, str]] = rows.evaluate_all(
        "rows => rows.map(row => [Number(row.ariaPosInSet), row.querySelector('.name').textContent])"
    )
    return [name for _, name in sorted(found)]


def test_the_bar_on_top_says_which_run_and_how_large_it_is(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20") as page:
        sizes = page.locator(".sizes").inner_text().split()
        assert sizes == ["10", "classes", "1,000", "images", "336", "neurons"]
        expect(page.get_by_label("Run")).to_have_value("resnet20")


def test_a_class_is_found_by_part_of_its_name_and_the_view_is_in_the_address(browser: Browser, served: Serving) -> None:
    with opened(browser, served.address) as page:
        title(page, "tench")
        expect(page).to_have_url(re.compile(r"\?run=small&class=0$"))
        page.get_by_role("searchbox").fill("n BEA")
        expect(page.locator(".class-space .class-row")).to_have_count(1)
        page.keyboard.press("Enter")
        title(page, "brown bear")
        settled(page)
        expect(page.get_by_role("searchbox")).to_have_value("")
        neuron = page.locator(".node").first.get_attribute("data-neuron")
        page.locator(".node").first.click()
        expect(page).to_have_url(re.compile(f"class=4&pin={neuron}$"))
        there = page.url
        page.go_back()
        page.go_back()
        title(page, "tench")
        page.go_forward()
        title(page, "brown bear")
        page.go_forward()
        expect(page).to_have_url(there)
        expect(page.locator(".node.pinned")).to_have_attribute("data-neuron", str(neuron))


def test_an_address_opens_the_view_that_its_sender_saw(browser: Browser, real_served: Serving) -> None:
    chosen = "?run=resnet20&class=5&layer=layer2.0&pin=layer3.1/49&search=d"
    asked = f"{chosen}&sort=accuracy-up&theme=dark&least=0.1&mass=0.9&rows=1.5"
    with opened(browser, real_served.address + asked) as page:
        title(page, "dog")
        expect(page.get_by_role("radio", name="layer2.0")).to_be_checked()
        expect(page.locator(".pin h3")).to_contain_text("layer3.1/49")
        expect(page.get_by_role("searchbox")).to_have_value("d")
        # The selected class stands above the list.
        assert sorted(listed(page)) == ["bird", "deer"]
        expect(page.get_by_label("Least share")).to_have_value("0.1")
        expect(page.get_by_role("slider", name="Rows")).to_have_value("1.5")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page).to_have_url(real_served.address + asked)
        there = drawn(page)
        page.reload()
        settled(page)
        assert drawn(page) == there


@pytest.mark.parametrize(
    ("sort", "query"),
    [("name", "classes?sort=name"), ("accuracy-down", "classes?sort=accuracy"), ("number", "classes")],
)
def test_the_list_has_the_services_order(browser: Browser, real_served: Serving, sort: str, query: str) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3&sort={sort}") as page:
        joint = "&" if "?" in query else "?"
        rows = rows_of(page, real_served, f"{query}{joint}run=resnet20")
        rows = [row for row in rows if row["name"] != "cat"]
        assert listed(page) == [row["name"] for row in rows]
        accuracies = page.locator(".class-space .class-row").evaluate_all(
            "rows => Object.fromEntries(rows.map(row =>"
            " ['.name', '.accuracy'].map(part => row.querySelector(part).textContent)))"
        )
        assert accuracies == {row["name"]: f"{100 * row['accuracy']:.1f}%" for row in rows}


def test_choosing_a_layer_sorts_by_similarity_there_and_moves_the_embedding(
    browser: Browser, real_served: Serving
) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        orders = {}
        for layer in ("layer1.2", "layer3.2"):
            page.get_by_role("radio", name=layer).click()
            expect(page).to_have_url(re.compile(f"layer={layer}"))
            settled(page)
            rows = rows_of(page, real_served, f"similar_classes?run=resnet20&class=3&layer={layer}&k=100")
            orders[layer] = [row["name"] for row in rows]
            expect(page.locator(".class-row.pinned .name")).to_have_text("cat")
            assert listed(page)[: len(rows)] == orders[layer]
            shown = page.locator(".class-space .class-row", has_text=orders[layer][0]).locator(".similarity .value")
            expect(shown).to_have_text(f"{100 * rows[0]['similarity']:.1f}%")
        assert orders["layer1.2"] != orders["layer3.2"]


def test_the_embedding_is_drawn_pointed_at_and_clicked(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3&places=table&layer=layer3.0") as page:
        wanted = {row["name"]: row for row in rows_of(page, real_served, "class_positions?run=resnet20&layer=layer3.0")}
        rows = [row.split("\t") for row in page.locator(".embedding tbody tr").all_inner_texts()]
        assert {row[1]: (row[2], row[3]) for row in rows} == {
            name: (f"{row['x']:.3f}", f"{row['y']:.3f}") for name, row in wanted.items()
        }
        page.get_by_role("button", name="Table").click()
        settled(page)
        box = page.locator(".embedding canvas").bounding_box()
        assert box is not None
        # One scale on both axes: the places in the picture follow from two of its measures.
        xs, ys = [row["x"] for row in wanted.values()], [row["y"] for row in wanted.values()]
        scale = min((box["width"] - 52) / (max(xs) - min(xs)), (box["height"] - 88) / (max(ys) - min(ys)))
        ship = wanted["ship"]
        x = box["x"] + box["width"] / 2 + (ship["x"] - (max(xs) + min(xs)) / 2) * scale
        y = box["y"] + box["height"] / 2 - (ship["y"] - (max(ys) + min(ys)) / 2) * scale
        page.mouse.move(x, y)
        expect(page.locator(".embedding canvas.at-point")).to_have_count(1)
        expect(page.locator(".class-row.pointed .name")).to_have_text("ship")
        page.mouse.click(x, y)
        title(page, "ship")


def test_a_class_pointed_at_in_the_list_is_marked_in_the_embedding(browser: Browser, real_served: Serving) -> None:
    picture = "document.querySelector('.embedding canvas').toDataURL()"
    with opened(browser, f"{real_served.address}?run=resnet20&class=3", reduced_motion="reduce") as page:
        page.mouse.move(5, 5)
        settled(page)
        page.evaluate(f"window.unmarked = {picture}")
        page.locator("#class-8").hover()
        page.wait_for_function(f"() => {picture} !== window.unmarked")
        page.mouse.move(5, 5)
        page.wait_for_function(f"() => {picture} === window.unmarked")


def test_a_long_list_is_scrolled_to_its_end_and_only_what_is_in_sight_is_in_the_document(
    browser: Browser, published_served: Serving
) -> None:
    with opened(browser, f"{published_served.address}?class=0&sort=number") as page:
        assert page.locator(".class-space .class-row").count() < 60
        page.locator(".class-box").focus()
        page.keyboard.press("End")
        expect(page.locator("#class-999")).to_be_in_viewport()
        assert page.locator(".class-space .class-row").count() < 60
        page.keyboard.press("Enter")
        title(page, "toilet tissue")


def test_names_are_shown_as_they_are_and_duplicates_told_apart(browser: Browser, served: Serving) -> None:
    with opened(browser, f"{served.address}?class=7") as page:
        title(page, "O'Brien's \"dog\" \\ ärm <b>, \N{ARABIC LETTER ALEF}")
        page.get_by_role("searchbox").fill("crane")
        expect(page.locator(".class-space .class-row")).to_have_count(2)
        numbers = page.locator(".class-space .number").all_inner_texts()
        assert sorted(numbers) == ["1", "2"]
        page.locator("#class-2").click()
        expect(page).to_have_url(re.compile("class=2&"))
        page.get_by_role("searchbox").fill("zzz")
        expect(page.locator(".class-box")).to_contain_text("No other class has")


def test_a_pinned_neuron_shows_its_chains_and_the_other_classes_that_use_it(
    browser: Browser, real_served: Serving
) -> None:
    neuron = "layer2.1/14"
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        page.locator(f'.node[data-neuron="{neuron}"]').click()
        settled(page)
        asked = f"widest_paths?run=resnet20&class=3&k=3&source={neuron}"
        chains = [row["chain"] for row in rows_of(page, real_served, asked)]
        shown = page.locator(".chains").nth(1).locator(".chain").all_inner_texts()
        assert [chain.split(" → ") for chain in shown] == chains
        others = [row["name"] for row in rows_of(page, real_served, f"neuron_classes?run=resnet20&neuron={neuron}")]
        others.remove("cat")
        assert page.locator(".links a").all_inner_texts() == others
        page.locator(".links a").first.click()
        title(page, others[0])
        expect(page.locator(".pin h3")).to_contain_text(neuron)
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Open neuron page").click()
        title(page, neuron)
        rows = page.get_by_label("Classes that use the neuron").locator("tbody tr")
        expect(rows).to_have_count(len(others) + 1)
        page.get_by_role("link", name="Back to the graph").click()
        title(page, others[0])


def test_several_neurons_are_pinned_with_control(browser: Browser, real_served: Serving) -> None:
    with opened(browser, f"{real_served.address}?run=resnet20&class=3") as page:
        page.locator(".node").nth(2).click()
        page.locator(".node").nth(5).click(modifiers=["Control"])
        expect(page.locator(".pin")).to_have_count(2)
        expect(page.locator(".node.pinned")).to_have_count(2)
        page.get_by_role("button", name="Let go of all").click()
        expect(page.locator(".pin")).to_have_count(0)


def test_another_run_is_chosen_and_one_without_shares_says_counts(
    browser: Browser, serve: Any, two_runs_path: Any
) -> None:
    with serve("--db", str(two_runs_path)) as served, opened(browser, f"{served.address}?run=small&class=4") as page:
        choice = page.get_by_label("Run")
        choice.select_option("countless")
        expect(page).to_have_url(re.compile(r"\?run=countless&class=0$"))
        settled(page)
        expect(page.get_by_label("Least count")).to_be_visible()
        expect(page.locator(".class-head")).not_to_contain_text("accuracy")
        page.go_back()
        title(page, "brown bear")
        expect(choice).to_have_value("small")


def test_a_service_of_small_pages_is_asked_for_all_of_them(browser: Browser, serve: Any, store_path: Any) -> None:
    with serve("--db", str(store_path), "--maximum-rows", "2") as served, opened(browser, served.address) as page:
        expect(page.get_by_role("searchbox")).to_have_attribute("placeholder", "Search 6 classes")
        expect(page.get_by_role("radio")).to_have_count(4)
        assert sorted(listed(page)) == sorted(row["name"] for row in all_classes(page, served) if row["class"] != 0)


def all_classes(page: Page, served: Serving) -> list[dict[str, Any]]:
    """The classes, page by page."""
    rows: list[dict[str, Any]] = []
    more = ""
    while True:
        answer = page.request.get(f"{served.address}api/v1/queries/classes?{more}").json()
        rows += answer["rows"]
        if answer["next"] is None:
            return rows
        more = f"page={answer['next']}"


def test_the_page_works_under_a_path_of_a_proxy(browser: Browser, serve: Any, store_path: Any) -> None:
    with serve("--db", str(store_path), "--root-path", "/summit") as served:
        root = re.sub(r"(https?://[^/]+)/.*", r"\1", served.address)
        with opened(browser, f"{root}/summit/?class=4") as page:
            title(page, "brown bear")
