"""The page in a real browser: nothing asked of the network, no complaint, no sideways scroll, dark where wanted."""

import pytest

from shrinkwise.report import write_page
from tests.report.chromium import tab
from tests.report.conftest import report_on
from tests.result.networks import network_grid

OVERFLOW = """[...document.querySelectorAll('body *')].filter(element =>
    !element.closest('.scroll, svg') && element.getBoundingClientRect().right > innerWidth + 1
).map(element => element.outerHTML.slice(0, 80))"""
SHOWN = """[...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width)
    .map(svg => svg.getAttribute('class').split(' ')[0])"""
SMALLEST = """Math.min(...[...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height)
    .filter(height => height))"""
OVERLAP = """(() => {
    const boxes = [...document.querySelectorAll('svg text.name')].map(text => text.getBoundingClientRect())
        .filter(box => box.width).sort((a, b) => a.top - b.top);
    return boxes.slice(1).filter((box, rank) => box.top - boxes[rank].top < 8).length;
})()"""
HIDDEN = "all => all.length && all.every(node => getComputedStyle(node).display === 'none')"
PAPER = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def pages(tmp_path_factory, diabetes, hostile, cancer, iris, crowd):
    folder, paths = tmp_path_factory.mktemp("pages"), {}
    results = {"diabetes": diabetes, "hostile": hostile, "cancer": cancer, "iris": iris, "crowd": crowd}
    results["network"] = network_grid(p=64, strengths=12, names=hostile.feature_names)
    for name, result in results.items():
        paths[name] = folder / f"{name}.html"
        write_page(paths[name], report_on(result, title=f"<script>{name}", source="s" * 400))
    return paths


@pytest.mark.parametrize("script", [True, False])
def test_the_page_works_offline_at_every_width(browser, pages, script):
    for path in pages.values():
        with tab(browser, path, java_script_enabled=script) as page:
            for width in (320, 360, 681, 1000):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.evaluate(OVERFLOW) == []
                assert set(page.evaluate(SHOWN)) == {"narrow" if width <= 680 else "wide"}
                assert page.evaluate(OVERLAP) == 0
                assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.verdict')).fontSize)") >= 19


def test_without_script_all_can_be_read_and_nothing_waits_for_it(browser, pages, diabetes):
    report = report_on(diabetes)
    with tab(browser, pages["diabetes"], java_script_enabled=False) as page:
        assert page.locator(".verdict").inner_text().startswith(report.verdict.sentence.partition(":")[0])
        names = page.locator("#coefficients tbody th").all_inner_texts()
        assert names == [diabetes.feature_names[column] for column in report.kept]
        assert page.locator("input:visible, button:visible, select:visible, output:visible").count() == 0
        assert page.eval_on_selector_all(".cursor", HIDDEN)
        for numbers in page.locator("figure details").all():
            assert not numbers.locator("table").is_visible()
            numbers.locator("summary").click()
            assert numbers.locator("table").is_visible()


def test_text_in_figures_is_large_enough_to_read(browser, pages):
    for width in (360, 681, 1000):
        with tab(browser, pages["diabetes"], width=width) as page:
            assert page.evaluate(SMALLEST) >= 12


def test_dark_mode_is_dark_and_print_is_light(browser, pages):
    seen = {}
    for dark in (False, True):
        with tab(browser, pages["diabetes"], dark=dark) as page:
            seen[dark] = page.screenshot(), page.evaluate(PAPER)
    assert seen[False][0] != seen[True][0]
    assert (seen[False][1], seen[True][1]) == ("rgb(255, 255, 255)", "rgb(19, 23, 27)")
    with tab(browser, pages["diabetes"], dark=True, media="print") as page:
        assert page.evaluate(PAPER) == seen[False][1]


def test_print_shows_the_chosen_model_and_no_control(browser, pages):
    with tab(browser, pages["diabetes"]) as page:
        chosen = page.locator("#coefficients").inner_text()
        page.locator("#strength").press("End")
        assert page.locator("#coefficients").inner_text() != chosen
        assert page.pdf().startswith(b"%PDF")
        assert page.locator("#coefficients").inner_text() == chosen
        page.emulate_media(media="print")
        assert page.locator("input:visible, button:not(.sort):visible, select:visible, output:visible").count() == 0
        assert page.eval_on_selector_all(".cursor", HIDDEN)
        assert page.locator("details:not([open]):visible, .omitted:visible").count() == 0


def test_the_keyboard_reaches_slider_tables_paths_and_details(browser, pages):
    with tab(browser, pages["diabetes"], width=360) as page:
        reached = []
        for _ in range(30):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.tagName"))
        assert {"DIV", "SUMMARY", "INPUT", "SELECT", "BUTTON", "path"} <= set(reached)
        assert reached.count("path") == 1  # one stop for all paths; arrows go on


def test_only_the_script_of_the_page_may_run(browser, pages, tmp_path):
    evil = tmp_path / "evil.html"
    text = pages["diabetes"].read_text(encoding="utf-8")
    evil.write_text(text.replace("<main>", "<main><script>document.title = 'run'</script>", 1), encoding="utf-8")
    with tab(browser, evil) as page:
        assert page.title() != "run"
        assert page.locator(".strength").is_visible()
        assert len(page.complaints) == 1
        assert "Content Security Policy" in page.complaints.pop()
